"""Drives the raft core over storage and net, and applies what is committed to the fleet."""
