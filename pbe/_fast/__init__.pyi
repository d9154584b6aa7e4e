LEAVES: tuple[str, ...]
