"""A record's values, modifiers and what it shows."""

from pbe.schema.collection import Collection, new
from pbe.schema.field_json import JSONField, JsonText
from pbe.schema.field_number import NumberField
from pbe.schema.field_select import SelectField
from pbe.schema.field_text import TextField
from pbe.schema.fields import add
from pbe.tenant.record import Record
from pbe.tenant.record_shape import shape_of, update_of
from pbe.tenant.request_info import header_map


def posts() -> Collection:
    """A collection with a few kinds of fields."""
    bare = new("base", "posts", lambda: "secret")
    return bare.evolve(
        fields=add(
            bare.fields,
            TextField(name="title", autogenerate_pattern="[a-c]{4}"),
            NumberField(name="n"),
            SelectField(name="sel", values=("a", "b", "c"), max_select=3),
            JSONField(name="data"),
            TextField(name="hush", hidden=True),
        )
    )


def zeros(count: int) -> bytes:
    """Randomness that never surprises."""
    return bytes(count)


def test_modifiers_are_resolved_shorter_keys_first() -> None:
    """The resulting value stands under the field's name, the modifier's key is gone."""
    record = Record.new(posts())
    data = {"n+": 5, "n": 2, "sel+": "b", "sel": ["a"], "+sel": "c", "other+": 1, "title:autogenerate": "x-"}
    resolved = record.resolved(data, zeros)
    assert resolved["n"] == 7
    assert resolved["sel"] == ["c", "a", "b"] or resolved["sel"] == ["a", "b", "c"]
    assert resolved["other+"] == 1
    assert resolved["title"].startswith("x-")
    assert len(resolved["title"]) == 6
    assert "n+" not in resolved
    assert record.get("n") == 0


def test_a_row_becomes_a_record_and_a_row_again() -> None:
    """Columns are read and written without loss; nothing has changed."""
    collection = posts()
    row = ("r00000000000001", "t", 2.5, '["a"]', '{"x":1}', "h")
    record = Record.from_row(collection, row)
    assert tuple(record.columns().values()) == row
    assert record.changed_columns() == {}
    record.set("n", "7")
    record.set("title", "t")
    assert record.changed_columns() == {"n": 7.0}
    record.stored()
    assert record.changed_columns() == {}
    assert record.original["n"] == 7.0


def test_an_export_is_sorted_and_keeps_secrets() -> None:
    """Hidden fields are shown to superusers only; JSON stays text for the writer."""
    collection = posts()
    record = Record.from_row(collection, ("r1", "t", 2, "[]", '{"x":1}', "h"))
    shown = record.export()
    assert list(shown) == ["collectionId", "collectionName", "data", "id", "n", "sel", "title"]
    assert shown["data"] == '{"x":1}'
    assert isinstance(shown["data"], JsonText)
    record.show_all = True
    assert record.export()["hush"] == "h"


def test_auth_records_never_show_their_secrets() -> None:
    """Password and token key stay inside, the e-mail is shown where it may be."""
    users = new("auth", "users", lambda: "secret")
    record = Record.new(users)
    record.set("email", "a@b.co")
    record.set("password", "12345678")
    record.show_all = True
    assert not {"password", "tokenKey", "email"} & set(record.export())
    record.email_shown = True
    assert record.export()["email"] == "a@b.co"
    record.email_shown = False
    record.set("emailVisibility", True)
    assert record.export()["email"] == "a@b.co"


def test_expanded_records_are_merged() -> None:
    """Two paths through one relation show both of what they expanded."""
    collection = posts()
    parent, child, deep = (Record.from_row(collection, (i, "", 0, "[]", None, "")) for i in ("p", "c", "d"))
    again = Record.from_row(collection, ("c", "", 0, "[]", None, ""))
    again.expand_with({"x": deep})
    parent.expand_with({"rel": [child]})
    parent.expand_with({"rel": [again]})
    shown = parent.export()["expand"]["rel"]
    assert [one["id"] for one in shown] == ["c"]
    assert shown[0]["expand"]["x"]["id"] == "d"


def test_a_shape_is_made_once() -> None:
    """The shape stays with its collection."""
    collection = posts()
    assert shape_of(collection) is shape_of(collection)
    assert shape_of(collection).select.startswith('t."id", t."title"')


def test_headers_are_named_in_snake_case() -> None:
    """The first of several values counts; Host is not told."""
    pairs = [("X-Token", "a"), ("x-token", "b"), ("X__Odd--Name", "c"), ("Host", "h"), ("-", "d")]
    assert header_map(pairs) == {"x_token": "a", "x_odd_name": "c"}


def test_an_update_names_the_changed_columns_only() -> None:
    """In their order, quoted, for the row whose id comes last."""
    assert update_of('a"b', ("n", "title")) == 'UPDATE "a""b" SET "n" = ?, "title" = ? WHERE id = ?'
