"""Finds a request's tenant and carries the request to the node that has it."""
