"""Metrics and logs of the process itself."""
