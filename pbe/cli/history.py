"""`pbe tenant restore` and `pbe tenant verify`."""

import argparse
import re
from typing import Any

from pbe.cli.server import Server, segment

PATH = "/api/cp/tenants"
PATIENCE_S = 330.0
_TXID = re.compile(r"(?:txid:)?([0-9a-fA-F]{1,16})")


def add(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Put the two commands under `pbe tenant`."""
    restore = verbs.add_parser("restore", help="bring a tenant back as it was at a moment", parents=[common])
    restore.add_argument("id", metavar="TENANT")
    restore.add_argument("--at", required=True, metavar="MOMENT", help="2026-11-24T10:30:00Z, or a txid in hex")
    restore.add_argument("--to", metavar="NEW", help="into a new tenant; the old one is left as it is")
    restore.add_argument("--domain", help="the new tenant's host name (NEW.localhost)")
    restore.set_defaults(act=_restore, show=_restored)
    verify = verbs.add_parser("verify", help="restore a tenant's replica aside and compare", parents=[common])
    verify.add_argument("id", metavar="TENANT")
    verify.set_defaults(act=_verify, show=_verified, judge=lambda answer: 0 if answer["ok"] else 1)


def _restore(server: Server, args: argparse.Namespace) -> Any:
    txid = _TXID.fullmatch(args.at)
    body = {"txid": txid[1]} if txid is not None else {"at": args.at}
    body |= {name: getattr(args, name) for name in ("to", "domain") if getattr(args, name) is not None}
    server.timeout_s = PATIENCE_S
    return server.call("POST", f"{PATH}/{segment(args.id)}/restore", body=body)


def _restored(answer: Any) -> str:
    where = "" if answer["id"] == answer["source"] else f" from {answer['source']}"
    lines = [f"Restored {answer['id']}{where} as of {answer['moment']}."]
    return "\n".join([*lines, *(f"  {name}  {txid}" for name, txid in answer["txids"].items())])


def _verify(server: Server, args: argparse.Namespace) -> Any:
    server.timeout_s = PATIENCE_S
    return server.call("POST", f"{PATH}/{segment(args.id)}/verify")


def _verified(answer: Any) -> str:
    lines = [f"The replica of {answer['id']} is {'whole' if answer['ok'] else 'BROKEN'}."]
    for name, one in answer["databases"].items():
        what = f"{one['txid']}, {one['files']} files, {one['pages']} pages" if one["ok"] else one["error"]
        lines.append(f"  {name}  {what}")
    return "\n".join(lines)
