"""From one state of a collection to another, as statements."""

from typing import Any

from pbe.schema import Collection, collection
from pbe.schema.table_sync import create_steps, quoted, update_steps


def made(name: str, *fields: dict[str, Any], indexes: tuple[str, ...] = ()) -> Collection:
    """A collection with these fields behind its id."""
    fresh = collection.new("base", name, lambda: "")
    loaded = collection.load(fresh, {"fields": list(fields), "indexes": list(indexes)})
    return collection.with_own_table(collection.with_system_fields(loaded))


A = {"type": "text", "name": "a", "id": "1"}
B = {"type": "text", "name": "b", "id": "2"}


def test_a_new_table_has_its_columns_by_name_and_each_name_once() -> None:
    """As the stock server writes it."""
    (step,) = create_steps(made("t", B, A, {"type": "bool", "name": "a", "id": "3"}))
    assert step.sql == (
        "CREATE TABLE `t` (`a` BOOLEAN DEFAULT FALSE NOT NULL, `b` TEXT DEFAULT '' NOT NULL, "
        "`id` TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL)"
    )


def test_nothing_changes_where_nothing_changed() -> None:
    """Not even the indexes."""
    same = made("t", A, indexes=("CREATE INDEX i ON t (a)",))
    assert update_steps(same, same) == []


def test_two_fields_that_swap_names_pass_through_temporary_ones() -> None:
    """Both are out of the way before either takes its new name."""
    steps = update_steps(made("t", A | {"name": "b"}, B | {"name": "a"}), made("t", A, B))
    assert [step.sql.removeprefix("ALTER TABLE `t` ") for step in steps] == [
        "RENAME COLUMN `a` TO `b_pbe_tmp1`",
        "RENAME COLUMN `b` TO `a_pbe_tmp2`",
        "RENAME COLUMN `b_pbe_tmp1` TO `b`",
        "RENAME COLUMN `a_pbe_tmp2` TO `a`",
    ]


def test_a_select_that_becomes_a_list_is_copied_while_views_are_away() -> None:
    """Renamed, added, copied, dropped."""
    one = {"type": "select", "name": "s", "id": "1", "values": ["x", "y"]}
    steps = update_steps(made("t", one | {"maxSelect": 2}), made("t", one))
    assert [step.sql.split("`")[0] + step.sql.split("`")[2].split(" ")[1] for step in steps] == [
        "ALTER TABLE RENAME", "ALTER TABLE ADD", "UPDATE SET", "ALTER TABLE DROP",
    ]  # fmt: skip
    assert all(step.views for step in steps)


def test_a_renamed_table_takes_its_indexes_along() -> None:
    """Dropped under the old name, made under the new."""
    old = made("t", A, indexes=("CREATE INDEX i ON t (a)",))
    new = collection.with_own_table(old.evolve(name="u"))
    assert [step.sql for step in update_steps(new, old)] == [
        "DROP INDEX IF EXISTS `i`",
        "ALTER TABLE `t` RENAME TO `u`",
        "CREATE INDEX `i` ON `u` (`a`)",
    ]


def test_no_name_ends_its_quotes() -> None:
    """Whatever is in it."""
    assert quoted("a`; DROP TABLE x; --") == "`a``; DROP TABLE x; --`"
