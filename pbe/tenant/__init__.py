"""One tenant's application: collections, records, auth, files, hooks. No HTTP here."""
