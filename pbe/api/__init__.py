"""The HTTP interfaces, one file per endpoint family: parse, call, shape."""
