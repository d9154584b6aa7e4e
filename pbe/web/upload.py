"""An uploaded file: in memory while it is small, else in a temporary file that nobody can name."""

import tempfile
from typing import IO

MEMORY_BYTES_MAX = 256 * 1024
HEAD_BYTES = 4096


class UploadedFile:
    """One file of a form. Whoever bound the request owns it; it vanishes with `close` or the last reference.

    filename: as the client named it, without folders; not a safe name for anything. head: the first bytes, for telling
    its type.
    """

    __slots__ = ("_file", "content_type", "field", "filename", "head", "size")

    def __init__(self, field: str, filename: str, content_type: str) -> None:
        self.field = field
        self.filename = filename
        self.content_type = content_type
        self.size = 0
        self.head = b""
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX)  # noqa: SIM115

    def write(self, data: bytes) -> None:
        """Add a piece at the end."""
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]
        self.size += len(data)
        self._file.write(data)

    def read(self) -> bytes:
        """The whole content, in memory."""
        self._file.seek(0)
        data = self._file.read()
        self._file.seek(0, 2)
        return data

    def open(self) -> IO[bytes]:
        """The content as a file at its beginning; the same one each time, so one reader at a time."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Forget the content."""
        self._file.close()

    def __del__(self) -> None:
        self._file.close()

    def __repr__(self) -> str:
        return f"<UploadedFile {self.field}={self.filename!r} {self.size} bytes>"
