"""`pbe health`: whether the platform is well, for people and for scripts (exit status 1 when it is not)."""

import argparse
from typing import Any

from pbe.cli import table


def add(nouns: Any, common: argparse.ArgumentParser) -> None:
    """Put the commands of this file under `pbe`."""
    health = nouns.add_parser("health", help="whether the platform is well", parents=[common])
    health.set_defaults(act=lambda server, args: server.call("GET", "/api/cp/health"), show=table.fields, judge=judge)


def judge(answer: Any) -> int:
    """0 when the cluster says it is healthy, else 1."""
    return 0 if isinstance(answer, dict) and answer.get("status") == "healthy" else 1
