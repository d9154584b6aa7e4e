"""What twistd asks of pbe: options and a service.

A wrong flag or value ends the process with one sentence on standard error and status 1, before anything is touched.
"""

import os
import sys
from collections.abc import Iterator

from twisted.python import usage

from pbe.roles import config, process
from pbe.roles.settings import BY_FLAG, SETTINGS
from pbe.roles.values import ConfigError


class Options(usage.Options):
    """The flags of `twistd pbe`, from the table of settings; `config` holds what they and the environment give."""

    synopsis = "[options]"
    optParameters = [  # noqa: RUF012 - Twisted's way to declare
        [setting.name, setting.short, None, setting.help] for setting in SETTINGS if not setting.switch
    ]
    optFlags = [  # noqa: RUF012
        [setting.name, setting.short, setting.help] for setting in SETTINGS if setting.switch
    ]

    config: config.Config

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, str]] = {}
        super().__init__()  # type: ignore[no-untyped-call]

    def parseOptions(self, options: list[str] | None = None) -> None:
        """Parse the flags and load the configuration; what is wrong ends the process."""
        try:
            words = _plain(list(sys.argv[1:] if options is None else options), self._given)
            super().parseOptions(words)  # type: ignore[no-untyped-call]
            self.config = config.load(self._given, os.environ)
        except (usage.UsageError, ConfigError) as error:
            sys.exit(f"pbe: {error}")


def _plain(words: list[str], given: dict[str, tuple[str, str]]) -> list[str]:
    """Take our own flags out of `words` into `given`; what is left (--help, --version) is Twisted's."""
    short = {setting.short: setting.name for setting in SETTINGS if setting.short}
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        name = short.get(flag[1:], "") if len(flag) == 2 and flag[0] == "-" else flag.removeprefix("--")
        if word in ("--help", "--version", "-h"):
            left.append(word)
            continue
        if not word.startswith("-"):
            raise ConfigError(f"There is no argument {word!r}, only flags; see --help.")
        setting = BY_FLAG.get(name)
        if setting is None:
            raise ConfigError(f"There is no flag {flag}; see --help.")
        if setting.switch:
            value = value if equals else "true"
        elif not equals:
            value = _next(rest, flag)
        if given.get(setting.key, ("", value))[1] != value:
            raise ConfigError(f"{flag} is given twice with different values (first as {given[setting.key][0]}).")
        given[setting.key] = (flag, value)
    return left


def _next(rest: Iterator[str], flag: str) -> str:
    value = next(rest, None)
    if value is None:
        raise ConfigError(f"{flag} needs a value.")
    return value


def makeService(options: Options) -> process.Process:
    """The service of the process that the options describe."""
    return process.service(options.config)
