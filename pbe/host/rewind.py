"""A state of the past that a tenant is to have when it is loaded next."""

from collections.abc import Mapping
from dataclasses import dataclass

from pbe.replication.moment import Moment


@dataclass(slots=True)
class Rewind:
    """moments: by database; source: whose history it is, "" for the tenant's own; done: once it is loaded so."""

    moments: Mapping[str, Moment]
    source: str = ""
    done: bool = False
