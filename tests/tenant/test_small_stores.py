"""Things remembered for a while, and addresses in lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant import ephemera
from pbe.tenant.addresses import expanded, is_listed
from pbe.tenant.ephemera import Ephemera


def test_a_value_lasts_until_its_time() -> None:
    """And may be renewed, or taken away."""
    now = [100.0]
    store = Ephemera(lambda: now[0])
    store.put("a", 1, 10)
    store.put("b", None, 10)
    now[0] += 9.9
    assert store.get("a") == 1
    store.put("a", 2, 10)
    now[0] += 0.1
    assert store.get("a") == 2
    assert store.pop("a") == 2
    assert store.get("a") is None
    assert store.pop("a") is None


def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over goes before what is not."""
    monkeypatch.setattr(ephemera, "ENTRIES_MAX", 3)
    now = [0.0]
    store = Ephemera(lambda: now[0])
    store.put("first", 1, 100)
    store.put("short", 2, 1)
    store.put("third", 3, 100)
    now[0] = 5
    store.put("fourth", 4, 100)
    assert [store.get(name) for name in ("first", "short", "third", "fourth")] == [1, None, 3, 4]
    store.put("fifth", 5, 100)
    assert [store.get(name) for name in ("first", "third", "fourth", "fifth")] == [None, 3, 4, 5]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=200))
def test_it_never_grows_past_its_bound(puts: list[tuple[int, int]]) -> None:
    """Whatever is put."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ephemera, "ENTRIES_MAX", 5)
        now = [0.0]
        store = Ephemera(lambda: now[0])
        for name, seconds in puts:
            store.put(str(name), name, seconds)
            now[0] += 1
            assert len(store._entries) <= 5


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "0000:0000:0000:0000:0000:0000:0000:0001"),
        ("fe80::1%eth0", "fe80:0000:0000:0000:0000:0000:0000:0001%eth0"),
        ("fe80::1%", None),
        ("127.0.0.1%eth0", None),
        ("127.0.0.01", None),
        ("127.0.0.1:80", None),
        ("[::1]", None),
        ("", None),
        ("x", None),
    ],
)
def test_the_longest_form(text: str, long: str | None) -> None:
    """None where it is no address."""
    assert expanded(text) == long


@pytest.mark.parametrize(
    ("address", "listed", "found"),
    [
        ("10.0.0.1", ["10.0.0.1"], True),
        ("10.0.0.1", ["10.0.0.0/24"], True),
        ("10.0.0.1", ["10.0.0.7/24"], True),
        ("10.0.1.1", ["10.0.0.0/24"], False),
        ("10.0.0.1", ["x", "", "10.0.0.1"], True),
        ("10.0.0.1", ["::/0"], False),
        ("::1", ["::/64"], True),
        ("::1", ["0.0.0.0/0"], False),
        ("x", ["0.0.0.0/0", "::/0"], False),
        ("10.0.0.1", [], False),
    ],
)
def test_lists(address: str, listed: list[str], found: bool) -> None:
    """Addresses and subnets; what is neither counts for nothing."""
    assert is_listed(address, listed) is found
