"""Fakes that the tests share."""
