"""Native leaves and their Python twins.

Each leaf is `_name.pyx` (the extension), `_name.pyi` (its types) and `name_twin.py` (its specification in
Python). Import a leaf as `from pbe._fast import name`. PBE_FAST=1 takes the extension and fails loudly
where it was not built, PBE_FAST=0 takes the twin; unset takes the extension where there is one.
"""

import importlib
import os
from types import ModuleType

#: The leaves, in alphabetical order.
LEAVES: tuple[str, ...] = (
    "crc64",
    "fanout",
    "jsonbuffer",
    "jsoncheck",
    "ltxfile",
    "lz4block",
    "pagediff",
    "routetable",
    "rowjson",
    "walframe",
)


def _pick(name: str, choice: str) -> ModuleType:
    """The module that serves leaf `name` under PBE_FAST=`choice`; ImportError where a forced one is missing."""
    if choice not in ("", "0", "1"):
        raise ImportError(f"PBE_FAST must be 0, 1 or unset, not {choice!r}")
    if choice != "0":
        try:
            return importlib.import_module(f"pbe._fast._{name}")
        except ImportError:
            if choice == "1":
                raise
    return importlib.import_module(f"pbe._fast.{name}_twin")


for _leaf in LEAVES:
    globals()[_leaf] = _pick(_leaf, os.environ.get("PBE_FAST", ""))
