"""Bytes to messages and back, at any chunking."""
