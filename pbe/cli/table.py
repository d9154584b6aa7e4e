"""What people read: tables, and one thing's fields below each other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CELL_CHARS_MAX = 60


def rows(columns: Sequence[str], items: Iterable[Mapping[str, Any]]) -> str:
    """The items as a table with one column per name; a dot in a name reaches into a map."""
    lines = [[name.rpartition(".")[2].upper() for name in columns]]
    lines += [[cell(reach(item, name)) for name in columns] for item in items]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def fields(item: Mapping[str, Any], prefix: str = "") -> str:
    """One thing, a line for each field; maps are unfolded as name.inner."""
    flat = list(_flat(item, prefix))
    width = max((len(name) for name, _ in flat), default=0)
    return "\n".join(f"{name.ljust(width)}  {text}".rstrip() for name, text in flat)


def _flat(item: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, str]]:
    for name, value in item.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            for index, one in enumerate(value):
                yield from _flat(one, f"{prefix}{name}.{index}.")
        else:
            yield prefix + name, _text(value)


def reach(item: Mapping[str, Any], name: str) -> Any:
    """The value at a dotted name, None where there is none."""
    value: Any = item
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def cell(value: Any) -> str:
    """A value short enough for a table."""
    text = _text(value)
    return text if len(text) <= CELL_CHARS_MAX else text[: CELL_CHARS_MAX - 1] + "…"


def _text(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return str(value).replace("\r", " ").replace("\n", " ")
