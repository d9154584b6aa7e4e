__all__ = ["LEAVES", "crc64", "ltxfile", "lz4block", "pagediff", "walframe"]

LEAVES: tuple[str, ...]
