from collections.abc import Callable
from typing import Any

TEXT: int
NUMBER: int
BOOL: int
JSON: int
LIST: int
DATE: int
POINT: int
WORD: int
SKIP: int
NO_GUARD: int

class Failure(Exception):
    code: int
    message: str
    def __init__(self, code: int, message: str) -> None: ...

class Plan:
    def __init__(
        self,
        prefix: bytes,
        columns: tuple[tuple[bytes, int, int], ...],
        suffix: bytes,
        fallback: Callable[[int, Any], bytes],
    ) -> None: ...

class Rows:
    def __init__(self, connection: Any, statements_max: int) -> None: ...
    def query(self, sql: str, params: Any, plan: Plan, release: bool = False) -> tuple[bytes, int]: ...
    def apart(
        self, sql: str, params: Any, plan: Plan, captured: tuple[int, ...], release: bool = False
    ) -> list[tuple[bytes, tuple[Any, ...]]]: ...
    def each(self, sql: str, keys: list[str], plan: Plan, release: bool = False) -> list[bytes | None]: ...
    def close(self) -> None: ...

def load(connection: Any) -> None: ...
