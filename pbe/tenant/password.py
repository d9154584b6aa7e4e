"""Hashing and checking passwords by bcrypt, on a worker: one takes the processor for tens of milliseconds."""

import bcrypt

from pbe.schema.field_password import BCRYPT_BYTES_MAX
from pbe.storage.workers import Runs


async def hash_password(workers: Runs, plain: str, cost: int) -> str:
    """The bcrypt hash of `plain` (72 bytes at most), as the stock server writes it."""
    return await workers.run(_hash, plain.encode(), cost)


async def password_matches(workers: Runs, plain: str, hashed: str) -> bool:
    """Whether `hashed` is a hash of `plain`; False for what is no hash or cannot be a password."""
    raw = plain.encode()
    if not raw or not hashed or len(raw) > BCRYPT_BYTES_MAX:
        return False
    return await workers.run(_check, raw, hashed.encode())


def _hash(plain: bytes, cost: int) -> str:
    return bcrypt.hashpw(plain, bcrypt.gensalt(cost, prefix=b"2a")).decode()


def _check(plain: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(plain, hashed)
    except ValueError:
        return False
