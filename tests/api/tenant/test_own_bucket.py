"""Uploaded files in a bucket of the tenant's own, against a real S3 API."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from pbe.tenant import file_orphans, file_place
from tests.kit.file_site import DOCS, FileSite, picture
from tests.kit.moto_peer import MotoPeer


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoPeer]:
    """One S3 server for the tests of this file."""
    peer = MotoPeer(tmp_path_factory.mktemp("moto"))
    yield peer
    peer.close()


class Bucket:
    """A tenant whose settings name a bucket, and what is in that."""

    def __init__(self, peer: MotoPeer, folder: Path, *, private: bool = True) -> None:
        self.site = FileSite(folder)
        self.place = peer.place()
        self._client = boto3.client(
            "s3", endpoint_url=peer.endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        outbound = SimpleNamespace(allow_private=private)
        object.__setattr__(self.site.tenant.services, "outbound", outbound)
        file_place.install(self.site.tenant)

    def enable(self, **changes: Any) -> None:
        """Let the tenant use the bucket."""
        place = self.place
        s3 = {"enabled": True, "bucket": place.bucket, "endpoint": place.endpoint, "region": "us-east-1"}
        s3 |= {"accessKey": "a", "secret": "b", **changes}
        settings = self.site.tenant.settings.merged({"s3": s3})
        self.site.tenant.settings = settings
        for follow in self.site.tenant.on_settings:
            follow()

    @property
    def keys(self) -> list[str]:
        """What is in it."""
        found = self._client.list_objects_v2(Bucket=self.place.bucket).get("Contents", [])
        return sorted(one["Key"] for one in found)

    def put(self, key: str) -> None:
        """Another's object."""
        self._client.put_object(Bucket=self.place.bucket, Key=key, Body=b"x")

    def close(self) -> None:
        """Let everything go."""
        self._client.close()
        self.site.close()


@pytest.fixture
def bucket(moto: MotoPeer, tmp_path: Path) -> Iterator[Bucket]:
    """A tenant on a node that lets tenants reach private addresses."""
    made = Bucket(moto, tmp_path)
    yield made
    made.close()


def test_files_are_in_the_bucket_under_the_stock_keys(bucket: Bucket) -> None:
    """Small and large ones, thumbs too; the platform's store gets none; what is deleted is gone there as well."""
    bucket.enable()
    large = b"x" * 400_000
    doc = bucket.site.docs(("files", "a.png", picture()), ("files", "b.bin", large))
    png, binary = doc["files"]
    home = f"{doc['collectionId']}/{doc['id']}"
    assert bucket.keys == sorted([f"{home}/{png}", f"{home}/{binary}"])
    assert bucket.site.keys == []
    assert bucket.site.ask("GET", f"/api/files/docs/{doc['id']}/{binary}").body == large
    assert bucket.site.ask("GET", f"/api/files/docs/{doc['id']}/{png}?thumb=0x50").status == 200
    assert f"{home}/thumbs_{png}/0x50_{png}" in bucket.keys
    bucket.put("elsewhere/x/y")
    assert bucket.site.ask("DELETE", f"{DOCS}/{doc['id']}").status == 204
    assert bucket.keys == ["elsewhere/x/y"]


def test_nothing_is_acknowledged_that_is_not_in_the_bucket(bucket: Bucket) -> None:
    """No such bucket: the upload fails, and no record is left."""
    bucket.enable(bucket="nosuchbucket")
    assert bucket.site.upload(("files", "a.txt", b"hello")).status >= 400
    assert bucket.site.ask("GET", DOCS).json["totalItems"] == 0


def test_others_objects_in_the_bucket_are_left_alone(bucket: Bucket) -> None:
    """The daily look for orphans is for the platform's store; nothing of the bucket goes into a backup."""
    bucket.enable()
    bucket.put("one/two/three")
    bucket.site.clock.advance(10 * 86_400)
    assert bucket.site.run(file_orphans.sweep(bucket.site.tenant)) == 0
    assert bucket.site.tenant.files is not None
    assert bucket.site.run(bucket.site.tenant.files.list()) == []
    assert bucket.keys == ["one/two/three"]


def test_turned_off_files_go_to_the_platform_again(bucket: Bucket) -> None:
    """Nothing is carried over: what is in the bucket is not found until it is turned on again."""
    bucket.enable()
    doc = bucket.site.docs(("files", "a.txt", b"hello"))
    target = f"/api/files/docs/{doc['id']}/{doc['files'][0]}"
    bucket.enable(enabled=False)
    assert bucket.site.ask("GET", target).status == 404
    bucket.site.docs(("files", "b.txt", b"hello"))
    assert (len(bucket.site.keys), len(bucket.keys)) == (1, 1)
    bucket.enable()
    assert bucket.site.ask("GET", target).body == b"hello"


def test_a_private_address_is_refused(moto: MotoPeer, tmp_path: Path) -> None:
    """As for every connection that a tenant chooses."""
    bucket = Bucket(moto, tmp_path, private=False)
    try:
        bucket.enable()
        assert bucket.site.upload(("files", "a.txt", b"hello")).status >= 400
        assert (bucket.keys, bucket.site.keys) == ([], [])
    finally:
        bucket.close()
