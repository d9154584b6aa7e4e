"""pbe hosts many PocketBase backends on disposable machines."""

__version__ = "0.1.0"
