"""SQLite's WAL, page sets, LTX files, and the plans for compaction and restore."""
