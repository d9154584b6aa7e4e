"""Object stores behind one interface: memory, a folder, S3."""
