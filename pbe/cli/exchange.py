"""`pbe tenant import` and `pbe tenant export`: a stock pb_data into a tenant, and a tenant into a zip of one.

The control plane names the tenant; the data goes to and from the tenant itself, through the gateway. For that the
command makes a superuser of its own for as long as it takes.
"""

import argparse
import base64
import http.client
import json
import os
import secrets
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pbe.cli.server import Refused, Server, Unreachable, segment

PATH = "/api/cp/tenants"
VISITOR_DOMAIN = "exchange.invalid"
PIECE_BYTES = 1 << 20
EXCHANGE_S_MAX = 3600.0
SIGN_IN_S_MAX = 60.0
SIGN_IN_EVERY_S = 0.25
TAKEN_ALONG = ("data.db", "data.db-wal", "auxiliary.db", "auxiliary.db-wal", "hooks.db", "hooks.db-wal")


def add(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Put the two commands under `pbe tenant`."""
    bring = verbs.add_parser("import", help="take a stock pb_data into a tenant, made if need be", parents=[common])
    bring.add_argument("id", metavar="TENANT")
    bring.add_argument("--from", dest="source", required=True, metavar="PB_DATA", help="its folder, or a zip of it")
    bring.add_argument("--domain", help="the host name of a tenant that is made (TENANT.localhost)")
    bring.set_defaults(act=_import, show=_shown)
    take = verbs.add_parser("export", help="write a tenant as the zip of a stock pb_data", parents=[common])
    take.add_argument("id", metavar="TENANT")
    take.add_argument("--to", dest="target", required=True, metavar="ZIP", help="the file to write")
    take.set_defaults(act=_export, show=lambda answer: f"Wrote {answer['path']}: {answer['bytes']} bytes.")
    for command in (bring, take):
        command.add_argument("--gateway", metavar="URL", help="where tenants are reached, if not by --server")


def _shown(answer: Any) -> str:
    counts = ", ".join(f"{answer[name]} {name}" for name in ("collections", "records", "files", "backups"))
    return f"Imported into {answer['id']}: {counts}."


def _import(server: Server, args: argparse.Namespace) -> Any:
    source = Path(args.source)
    if not source.exists():
        raise ValueError(f"There is no {source}.")
    if source.is_dir() and not (source / "data.db").is_file():
        raise ValueError(f"{source} is no pb_data: it holds no data.db.")
    tenant = _found(server, args.id) or server.call(
        "POST", PATH, body={"id": args.id, "domain": args.domain or f"{args.id}.localhost"}
    )
    visit = Visit(server, tenant, args.gateway or server.url)
    with tempfile.TemporaryDirectory() as folder:
        archive = packed(source, Path(folder) / "pb_data.zip") if source.is_dir() else source
        try:
            came = visit.upload("/api/pbe/import", archive)
        except Refused:
            visit.leave()
            raise
    return {"id": args.id, **came}


def _export(server: Server, args: argparse.Namespace) -> Any:
    tenant = _found(server, args.id)
    if tenant is None:
        raise ValueError(f"There is no tenant {args.id}.")
    visit = Visit(server, tenant, args.gateway or server.url)
    target = Path(args.target)
    part = target.with_name(target.name + ".part")
    try:
        size = visit.download("/api/pbe/export?without_me=1", part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        visit.leave()
    return {"path": str(target), "bytes": size}


def _found(server: Server, tenant_id: str) -> Any:
    try:
        return server.call("GET", f"{PATH}/{segment(tenant_id)}")
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


def packed(folder: Path, target: Path) -> Path:
    """A zip of the pb_data in `folder`: its databases, uploaded files and backups, and nothing else."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in TAKEN_ALONG:
            if (folder / name).is_file():
                archive.write(folder / name, name)
        for below in ("storage", "backups"):
            for path in sorted((folder / below).rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder).as_posix())
    return target


class Visit:
    """A stay in one tenant as a superuser who is made for it."""

    def __init__(self, server: Server, tenant: Any, gateway: str) -> None:
        parts = urlsplit(gateway if "//" in gateway else f"http://{gateway}")
        self._gateway = f"{parts.scheme}://{parts.netloc}"
        self._secure = parts.scheme == "https"
        self._address = (parts.hostname or "127.0.0.1", parts.port)
        self._host = str(tenant["domain"]) + (f":{parts.port}" if parts.port else "")
        email = f"visitor-{secrets.token_hex(8)}@{VISITOR_DOMAIN}"
        password = base64.urlsafe_b64encode(os.urandom(24)).decode()
        body = {"email": email, "password": password}
        server.call("PUT", f"{PATH}/{segment(str(tenant['id']))}/superuser", body=body)
        self._id, self._token = self._signed_in(email, password)

    def _signed_in(self, email: str, password: str) -> tuple[str, str]:
        """The superuser is there once the tenant's node has heard of him."""
        body = json.dumps({"identity": email, "password": password}).encode()
        deadline = time.monotonic() + SIGN_IN_S_MAX
        while True:
            try:
                answer = self._call("POST", "/api/collections/_superusers/auth-with-password", body)
                return str(answer["record"]["id"]), str(answer["token"])
            except Refused:
                if time.monotonic() > deadline:
                    raise
                time.sleep(SIGN_IN_EVERY_S)

    def upload(self, target: str, path: Path) -> Any:
        """Send a file; the decoded answer."""
        with path.open("rb") as file:
            return self._call("POST", target, file, size=path.stat().st_size)

    def download(self, target: str, path: Path) -> int:
        """Fetch a file; its size."""
        with path.open("wb") as file:
            self._call("GET", target, None, take=file.write)
        return path.stat().st_size

    def leave(self) -> None:
        """Delete the superuser; one who is the tenant's only one stays, with a password that nobody knows."""
        try:
            self._call("DELETE", f"/api/collections/_superusers/records/{segment(self._id)}", None)
        except (Refused, Unreachable) as error:
            print(f"The superuser {self._id} that this command made is still there: {error}", file=sys.stderr)

    def _call(
        self,
        method: str,
        target: str,
        body: Any,
        *,
        size: int | None = None,
        take: Callable[[bytes], object] | None = None,
    ) -> Any:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._address[0], self._address[1], timeout=EXCHANGE_S_MAX)
        headers = {"Host": self._host, "Content-Type": "application/json" if size is None else "application/zip"}
        if size is not None:
            headers["Content-Length"] = str(size)
        if getattr(self, "_token", ""):
            headers["Authorization"] = self._token
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            if take is not None and response.status == 200:
                for piece in _pieces(response):
                    take(piece)
                return None
            return _answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"No answer from {self._gateway}: {error or type(error).__name__}.") from error
        finally:
            connection.close()


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := response.read(PIECE_BYTES):
        yield piece


def _answer(status: int, content: bytes) -> Any:
    try:
        answer = json.loads(content) if content.strip() else None
    except ValueError:
        answer = content.decode(errors="replace")
    if not 200 <= status < 300:
        raise Refused(status, answer)
    return answer
