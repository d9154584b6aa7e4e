"""Ships every tenant's commits to the object store and brings them back."""
