"""The `pbe` command: its arguments, and what becomes of them.

Exit status: 0 done, 1 refused or failed, 2 the command line itself was wrong, 3 no answer from the server.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pbe import __version__
from pbe.cli import cost, health, node, placement, raft, serve, tenant
from pbe.cli.server import Refused, Server, Unreachable

SERVER = "http://127.0.0.1:8090"
STATUS_REFUSED = 1
STATUS_USAGE = 2
STATUS_UNREACHABLE = 3


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Leave with the sentence and the status of a wrong command line."""
        self.exit(STATUS_USAGE, f"{self.prog}: {message[:1].upper()}{message[1:]}; see {self.prog} --help.\n")


def parser() -> argparse.ArgumentParser:
    """Every command; a command's `act(server, args)` gives what is printed, `show` makes text of it."""
    common = _Parser(add_help=False)
    group = common.add_argument_group("talking to a server")
    group.add_argument("--server", default=argparse.SUPPRESS, help=f"its URL [PBE_SERVER, or {SERVER}]")
    group.add_argument("--token", default=argparse.SUPPRESS, help="a cluster admin's token [PBE_TOKEN]")
    group.add_argument("--ca", default=argparse.SUPPRESS, help="a PEM file: who signs the server [PBE_CA]")
    group.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the answer as JSON")
    top = _Parser(prog="pbe", parents=[common], description="PocketBase for many.", epilog=__doc__.partition("\n\n")[2])
    top.add_argument("--version", action="version", version=f"pbe {__version__}")
    nouns = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    nouns.add_parser(
        "serve",
        help="run a process: takes the flags of twistd pbe",
        description="See pbe serve --help.",
        add_help=False,
    )
    for module in (tenant, node, placement, raft, health, cost):
        module.add(nouns, common)
    return top


def run(argv: Sequence[str] | None = None) -> None:
    """The entry point of the `pbe` script."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["serve"]:
        serve.run(words[1:])
    if words[:1] == ["raft"] and words[1:2] and words[1] in raft.RESCUES:
        mode = [] if any(word.startswith("--mode") for word in words) else ["--mode=control-plane"]
        serve.run([*mode, f"--rescue={words[1]}", *words[2:]])
    sys.exit(main(words))


def main(words: Sequence[str]) -> int:
    """Carry out one command and print its answer; the exit status."""
    args = parser().parse_args(words)
    try:
        server = Server(
            getattr(args, "server", None) or os.environ.get("PBE_SERVER") or SERVER,
            getattr(args, "token", None) or os.environ.get("PBE_TOKEN", ""),
            getattr(args, "ca", None) or os.environ.get("PBE_CA", ""),
        )
        answer = args.act(server, args)
    except (Refused, ValueError) as error:
        return _fail(args, error, STATUS_REFUSED)
    except Unreachable as error:
        return _fail(args, error, STATUS_UNREACHABLE)
    _print(answer, None if getattr(args, "json", False) else args.show)
    return _status(args, answer)


def _status(args: argparse.Namespace, answer: Any) -> int:
    judge: Callable[[Any], int] | None = getattr(args, "judge", None)
    return judge(answer) if judge else 0


def _print(answer: Any, show: Callable[[Any], str] | None) -> None:
    text = json.dumps(answer, indent=2, ensure_ascii=False) if show is None else show(answer)
    try:
        if text:
            print(text, flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does; what is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(args: argparse.Namespace, error: Exception, status: int) -> int:
    if getattr(args, "json", False) and isinstance(error, Refused):
        _print(error.answer, None)
    print(f"pbe: {error}", file=sys.stderr)
    return status
