"""The API that operators of the platform speak."""
