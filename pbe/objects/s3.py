"""An object store in S3, or what speaks its language, by boto3.

boto3's client is safe for threads; each call blocks one of the workers it is given, which are its own, so that slow
uploads cannot starve the node's other work. boto3 itself never retries: whoever calls knows whether a second try is
safe. Content is checksummed by Content-MD5, which every store of this kind checks.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pbe.errors import ObjectMissing, PreconditionFailed, StoreError
from pbe.objects.store import Info, Infos, Object, Runs, check_key

CONNECTIONS_MAX = 64
CONNECT_S_MAX = 5
READ_S_MAX = 30
DELETE_KEYS_MAX = 1000
_MISSING = {"NoSuchKey", "404", "NotFound"}
_CONDITION = {"PreconditionFailed", "412"}


@dataclass(frozen=True, slots=True)
class S3Place:
    """Which bucket, how to reach it, and as whom; empty credentials mean boto3's usual chain of sources."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = ""


class S3Store:
    """The objects of `place`, whose prefix is in front of every key."""

    layout = "s3"

    def __init__(self, place: S3Place, workers: Runs) -> None:
        self._bucket = place.bucket
        self._prefix = f"{place.prefix.strip('/')}/" if place.prefix.strip("/") else ""
        self._workers = workers
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=place.endpoint or None,
            region_name=place.region,
            aws_access_key_id=place.access_key or None,
            aws_secret_access_key=place.secret_key or None,
            config=Config(
                max_pool_connections=CONNECTIONS_MAX,
                connect_timeout=CONNECT_S_MAX,
                read_timeout=READ_S_MAX,
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if place.endpoint else "auto"},
            ),
        )

    async def put(
        self,
        key: str,
        data: bytes,
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        storage_class: str | None = None,
    ) -> str:
        """Writes an object; see `ObjectStore.put`."""
        options = _options(if_none_match, if_match, metadata, content_type, storage_class)
        return await self._workers.run(self._put, check_key(key), data, options)

    async def put_file(
        self,
        key: str,
        path: str | Path,
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        storage_class: str | None = None,
    ) -> str:
        """Writes an object from a file, in one request."""
        options = _options(if_none_match, if_match, metadata, content_type, storage_class)
        return await self._workers.run(self._put_file, check_key(key), Path(path), options)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """Reads an object or a range of it."""
        return await self._workers.run(self._get, check_key(key), start, length)

    async def head(self, key: str) -> Info:
        """What is known of an object."""
        return await self._workers.run(self._head, check_key(key))

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """The objects under a prefix, a request for each 1,000."""
        return await self._workers.run(self._list, prefix, after)

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects, a request for each 1,000."""
        await self._workers.run(self._delete, [check_key(key) for key in keys])

    def close(self) -> None:
        """Closes the connections that are idle; call it when no request runs any more."""
        self._client.close()

    def _put(self, key: str, data: bytes, options: dict[str, Any]) -> str:
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        answer = self._call("put_object", key, Body=data, ContentMD5=digest, **options)
        return str(answer["ETag"])

    def _put_file(self, key: str, path: Path, options: dict[str, Any]) -> str:
        try:
            with path.open("rb") as file:
                digest = base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode()
                file.seek(0)
                return str(self._call("put_object", key, Body=file, ContentMD5=digest, **options)["ETag"])
        except OSError as error:
            raise StoreError("put an object", key, hint=str(error)) from error

    def _get(self, key: str, start: int, length: int | None) -> Object:
        if length == 0:
            return Object(self._head(key), b"")
        options = {}
        if start or length is not None:
            end = "" if length is None or start < 0 else start + length - 1
            options["Range"] = f"bytes={start}" if start < 0 else f"bytes={start}-{end}"
        try:
            answer = self._call("get_object", key, **options)
        except _RangeOutside:
            return Object(self._head(key), b"")
        try:
            data = answer["Body"].read()
        except (BotoCoreError, OSError) as error:
            raise StoreError("get an object", key, hint=str(error)) from error
        size = int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else len(data)
        cut = data if start >= 0 or length is None else data[:length]
        return Object(self._info(key, size, answer), cut)

    def _head(self, key: str) -> Info:
        answer = self._call("head_object", key)
        return self._info(key, int(answer["ContentLength"]), answer)

    def _info(self, key: str, size: int, answer: Mapping[str, Any]) -> Info:
        modified = int(answer["LastModified"].timestamp() * 1000)
        return Info(key, size, answer["ETag"], modified, dict(answer.get("Metadata", {})))

    def _list(self, prefix: str, after: str) -> Infos:
        options = {"StartAfter": self._prefix + after} if after else {}
        found: list[Info] = []
        for page in self._pages(Prefix=self._prefix + prefix, **options):
            for item in page.get("Contents", ()):
                key = item["Key"][len(self._prefix) :]
                found.append(Info(key, item["Size"], item["ETag"], int(item["LastModified"].timestamp() * 1000)))
        return found

    def _pages(self, **options: Any) -> Iterator[Mapping[str, Any]]:
        while True:
            page = self._call("list_objects_v2", None, **options)
            yield page
            if not page.get("IsTruncated"):
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    def _delete(self, keys: Sequence[str]) -> None:
        for at in range(0, len(keys), DELETE_KEYS_MAX):
            names = [{"Key": self._prefix + key} for key in keys[at : at + DELETE_KEYS_MAX]]
            answer = self._call("delete_objects", None, Delete={"Objects": names, "Quiet": True})
            if answer.get("Errors"):
                first = answer["Errors"][0]
                raise StoreError("delete an object", str(first.get("Key")), hint=str(first.get("Message")))

    def _call(self, method: str, key: str | None, **options: Any) -> Any:
        """One request; what goes wrong becomes one of our errors."""
        if key is not None:
            options["Key"] = self._prefix + key
        try:
            return getattr(self._client, method)(Bucket=self._bucket, **options)
        except ClientError as error:
            raise _translated(method, key or str(options.get("Prefix", "")), error) from error
        except (BotoCoreError, OSError) as error:
            raise StoreError(method, key or "", hint=str(error)) from error


class _RangeOutside(StoreError):
    """A range begins past the end of its object."""


def _options(
    if_none_match: bool,
    if_match: str | None,
    metadata: Mapping[str, str] | None,
    content_type: str | None,
    storage_class: str | None,
) -> dict[str, Any]:
    """boto3's names for the options of a put."""
    options: dict[str, Any] = {}
    if if_none_match:
        options["IfNoneMatch"] = "*"
    if if_match is not None:
        options["IfMatch"] = if_match
    if metadata:
        options["Metadata"] = dict(metadata)
    if content_type:
        options["ContentType"] = content_type
    if storage_class:
        options["StorageClass"] = storage_class
    return options


def _translated(method: str, key: str, error: ClientError) -> StoreError:
    """One of our errors for an answer of the store's."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING or (status == 404 and code != "NoSuchBucket"):
        # If-Match over a key that is gone is answered 404 by some stores, 412 by others: the condition did not hold.
        return PreconditionFailed(method, key) if method == "put_object" else ObjectMissing(method, key)
    if code in _CONDITION or status == 412:
        return PreconditionFailed(method, key)
    if status == 416:
        return _RangeOutside(method, key)
    lasting = status in (400, 401, 403) or code == "NoSuchBucket"
    return StoreError(method, key, hint=f"{status} {code}: {error}", recoverable=not lasting)
