"""Where settings come from: flags, then PBE_… variables, then their other names, then the TOML file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pbe.roles.settings import BY_FLAG, BY_KEY, SETTINGS, Setting
from pbe.roles.values import ConfigError

#: Setting key → (how the operator spelled it, the raw text).
Found = dict[str, tuple[str, str]]


def gather(flags: Mapping[str, tuple[str, str]], environment: Mapping[str, str]) -> Found:
    """Each setting that was given somewhere, from the strongest of its sources.

    flags: as `Found`. An empty variable counts as not set. Reads the file that `config` names.
    """
    found: Found = dict(flags)
    for setting in SETTINGS:
        if setting.key not in found and (hit := _variable(setting, environment)):
            found[setting.key] = hit
    if "config" in found:
        for key, hit in from_file(Path(found["config"][1])).items():
            found.setdefault(key, hit)
    return found


def _variable(setting: Setting, environment: Mapping[str, str]) -> tuple[str, str] | None:
    for name in setting.variables:
        if environment.get(name, "").strip():
            return name, environment[name]
    return None


def from_file(path: Path) -> Found:
    """The settings of a TOML file: any flag's name, with dashes or underscores, at the top level."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The file {path} of --config cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {path} of --config is not TOML: {error}.") from error
    found: Found = {}
    for name, value in table.items():
        setting = BY_FLAG.get(name.replace("_", "-"))
        if setting is None or setting.key == "config":
            raise ConfigError(f"The file {path} has an unknown setting {name}.")
        if setting.key in found:
            raise ConfigError(f"The file {path} sets {setting.name} twice.")
        found[setting.key] = (f"{name} in {path}", _as_text(name, value, path))
    return found


def _as_text(name: str, value: Any, path: Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return ",".join(f"{key}={item}" for key, item in value.items())
    raise ConfigError(f"The setting {name} in {path} must be a text, a number, true or false, or a list of texts.")


def parse(found: Found) -> dict[str, Any]:
    """The values of what was found; ConfigError names the setting as it was spelled."""
    out: dict[str, Any] = {}
    for key, (spelled, raw) in found.items():
        try:
            out[key] = BY_KEY[key].parse(raw)
        except ConfigError as error:
            shown = "" if "secret" in key else f", not {raw!r}"
            raise ConfigError(f"{spelled} {error}{shown}.") from error
    return out
