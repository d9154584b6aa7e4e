"""Tokens of records: issued for one, and the record found by one.

A session's token that was verified is remembered (`token_cache`). What is remembered dies with its expiry, with the
collection (any change of it), and with the record's token key; a record is read anew once the database was written to.
"""

from typing import Any

from pbe.tenant import token
from pbe.tenant.record import Record
from pbe.tenant.record_read import find
from pbe.tenant.tenant import Tenant
from pbe.tenant.token import TokenInvalid
from pbe.tenant.token_cache import Verified
from pbe.tenant.unit import Unit


def issue(tenant: Tenant, record: Record, kind: str = token.AUTH, *, duration_s: int = 0, **claims: Any) -> str:
    """A new token of `record`, valid for `duration_s` or, where that is 0, as long as its collection says."""
    options = record.collection.options[token.SECRET_OPTIONS[kind]]
    said = {"type": kind, "id": record.id, "collectionId": record.collection.id, **claims}
    expires = int(tenant.now() + (duration_s if duration_s > 0 else options["duration"]))
    return token.sign(said, _key(record, kind), expires)


def issue_auth(tenant: Tenant, record: Record) -> str:
    """A session's token, which can be refreshed."""
    return issue(tenant, record, refreshable=True)


async def find_by_token(unit: Unit, text: str, kind: str) -> Record:
    """The auth record that `text` was issued for. Raises TokenInvalid for anything but a valid token of that kind."""
    now = unit.tenant.now()
    claims = token.parse_unverified(text, now)
    record_id, collection_id, said = claims.get("id"), claims.get("collectionId"), claims.get("type")
    if not (isinstance(record_id, str) and record_id and isinstance(collection_id, str) and collection_id):
        raise TokenInvalid("no id or collectionId")
    if said != kind:
        raise TokenInvalid(f"not of type {kind}")
    collection = unit.tenant.catalog.collection(collection_id)
    if collection is None or not collection.is_auth:
        raise TokenInvalid("no such auth collection")
    record = await find(unit, collection, record_id)
    if record is None:
        raise TokenInvalid("no such record")
    token.verify(text, _key(record, kind), now)
    return record


def claim(tenant: Tenant, text: str, name: str) -> str:
    """A text claim of a token that need not be genuine; "" where it has none or cannot be read."""
    try:
        value = token.parse_unverified(text, tenant.now()).get(name)
    except TokenInvalid:
        return ""
    return value if isinstance(value, str) else ""


def is_refreshable(tenant: Tenant, text: str) -> bool:
    """Whether a token says that it may be exchanged for a newer one."""
    try:
        return bool(token.parse_unverified(text, tenant.now()).get("refreshable"))
    except TokenInvalid:
        return False


def _key(record: Record, kind: str) -> str:
    return str(record.get("tokenKey")) + str(record.collection.options[token.SECRET_OPTIONS[kind]]["secret"])


async def authenticate(tenant: Tenant, text: str) -> Record | None:
    """The record whose valid session token `text` is, a copy of the caller's own; None for anything else."""
    cache = tenant.tokens
    entry = cache.get(text)
    if entry is not None:
        record = await _still(tenant, entry)
        if record is not None:
            return record.fresh()
        cache.drop(text)
    generation = tenant.data.generation
    try:
        record = await find_by_token(Unit(tenant), text, token.AUTH)
        expires = token.expires(token.parse_unverified(text, tenant.now()))
    except TokenInvalid:
        return None
    cache.keep(text, Verified(record, generation, expires))
    return record.fresh()


async def _still(tenant: Tenant, entry: Verified) -> Record | None:
    """The entry's record as it is now, if the token still speaks for it."""
    before: Record = entry.record
    collection = before.collection
    if tenant.now() >= entry.expires or tenant.catalog.collection(collection.id) is not collection:
        return None
    generation = tenant.data.generation
    if entry.generation == generation:
        return before
    record = await find(Unit(tenant), collection, before.id)
    if record is None or record.get("tokenKey") != before.get("tokenKey"):
        return None
    entry.record, entry.generation = record, generation
    return record
