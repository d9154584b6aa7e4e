"""Where a tenant's uploaded files are: on the platform, or in the bucket that its settings name.

A bucket of its own holds what the stock server would put there, under the same keys. It is reached by the rules for
connections that tenants choose, which are asked again every CHECK_S, since a name may lead elsewhere by then. Files are
not carried over when the setting changes.
"""

from pbe.errors import StoreError
from pbe.objects.s3 import S3Store
from pbe.tenant.own_store import check_endpoint, own_store
from pbe.tenant.settings import Document
from pbe.tenant.tenant import Tenant

CHECK_S = 60.0


class OwnPlace:
    """The bucket of one S3 section, opened at its first use."""

    def __init__(self, tenant: Tenant, s3: Document) -> None:
        self.s3 = s3
        self._tenant = tenant
        self._store: S3Store | None = None
        self._checked = float("-inf")
        self._closed = False

    async def store(self) -> S3Store:
        """The bucket. Raises `StoreError` where the node does not let tenants reach it."""
        now = self._tenant.clock.seconds()
        if self._store is None:
            opened = await own_store(self._tenant, self.s3)
            if self._store is not None or self._closed:
                opened.close()
            else:
                self._store, self._checked = opened, now
        elif now - self._checked >= CHECK_S:
            await check_endpoint(self._tenant, self.s3)
            self._checked = now
        if self._store is None:
            raise StoreError("open a tenant's bucket", self.s3["bucket"], hint="its settings have changed")
        return self._store

    def close(self) -> None:
        """Let its connections go."""
        self._closed = True
        if self._store is not None:
            self._store.close()
            self._store = None


def install(tenant: Tenant) -> None:
    """Let the files of a tenant that was just opened follow its settings."""
    place: list[OwnPlace] = []

    async def leave() -> None:
        while place:
            place.pop().close()

    def follow() -> None:
        files, s3 = tenant.files, tenant.settings.s3
        if files is None or (place and s3["enabled"] and place[0].s3 == s3):
            return
        while place:
            place.pop().close()
        files.own = None
        if s3["enabled"]:
            place.append(OwnPlace(tenant, dict(s3)))
            files.own = place[0].store

    follow()
    tenant.on_settings.append(follow)
    tenant.closing.append(leave)
