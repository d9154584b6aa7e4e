"""`pbe placement …`: the rules by which tenants get their nodes."""

import argparse
import json
from typing import Any

from pbe.cli import table
from pbe.cli.server import Server, segment

PATH = "/api/cp/config/placement"


def add(nouns: Any, common: argparse.ArgumentParser) -> None:
    """Put the commands of this file under `pbe`."""
    placement = nouns.add_parser("placement", help="the rules of placement", parents=[common])
    verbs = placement.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = verbs.add_parser("show", help="the rules in force", parents=[common])
    show.set_defaults(act=lambda server, args: server.call("GET", PATH), show=table.fields)
    change = verbs.add_parser("set", help="change some of the rules", parents=[common])
    change.add_argument("rules", metavar="JSON", help='as {"strategy": "zone-aware", "min_free_capacity": 20}')
    change.set_defaults(act=_set, show=table.fields)
    explain = verbs.add_parser("explain", help="the node a tenant would get now, and why", parents=[common])
    explain.add_argument("id", metavar="TENANT")
    explain.set_defaults(
        act=lambda server, args: server.call("GET", f"/api/cp/tenants/{segment(args.id)}/placement"), show=table.fields
    )
    moves = verbs.add_parser("moves", help="moves that would even the nodes out; nothing is moved", parents=[common])
    moves.add_argument("--max", type=int, default=10, help="at most so many [10]")
    moves.set_defaults(
        act=lambda server, args: server.call("GET", f"{PATH}/moves", max=args.max)["items"],
        show=lambda items: table.rows(("tenantId", "nodeId", "reason"), items),
    )


def _set(server: Server, args: argparse.Namespace) -> Any:
    try:
        rules = json.loads(args.rules)
    except ValueError as error:
        raise ValueError(f"The rules are not JSON: {error}.") from error
    return server.call("PUT", PATH, body=rules)
