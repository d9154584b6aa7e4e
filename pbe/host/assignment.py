"""What the control plane allows this node: which tenants, under which epoch."""

from dataclasses import dataclass
from typing import Protocol

from pbe.errors import RequestError


class Misdirected(RequestError):
    """421: another node has the tenant; the gateway that asked has an old route."""

    status = 421
    default_message = "The tenant is served elsewhere."
    recoverable = True


@dataclass(frozen=True, slots=True)
class Assignment:
    """One tenant of this node. epoch: counts the tenant's owners, written into each log record; durability: "async" or
    "sync".
    """

    tenant_id: str
    epoch: int
    durability: str = "async"


class Assignments(Protocol):
    """The node's view of the control plane's decisions, fed by its watch; never asks anyone."""

    def find(self, tenant_id: str) -> Assignment | None:
        """The assignment, None where the tenant is not this node's. Raises `NotFound` where it is nobody's."""
        ...

    def live(self) -> bool:
        """Whether the control plane has heard this node recently enough for it to serve at all."""
        ...
