"""Consensus that decides and never acts."""
