"""A tenant with a place for files, asked through its record and file routes."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from pbe.api.tenant import files
from pbe.objects.memory import MemoryStore
from pbe.schema.field_file import FileField
from pbe.schema.field_text import TextField
from pbe.storage.file_cache import FileCache
from pbe.tenant.file_store import FileHome, FileStore
from tests.kit.record_site import Answer, RecordSite
from tests.kit.workers import InlineWorkers

DOCS = "/api/collections/docs/records"
BOUNDARY = "xBOUNDARYx"


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """A multipart body of (field, file name or None, content)."""
    out = b""
    for field, name, data in parts:
        named = f'; filename="{name}"' if name is not None else ""
        out += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'.encode()
        out += data + b"\r\n"
    return out + f"--{BOUNDARY}--\r\n".encode()


def picture(form: str = "PNG", size: tuple[int, int] = (120, 80), mode: str = "RGB") -> bytes:
    """An image whose left half is red and whose lower half is blue."""
    image = Image.new(mode, size, (0, 255, 0, 255) if mode == "RGBA" else (0, 255, 0))
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    image.paste((0, 0, 255), (0, size[1] // 2, size[0], size[1]))
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


class FileSite(RecordSite):
    """Collection `docs` has `title`, `files` (several, with thumbs) and `secret` (protected)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "tenant", files.routes)
        self.store = MemoryStore(self.tenant.now)
        workers = InlineWorkers()
        self.cache = FileCache(folder / "cache", workers)
        self.tenant.files = FileStore("acme", FileHome(self.store, self.cache, workers))
        thumbs = ("0x50", "50x0", "40x20", "40x20t", "40x20b", "40x20f", "300x300")
        self.collection(
            "docs",
            TextField(name="title", max=10),
            FileField(name="files", max_select=20, max_size=5_000_000, thumbs=thumbs),
            FileField(name="secret", protected=True),
        )

    def upload(self, *parts: tuple[str, str | None, bytes], target: str = DOCS, method: str = "POST") -> Answer:
        """The answer to a multipart request."""
        kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.ask(method, target, form(*parts), headers=kind)

    def docs(self, *parts: tuple[str, str | None, bytes]) -> dict[str, Any]:
        """A record created with these parts."""
        answer = self.upload(*parts)
        assert answer.status == 200, answer.body
        return answer.json  # type: ignore[no-any-return]

    @property
    def keys(self) -> list[str]:
        """The objects that the tenant has, without what is common to all."""
        return sorted(key.removeprefix("tenants/acme/storage/") for key in self.store.objects)
