"""`pbe serve`: twistd in the foreground, for people who do not think in twistd."""

import sys
from collections.abc import Sequence
from typing import NoReturn


def run(flags: Sequence[str]) -> NoReturn:
    """Be `twistd --nodaemon --pidfile= pbe FLAGS`; ends with the process."""
    from twisted.scripts import twistd

    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "pbe", *flags]
    twistd.run()  # type: ignore[no-untyped-call]
    sys.exit(0)
