"""`pbe tenant …`: make, list, show, change and delete tenants, and their superusers."""

import argparse
import sys
from typing import Any

from pbe.cli import exchange, history, table
from pbe.cli.server import Server, segment

PATH = "/api/cp/tenants"
COLUMNS = ("id", "domain", "status", "node_id", "owner", "plan", "region", "created")
PASSWORD_CHARS_MAX = 1024


def add(nouns: Any, common: argparse.ArgumentParser) -> None:
    """Put the commands of this file under `pbe`."""
    tenant = nouns.add_parser("tenant", help="tenants and their superusers", parents=[common])
    verbs = tenant.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_create(verbs.add_parser("create", help="make a tenant", parents=[common]))
    _add_list(verbs.add_parser("list", help="all tenants", parents=[common]))
    show = verbs.add_parser("show", help="one tenant", parents=[common])
    show.add_argument("id", metavar="TENANT")
    show.set_defaults(act=lambda server, args: server.call("GET", _path(args.id)), show=table.fields)
    update = verbs.add_parser("update", help="change a tenant", parents=[common])
    update.add_argument("id", metavar="TENANT")
    update.add_argument("--domain", help="its host name")
    _add_fields(update)
    update.set_defaults(
        act=lambda server, args: server.call("PATCH", _path(args.id), body=_fields(args)), show=table.fields
    )
    delete = verbs.add_parser("delete", help="delete a tenant; it can be recovered for a while", parents=[common])
    delete.add_argument("id", metavar="TENANT")
    delete.set_defaults(act=_delete, show=lambda answer: f"Deleted {answer['id']}.")
    move = verbs.add_parser("migrate", help="move a tenant to a node", parents=[common])
    move.add_argument("id", metavar="TENANT")
    move.add_argument("node", metavar="NODE")
    move.set_defaults(act=_migrate, show=table.fields)
    _add_superuser(verbs, common)
    exchange.add(verbs, common)
    history.add(verbs, common)


def _add_create(create: argparse.ArgumentParser) -> None:
    create.add_argument("id", metavar="TENANT", help="a-z, 0-9, dash and underscore")
    create.add_argument("--domain", required=True, help="its host name, such as shop.example.com")
    create.add_argument("--superuser", nargs=2, metavar=("EMAIL", "PASSWORD"), help="its first superuser")
    _add_fields(create)
    create.set_defaults(act=_create, show=table.fields)


def _add_fields(command: argparse.ArgumentParser) -> None:
    command.add_argument("--owner", help="the id of the user who owns it")
    command.add_argument("--plan", help="free, pro, enterprise")
    command.add_argument("--region", help="where it should live")
    command.add_argument(
        "--quota", action="append", default=[], metavar="NAME=NUMBER", help="as max_storage=1073741824"
    )
    command.add_argument("--metadata", action="append", default=[], metavar="KEY=VALUE")


def _add_list(listing: argparse.ArgumentParser) -> None:
    for name in ("status", "node", "owner"):
        listing.add_argument(f"--{name}", help=f"only of this {name}")
    listing.set_defaults(
        act=lambda server, args: server.pages(PATH, status=args.status, node_id=args.node, owner=args.owner),
        show=lambda items: table.rows(COLUMNS, items),
    )


def _add_superuser(verbs: Any, common: argparse.ArgumentParser) -> None:
    superuser = verbs.add_parser("superuser", help="a tenant's superusers", parents=[common])
    actions = superuser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    upsert = actions.add_parser("upsert", help="make a superuser, or set the password of one", parents=[common])
    upsert.add_argument("id", metavar="TENANT")
    upsert.add_argument("email", metavar="EMAIL")
    upsert.add_argument("password", metavar="PASSWORD", help="- reads it from standard input")
    upsert.set_defaults(act=_upsert, show=lambda answer: f"Saved superuser {answer['email']} of {answer['tenant_id']}.")


def _path(tenant_id: str) -> str:
    return f"{PATH}/{segment(tenant_id)}"


def _fields(args: argparse.Namespace) -> dict[str, Any]:
    body: dict[str, Any] = {
        name: getattr(args, name) for name in ("domain", "owner", "plan", "region") if getattr(args, name) is not None
    }
    if args.quota:
        body["quotas"] = {name: _number(name, value) for name, value in map(_pair, args.quota)}
    if args.metadata:
        body["metadata"] = dict(map(_pair, args.metadata))
    if not body:
        raise ValueError("There is nothing to change: give at least one option.")
    return body


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"{text!r} must be NAME=VALUE.")
    return name, value


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"The quota {name} must be a whole number, not {text!r}.")
    return int(text)


def _create(server: Server, args: argparse.Namespace) -> Any:
    body = {"id": args.id, **_fields(args)}
    if args.superuser:
        email, password = args.superuser
        body["superuser"] = {"email": email, "password": _password(password)}
    return server.call("POST", PATH, body=body)


def _delete(server: Server, args: argparse.Namespace) -> Any:
    server.call("DELETE", _path(args.id))
    return {"id": args.id}


def _migrate(server: Server, args: argparse.Namespace) -> Any:
    return server.call("POST", f"{_path(args.id)}/migrate", body={"targetNode": args.node})


def _upsert(server: Server, args: argparse.Namespace) -> Any:
    body = {"email": args.email, "password": _password(args.password)}
    return server.call("PUT", f"{_path(args.id)}/superuser", body=body)


def _password(text: str) -> str:
    return sys.stdin.readline(PASSWORD_CHARS_MAX).rstrip("\r\n") if text == "-" else text
