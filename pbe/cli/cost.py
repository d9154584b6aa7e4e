"""`pbe cost`: what the object store will cost in a month, by the model of the requests that pbe makes."""

import argparse
from dataclasses import fields
from typing import Any

from pbe.replication.cost import Fleet, monthly_bill


def add(nouns: Any, common: argparse.ArgumentParser) -> None:
    """Put the command under `pbe`."""
    cost = nouns.add_parser("cost", help="what the object store will cost in a month", parents=[common])
    default = Fleet()
    words = {
        "tenants": "how many",
        "active": "share of them that is used each day",
        "archived": "share of them that is archived; the rest is idle",
        "busy_s": "seconds a day with commits, of an active tenant",
        "gb": "size of a tenant's databases in GB",
        "loads": "times a day that an active tenant is loaded",
        "sync_writes": "writes a day, of an active tenant, that wait for the store",
    }
    for field in fields(Fleet):
        value = getattr(default, field.name)
        cost.add_argument(
            f"--{field.name.replace('_', '-')}", type=type(value), default=value, help=f"{words[field.name]} [{value}]"
        )
    cost.set_defaults(act=lambda _, args: act(args), show=show)


def act(args: argparse.Namespace) -> dict[str, float]:
    """The bill; no server is asked."""
    fleet = Fleet(**{field.name: getattr(args, field.name) for field in fields(Fleet)})
    if fleet.tenants < 0 or not 0 <= fleet.active + fleet.archived <= 1 or min(fleet.active, fleet.archived) < 0:
        raise ValueError("shares are between 0 and 1, together too, and tenants are not fewer than none")
    return monthly_bill(fleet)


def show(bill: dict[str, float]) -> str:
    """The bill as text, dollars a month."""
    lines = [f"{what:<36} {dollars:>12,.2f}" for what, dollars in bill.items() if what != "tenant"]
    return "\n".join([*lines, f"{'for one tenant':<36} {bill['tenant']:>12.6f}"])
