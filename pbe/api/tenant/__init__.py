"""The PocketBase API that a tenant's clients speak."""
