"""`pbe raft …`: the control plane's members."""

import argparse
from typing import Any

from pbe.cli import table
from pbe.cli.server import segment

PATH = "/api/cp/raft"
#: Not requests to a server: a process of its own mends the folder of a member that does not run.
RESCUES = {
    "restore": "begin this member anew from the newest snapshot, every disk being lost",
    "recover": "make this member the only one, the majority being lost",
}
MEMBER_COLUMNS = ("id", "address", "role", "match", "next", "state", "last_contact_ms")


def add(nouns: Any, common: argparse.ArgumentParser) -> None:
    """Put the commands of this file under `pbe`."""
    raft = nouns.add_parser("raft", help="the control plane's members", parents=[common])
    verbs = raft.add_subparsers(title="commands", metavar="COMMAND", required=True)
    status = verbs.add_parser(
        "status", help="leader, term, commit and members, as the asked member knows", parents=[common]
    )
    status.set_defaults(act=lambda server, args: server.call("GET", f"{PATH}/status"), show=_show)
    join = verbs.add_parser("add", help="take a member in: first it learns, then it votes", parents=[common])
    join.add_argument("id", metavar="MEMBER")
    join.add_argument("address", metavar="HOST:PORT", help="where its Raft listens")
    join.set_defaults(
        act=lambda server, args: server.call("POST", f"{PATH}/members", body={"id": args.id, "address": args.address}),
        show=_show,
    )
    remove = verbs.add_parser("remove", help="let a member go", parents=[common])
    remove.add_argument("id", metavar="MEMBER")
    remove.set_defaults(
        act=lambda server, args: server.call("DELETE", f"{PATH}/members/{segment(args.id)}"), show=_show
    )
    transfer = verbs.add_parser("transfer", help="make another member the leader", parents=[common])
    transfer.add_argument("id", metavar="MEMBER")
    transfer.set_defaults(
        act=lambda server, args: server.call("POST", f"{PATH}/transfer", body={"target": args.id}), show=_show
    )
    snapshot = verbs.add_parser("snapshot", help="write the whole state into the object store now", parents=[common])
    snapshot.set_defaults(act=lambda server, args: server.call("POST", f"{PATH}/snapshot"), show=table.fields)
    for name, text in RESCUES.items():
        verbs.add_parser(name, help=f"{text}; takes the flags of pbe serve", add_help=False)


def _show(status: Any) -> str:
    if not isinstance(status, dict):
        return ""
    members = status.get("members")
    rest = table.fields({name: value for name, value in status.items() if name != "members"})
    if not isinstance(members, list) or not members or not isinstance(members[0], dict):
        return table.fields(status)
    columns = [name for name in MEMBER_COLUMNS if any(name in member for member in members)]
    return f"{rest}\n\n{table.rows(columns, members)}"
