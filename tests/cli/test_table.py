"""Tables for people."""

from pbe.cli import table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    """Cells line up, and there is no space at the end of a line."""
    text = table.rows(["id", "node.zone"], [{"id": "a", "node": {"zone": "z"}}, {"id": "long", "node": None}])
    assert text == "ID    ZONE\na     z\nlong  -"


def test_maps_unfold_into_dotted_names() -> None:
    """One thing is a line for each field, however deep."""
    text = table.fields(
        {"id": "a", "quotas": {"max": 3, "on": True}, "list": [{"x": 1}], "none": [], "names": ["a", "b"]}
    )
    assert text.split("\n") == [
        "id          a",
        "quotas.max  3",
        "quotas.on   yes",
        "list.0.x    1",
        "none        -",
        "names       a, b",
    ]


def test_a_cell_cannot_break_the_table() -> None:
    """Line breaks and long texts are tamed."""
    assert table.cell("a\r\nb") == "a  b"
    assert len(table.cell("x" * 1000)) == table.CELL_CHARS_MAX
