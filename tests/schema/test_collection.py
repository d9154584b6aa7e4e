"""Collections: defaults, loading, deterministic ids."""

import json

import pytest

from pbe.schema import collection
from pbe.schema.bind import BindError

SECRET = "s" * 50


def make(kind: str, name: str) -> collection.Collection:
    """A new collection whose secrets are all the same."""
    return collection.new(kind, name, lambda: SECRET)


def test_ids_follow_from_type_and_name() -> None:
    """As the real server computes them."""
    assert make("base", "_mfas").id == "pbc_2279338944"
    assert [field.id for field in make("auth", "x").fields] == [
        "text3208210256",
        "password901924565",
        "text2504183744",
        "email3885137012",
        "bool1547992806",
        "bool256245529",
    ]


def test_an_auth_collection_always_has_its_fields_and_indexes() -> None:
    """Leaving them out of an update puts them back."""
    loaded = collection.load(make("auth", "x"), {"fields": [], "indexes": []})
    whole = collection.with_system_fields(loaded)
    assert [field.name for field in whole.fields] == [
        "id",
        "password",
        "tokenKey",
        "email",
        "emailVisibility",
        "verified",
    ]
    assert len(whole.indexes) == 2


def test_secrets_are_stored_and_never_shown() -> None:
    """In the row, not in the JSON."""
    made = collection.load(make("auth", "x"), {"oauth2": {"providers": [{"name": "google", "clientSecret": "hush"}]}})
    assert SECRET in made.to_row()["options"]
    assert "hush" in made.to_row()["options"]
    shown = json.dumps(made.json())
    assert SECRET not in shown
    assert "hush" not in shown


def test_a_row_reads_back_as_it_was_written() -> None:
    """Nothing is lost between the database and the model."""
    made = collection.load(
        make("auth", "x"),
        {"listRule": "", "fields": [{"type": "number", "name": "n", "min": 1.5}], "mfa": {"enabled": True}},
    )
    assert collection.from_row(made.to_row()) == made.evolve(is_new=False)


def test_providers_keep_what_is_left_out_by_name() -> None:
    """The dashboard sends them back without their secrets, in any order."""
    first = collection.load(
        make("auth", "x"),
        {"oauth2": {"providers": [{"name": "a", "clientSecret": "1"}, {"name": "b", "clientSecret": "2"}]}},
    )
    second = collection.load(first, {"oauth2": {"providers": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}})
    assert [entry["clientSecret"] for entry in second.options["oauth2"]["providers"]] == ["2", "", "1"]
    assert [entry["clientSecret"] for entry in first.options["oauth2"]["providers"]] == ["1", "2"]


@pytest.mark.parametrize(
    "data",
    [
        {"name": 5},
        {"system": 1},
        {"fields": {}},
        {"fields": [None]},
        {"fields": [{"type": "nope"}]},
        {"fields": [{"type": "text", "max": 2.0}]},
        {"fields": [{"type": "text", "max": True}]},
        {"fields": [{"type": "date", "max": 5}]},
        {"indexes": [5]},
        {"viewQuery": 5},
        {"authToken": 5},
        {"oauth2": {"providers": {}}},
    ],
)
def test_a_wrong_type_refuses_the_body(data: dict[str, object]) -> None:
    """Even of options that the collection's type does not have."""
    with pytest.raises(BindError):
        collection.load(make("base", "x"), data)


def test_null_is_the_zero_value() -> None:
    """Not "leave as it is"."""
    loaded = collection.load(
        make("base", "x").evolve(list_rule="a=1"), {"listRule": None, "name": None, "created": None}
    )
    assert (loaded.list_rule, loaded.name, loaded.created) == (None, "", "")


def test_fields_without_id_take_the_place_of_their_name() -> None:
    """And those with an id the place of that id."""
    loaded = collection.load(
        make("base", "x"),
        {
            "fields": [
                {"type": "text", "name": "a", "id": "1"},
                {"type": "number", "name": "a"},
                {"type": "bool", "name": "b", "id": "1"},
            ]
        },
    )
    assert [(field.id, field.name, field.type) for field in loaded.fields] == [("1", "b", "bool")]


def test_a_generated_id_follows_a_new_name_and_avoids_taken_ones() -> None:
    """The names of its indexes follow too."""
    made = make("auth", "x").evolve(name="y")
    base = collection.checksum_id("auth", "y")
    freed = collection.with_free_id(made, {base}.__contains__)
    assert freed.id == f"{base}2"
    assert f"idx_email_{base}2" in freed.indexes[1]
