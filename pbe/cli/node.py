"""`pbe node …`: list and show tenant nodes, drain them and take them back."""

import argparse
from typing import Any

from pbe.cli import table
from pbe.cli.server import Server, segment

PATH = "/api/cp/nodes"
COLUMNS = (
    "id",
    "address",
    "status",
    "active_tenants",
    "cached_tenants",
    "capacity",
    "region",
    "zone",
    "last_heartbeat",
)


def add(nouns: Any, common: argparse.ArgumentParser) -> None:
    """Put the commands of this file under `pbe`."""
    node = nouns.add_parser("node", help="tenant nodes", parents=[common])
    verbs = node.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="all nodes", parents=[common])
    listing.set_defaults(act=lambda server, args: server.pages(PATH), show=lambda items: table.rows(COLUMNS, items))
    _add_one(verbs, common, "show", "one node", lambda server, args: server.call("GET", _path(args.id)))
    _add_one(verbs, common, "drain", "move its tenants away, then it may leave", _post("drain"))
    _add_one(verbs, common, "undrain", "let it take tenants again", _post("undrain"))


def _add_one(verbs: Any, common: argparse.ArgumentParser, name: str, text: str, act: Any) -> None:
    command = verbs.add_parser(name, help=text, parents=[common])
    command.add_argument("id", metavar="NODE")
    command.set_defaults(act=act, show=table.fields)


def _path(node_id: str) -> str:
    return f"{PATH}/{segment(node_id)}"


def _post(action: str) -> Any:
    def act(server: Server, args: argparse.Namespace) -> Any:
        return server.call("POST", f"{_path(args.id)}/{action}")

    return act
