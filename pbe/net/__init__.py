"""Twisted protocols over the wire's frames."""
