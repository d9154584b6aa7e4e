"""What makes a collection invalid, without a database."""

from typing import Any

import pytest

from pbe.schema import Collection, collection
from pbe.schema.collection_validate import validate


class Around:
    """A database that holds one collection, `posts`, and a table `_params`."""

    def __init__(self) -> None:
        made = collection.new("base", "posts", lambda: "")
        self.posts = made.evolve(is_new=False)

    def collection(self, name_or_id: str) -> Collection | None:
        """By name or id."""
        return self.posts if name_or_id in (self.posts.id, "posts") else None

    def name_taken(self, name: str, except_id: str) -> bool:
        """By name, in any case."""
        return name.lower() == "posts" and except_id != self.posts.id

    def id_taken(self, collection_id: str) -> bool:
        """By id."""
        return collection_id == self.posts.id

    def has_table(self, name: str) -> bool:
        """Tables that are no collections'."""
        return name.lower() in ("posts", "_params")

    def index_table(self, index_name: str, except_tables: tuple[str, ...]) -> str:
        """One index of another table."""
        return "posts" if index_name.lower() == "taken" and "posts" not in except_tables else ""

    def rule_error(self, made: Collection, rule: str) -> str:
        """Rules with a question mark are wrong."""
        return "wrong" if "?" in rule else ""

    def view_error(self, query: str) -> str:
        """Every query works."""
        return ""

    def has_provider(self, name: str) -> bool:
        """One provider."""
        return name == "google"


def errors(kind: str = "base", **data: Any) -> dict[str, Any]:
    """The errors of a new collection, as paths with codes."""
    made = collection.load(collection.new(kind, "fresh", lambda: "s" * 50), data)
    whole = collection.with_own_table(collection.with_system_fields(made))
    return flat(validate(whole, None, Around()))


