"""What every field of a collection has and can do; each type is a class in a file of its own."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, ClassVar, Self

from pbe.errors import field_error
from pbe.schema import bind, rules
from pbe.schema.question import Question

Entry = dict[str, Any]
Verdict = Entry | Question | None
RESERVED_NAMES = ("null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand")
NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
REPLACE, APPEND, PREPEND, SUBTRACT, AUTOGENERATE = "", "+", "prefix+", "-", ":autogenerate"


def option(kind: str, default: Any, json: str = "") -> Any:
    """An option of a field: its JSON kind (see `schema.bind`), default, and JSON name where it is not camelCase."""
    return field(default=default, metadata={"kind": kind, "json": json})


@dataclass(frozen=True, slots=True)
class ValueContext:
    """What a value's validation may know beside the value.

    is_new: the record is being created. old: the value stored now (None for a new record).
    record_id: the id stored now.
    """

    is_new: bool = True
    old: Any = None
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class SettingsContext:
    """What a field's settings are checked against.

    fields: all fields of the collection in its new state. is_view: whether it is a view. old: the field with the same
    id as stored now. collection: looks up a stored collection by name or id.
    """

    fields: tuple["Field", ...] = ()
    is_view: bool = False
    old: "Field | None" = None
    collection: Callable[[str], Any | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; immutable. `type`, `required` and `help` exist on every class, as options or as constants."""

    name: str = option("str", "")
    id: str = option("str", "")
    system: bool = option("bool", False)
    hidden: bool = option("bool", False)
    presentable: bool = option("bool", False)

    type: ClassVar[str] = ""
    required: ClassVar[Any] = False
    help: ClassVar[Any] = ""
    multiple: ClassVar[Any] = False

    def column_type(self) -> str:
        """The column's definition, after its name, in CREATE TABLE."""
        return "TEXT DEFAULT '' NOT NULL"

    def zero(self) -> Any:
        """The value of a record that never had one."""
        return ""

    def cast(self, raw: Any) -> Any:
        """The value that a client's JSON or form value means. Never refuses: what makes no sense is the zero value."""
        raise NotImplementedError

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """An error, a question whose answer may be one, or None."""
        raise NotImplementedError

    def to_column(self, value: Any) -> Any:
        """What is bound for the database: None, int, float or str."""
        return value

    def from_column(self, raw: Any) -> Any:
        """The value of what the database holds."""
        return self.cast(raw)

    def to_json(self, value: Any) -> Any:
        """What a JSON writer takes for the value."""
        return value

    def modifiers(self) -> dict[str, str]:
        """The body keys that set this field, each with the operation `modify` takes."""
        return {self.name: REPLACE}

    def modify(self, operation: str, current: Any, raw: Any) -> Any:
        """The value after a client's `raw` came under a key of `modifiers`; `current` is the value before."""
        return self.cast(raw)

    def max_body_bytes(self) -> int:
        """About how many bytes the value may take in a body; 0 where the type sets no own limit."""
        return 0

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """The errors of the field's own options by option name."""
        return rules.gather(**self.base_errors())

    def base_errors(self, *name_rules: rules.Rule | None) -> dict[str, Entry | None]:
        """The errors of the options that every type has."""
        return {
            "id": rules.first(self.id, rules.required, rules.length(1, 100)),
            "name": rules.first(self.name, *NAME_RULES, *name_rules),
            "help": rules.first(self.help, rules.length(1, 300)),
        }

    def json(self) -> dict[str, Any]:
        """The field as PocketBase writes it: keys sorted."""
        out: dict[str, Any] = {name: _plain(getattr(self, attr)) for name, (attr, _, _) in spec_of(type(self)).items()}
        out["type"] = self.type
        return dict(sorted(out.items()))

    def evolve(self, **changes: Any) -> Self:
        """A copy with other options."""
        return replace(self, **changes)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= rules.SAFE_INT_MAX:
        return int(value)
    return value


def refuse_via(value: Any) -> Entry | None:
    """`_via_` marks back-relations in filters, so no name may contain it."""
    if "_via_" in value.lower():
        return field_error("validation_found_via", 'The value cannot contain "_via_".')
    return None


def is_word(text: str) -> bool:
    """Whether the text is ASCII letters, digits and underscores only, and at least one."""
    return bool(text) and NAME_CHARS.issuperset(text)


NAME_RULES = (
    rules.required,
    rules.length(1, 100),
    rules.matches(is_word),
    rules.none_of(*RESERVED_NAMES),
    refuse_via,
)


_specs: dict[type[Field], dict[str, tuple[str, str, Any]]] = {}


def spec_of(cls: type[Field]) -> dict[str, tuple[str, str, Any]]:
    """JSON name → (attribute, kind, default) of a field class."""
    found = _specs.get(cls)
    if found is None:
        found = _specs[cls] = _spec(cls)
    return found


def _spec(cls: type[Field]) -> dict[str, tuple[str, str, Any]]:
    return {
        entry.metadata["json"] or camel(entry.name): (
            entry.name,
            entry.metadata["kind"],
            None if entry.default is MISSING else entry.default,
        )
        for entry in fields(cls)
    }


def camel(name: str) -> str:
    """`max_select` → `maxSelect`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def load(cls: type[Field], data: Mapping[str, Any]) -> Field:
    """A field of this class from its JSON; `BindError` where an option has the wrong type."""
    spec = spec_of(cls)
    values: dict[str, Any] = {}
    for name in sorted(data):
        if name in spec:
            attr, kind, _ = spec[name]
            values[attr] = bind.convert(kind, data[name], f"/{name}")
    return cls(**values)
