"""A provider's picture of its user, fetched from wherever the provider says it is."""

import io
from typing import IO
from urllib.parse import unquote, urlsplit

from pbe.errors import NetError
from pbe.tenant.log import WARN
from pbe.tenant.tenant import Tenant
from pbe.tenant.upload import NewFile

BYTES_MAX = 32 * 1024 * 1024
FETCH_S = 10
HEAD_BYTES = 4096


class _Fetched:
    """A picture in memory, as an upload."""

    def __init__(self, filename: str, data: bytes) -> None:
        self.filename = filename
        self.size = len(data)
        self.head = data[:HEAD_BYTES]
        self._data = data

    def read(self) -> bytes:
        """The whole content."""
        return self._data

    def open(self) -> IO[bytes]:
        """The content as a file at its beginning."""
        return io.BytesIO(self._data)


async def fetch(tenant: Tenant, url: str) -> NewFile | None:
    """The picture; None, and a line in the log, where it cannot be had. Only ever of a public address."""
    outbound = tenant.services.outbound
    if not url or outbound is None:
        return None
    try:
        reply = await outbound.call("GET", url, reply_bytes_max=BYTES_MAX, timeout_s=FETCH_S, public_only=True)
    except (NetError, ValueError) as error:
        tenant.log.write(WARN, "Failed to retrieve OAuth2 avatar", {"error": str(error)})
        return None
    if not 200 <= reply.status < 400:
        tenant.log.write(WARN, "Failed to retrieve OAuth2 avatar", {"error": f"status {reply.status}"})
        return None
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or "avatar"
    return NewFile(_Fetched(name, reply.body), tenant.services.random_bytes)