def flat(found: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Dotted paths to codes."""
    out: dict[str, Any] = {}
    for name, entry in found.items():
        if isinstance(entry.get("code"), str):
            out[path + name] = entry["code"].removeprefix("validation_")
        else:
            out |= flat(entry, f"{path}{name}.")
    return out


def test_a_new_collection_of_each_type_is_valid() -> None:
    """As it starts."""
    assert errors() == {}
    assert errors("auth") == {}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("a-b", "match_invalid"),
        ("é", "match_invalid"),
        ("x" * 256, "length_out_of_range"),
        ("a_VIA_b", "found_via"),
        ("POSTS", "collection_name_exists"),
        ("_params", "collection_name_invalid"),
    ],
)
def test_names_have_rules(name: str, code: str) -> None:
    """One error each, the first that applies."""
    assert errors(name=name) == {"name": code}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "text", "name": "a", "min": -1}, {"min": "min_greater_equal_than_required"}),
        ({"type": "text", "name": "a", "max": 1, "min": 2}, {"max": "min_greater_equal_than_required"}),
        ({"type": "text", "name": "a", "pattern": "("}, {"pattern": "invalid_regex"}),
        (
            {"type": "text", "name": "a", "autogeneratePattern": "^a"},
            {"autogeneratePattern": "invalid_autogenerate_pattern"},
        ),
        (
            {"type": "text", "name": "a", "max": 2, "autogeneratePattern": "abc"},
            {
                "autogeneratePattern": "invalid_autogenerate_pattern_value",
            },
        ),
        ({"type": "text", "name": "null"}, {"name": "not_in_invalid"}),
        ({"type": "number", "name": "a", "min": 2, "max": 1}, {"max": "min_number_constraint"}),
        ({"type": "number", "name": "a", "onlyInt": True, "min": 0.5}, {"min": "only_int_constraint"}),
        ({"type": "select", "name": "a"}, {"values": "required"}),
        (
            {"type": "select", "name": "a", "values": ["x"], "maxSelect": 2},
            {"maxSelect": "max_less_equal_than_required"},
        ),
        ({"type": "email", "name": "a", "onlyDomains": ["x y"]}, {"onlyDomains.0": "is_domain"}),
        (
            {"type": "url", "name": "a", "onlyDomains": ["x.co"], "exceptDomains": ["y.co"]},
            {
                "onlyDomains": "empty",
                "exceptDomains": "empty",
            },
        ),
        ({"type": "autodate", "name": "a"}, {"onCreate": "required", "onUpdate": "required"}),
        (
            {"type": "file", "name": "a", "thumbs": ["0x0", "1x1", "x"]},
            {"thumbs.0": "not_in_invalid", "thumbs.2": "match_invalid"},
        ),
        ({"type": "relation", "name": "a"}, {"collectionId": "required"}),
        (
            {"type": "relation", "name": "a", "collectionId": "posts"},
            {"collectionId": "field_relation_missing_collection"},
        ),
        ({"type": "password", "name": "a", "cost": 40}, {"cost": "max_less_equal_than_required"}),
        ({"type": "json", "name": "a", "maxSize": 1 << 53}, {"maxSize": "max_less_equal_than_required"}),
        (
            {"type": "editor", "name": "a b", "help": "h" * 301},
            {"name": "match_invalid", "help": "length_out_of_range"},
        ),
    ],
)
def test_options_of_fields_have_rules(field: dict[str, Any], expected: dict[str, str]) -> None:
    """By the place of the field; the id is the first."""
    assert errors(fields=[field]) == {f"fields.1.{name}": code for name, code in expected.items()}


def test_only_one_field_is_the_key() -> None:
    """And it is called id."""
    assert errors(fields=[{"type": "text", "name": "a", "primaryKey": True}]) == {
        "fields.0.primaryKey": "unsupported_composite_pk",
        "fields.1.primaryKey": "unsupported_composite_pk",
        "fields.1.name": "in_invalid",
        "fields.1.pattern": "required",
        "fields.1.required": "required",
    }


@pytest.mark.parametrize(
    ("indexes", "expected"),
    [
        (["zzz"], {"indexes.0": "invalid_index_expression"}),
        (["CREATE INDEX a ON t (id)", "CREATE INDEX A ON t (id)"], {"indexes.1": "duplicated_index_name"}),
        (["CREATE INDEX a ON t (id)", "CREATE INDEX b ON t (id)"], {"indexes.1": "duplicated_index_definition"}),
        (["CREATE INDEX Taken ON t (id)"], {"indexes.0": "existing_index_name"}),
        (["CREATE INDEX a ON t (id); DROP TABLE t"], {"indexes.0": "invalid_index_expression"}),
    ],
)
def test_indexes_have_rules(indexes: list[str], expected: dict[str, str]) -> None:
    """Only the first wrong one is told."""
    assert errors(indexes=indexes) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"manageRule": ""}, {"manageRule": "nil_or_not_empty_required"}),
        ({"authRule": "?"}, {"authRule": "invalid_rule"}),
        ({"authToken": {"duration": 5}}, {"authToken.duration": "min_greater_equal_than_required"}),
        ({"fileToken": {"secret": "short"}}, {"fileToken.secret": "length_out_of_range"}),
        ({"mfa": {"enabled": True}}, {"mfa.enabled": "mfa_not_enough_auths"}),
        ({"otp": {"enabled": True, "length": 3}}, {"otp.length": "min_greater_equal_than_required"}),
        ({"passwordAuth": {"identityFields": []}}, {"passwordAuth.identityFields": "required"}),
        ({"passwordAuth": {"identityFields": ["x"]}}, {"passwordAuth.identityFields": "missing_field"}),
        ({"passwordAuth": {"identityFields": ["id"]}}, {"passwordAuth.identityFields": "missing_unique_constraint"}),
        ({"verificationTemplate": {"subject": ""}}, {"verificationTemplate.subject": "required"}),
        (
            {"oauth2": {"enabled": True, "providers": [{"name": "nope"}]}},
            {
                "oauth2.providers.0.name": "missing_provider",
                "oauth2.providers.0.clientId": "required",
                "oauth2.providers.0.clientSecret": "required",
            },
        ),
        (
            {"oauth2": {"enabled": True, "providers": [{"name": "google"}, {"name": "google"}]}},
            {
                "oauth2.providers.1.name": "duplicated_provider",
            },
        ),
        ({"oauth2": {"enabled": False, "providers": [{"name": "nope"}]}}, {}),
    ],
)
def test_auth_options_have_rules(options: dict[str, Any], expected: dict[str, str]) -> None:
    """Methods that are off are not looked at."""
    assert errors("auth", **options) == expected


def test_a_stored_collection_keeps_type_system_and_system_fields() -> None:
    """And the types of its fields."""
    old = collection.new("base", "posts", lambda: "").evolve(is_new=False, system=True)
    changed = collection.load(old, {"name": "q", "type": "auth", "system": False, "listRule": ""})
    found = flat(validate(changed.evolve(fields=old.fields[:0]), old, Around()))
    assert found["type"] == "collection_type_change"
    assert found["system"] == "collection_system_flag_change"
    assert found["name"] == "collection_system_name_change"
    assert found["listRule"] == "collection_system_rule_change"
    assert found["fields"] == "required"


def test_views_write_nothing() -> None:
    """Neither rules for writing nor indexes."""
    found = errors("view", createRule="", viewQuery="", indexes=["CREATE INDEX a ON t (id)"])
    assert found["createRule"] == "nil"
    assert found["indexes"] == "indexes_not_supported"
    assert found["viewQuery"] == "required"
