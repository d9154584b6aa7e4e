"""A bucket that a tenant brings along, as its settings describe it."""

import socket
from urllib.parse import urlsplit

from pbe.errors import StoreError
from pbe.net.outbound import is_public
from pbe.objects.s3 import S3Place, S3Store
from pbe.tenant.settings import Document
from pbe.tenant.tenant import Tenant


async def own_store(tenant: Tenant, s3: Document) -> S3Store:
    """The store of an S3 section. Raises `StoreError` for an endpoint that the node does not let tenants reach."""
    await check_endpoint(tenant, s3)
    place = S3Place(
        bucket=s3["bucket"],
        endpoint=_endpoint(s3),
        region=s3["region"],
        access_key=s3["accessKey"],
        secret_key=s3["secret"],
    )
    return await tenant.workers.run(S3Store, place, tenant.workers)


async def check_endpoint(tenant: Tenant, s3: Document) -> None:
    """Raises `StoreError` for an endpoint that the node does not let tenants reach."""
    outbound = tenant.services.outbound
    if outbound is None or not outbound.allow_private:
        await tenant.workers.run(_check_public, _endpoint(s3))


def _endpoint(s3: Document) -> str:
    return s3["endpoint"] if "://" in s3["endpoint"] else f"https://{s3['endpoint']}"


def _check_public(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    try:
        found = socket.getaddrinfo(parts.hostname or "", parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise StoreError("reach a tenant's bucket", endpoint, hint=f"no such host: {error}") from error
    if not found or not all(is_public(str(entry[4][0])) for entry in found):
        raise StoreError("reach a tenant's bucket", endpoint, hint="not a public address")
