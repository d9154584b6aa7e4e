"""LMDB, SQLite and the files beneath them."""
