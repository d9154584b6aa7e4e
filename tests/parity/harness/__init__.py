"""Runs the same requests against the real PocketBase and against pbe, and compares what a client reads."""
