"""The route table, its leaf and its twin."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe._fast import routetable, routetable_twin
from pbe.fleet.records import Node, Route
from pbe.routing.table import RouteTable

HOSTS = st.sampled_from([b"a.localhost", b"b.localhost", b"a", b"a.example.com", b"localhost", b".localhost", b"t_1"])
HEADERS = HOSTS.flatmap(
    lambda host: st.sampled_from(
        [
            host,
            host.upper(),
            host + b":8090",
            host + b".",
            host + b".:1",
            b"x" + host,
            host + b"\xff",
            b"[" + host + b"]",
        ]
    )
)


@given(
    st.lists(st.tuples(st.sampled_from(["host", "id", "-host", "-id"]), HOSTS, st.integers(0, 9)), max_size=20),
    st.lists(HEADERS | st.binary(max_size=400), max_size=20),
    st.sampled_from([b".localhost", b""]),
)
def test_the_leaf_and_its_twin_agree(steps: list[tuple[str, bytes, int]], headers: list[bytes], suffix: bytes) -> None:
    """Whatever is put in and asked for."""
    tables = [routetable.HostTable(suffix), routetable_twin.HostTable(suffix)]
    for table in tables:
        for step, host, number in steps:
            if step == "host":
                table.put_host(host, number)
            elif step == "id":
                table.put_id(host, number)
            elif step == "-host":
                table.drop_host(host)
            else:
                table.drop_id(host)
    fast, twin = tables
    assert [fast.find(header) for header in headers] == [twin.find(header) for header in headers]
    assert [fast.by_id(header) for header in headers] == [twin.by_id(header) for header in headers]
    assert len(fast) == len(twin)


def table() -> RouteTable:
    """Two tenants on one node, one on none."""
    table = RouteTable("platform.com")
    table.put_node(Node("node-1", "10.0.0.1:8091"))
    table.put_route(Route("t_1", "shop.example.com", "node-1", 3, "active"))
    table.put_route(Route("t_2", "two.platform.com", "node-1", 1, "active"))
    table.put_route(Route("t_3", "three.platform.com"))
    return table


@pytest.mark.parametrize(
    ("host", "tenant_id"),
    [
        (b"shop.example.com", "t_1"),
        (b"SHOP.example.com.:443", "t_1"),
        (b"t_1.platform.com", "t_1"),
        (b"two.platform.com:8080", "t_2"),
        (b"t_2.PLATFORM.com", "t_2"),
        (b"t_3.platform.com", "t_3"),
        (b"platform.com", None),
        (b"x.t_1.platform.com", None),
        (b"shop.example.com.evil.com", None),
        (b"", None),
        (b"[::1]:8090", None),
        (b"a" * 400, None),
    ],
)
def test_a_tenant_is_found_by_its_domain_and_by_its_id(host: bytes, tenant_id: str | None) -> None:
    """Whole host first, then the id before the platform's domain."""
    route = table().find(host)
    assert (route.tenant_id if route else None) == tenant_id


def test_a_nodes_new_address_reaches_its_routes() -> None:
    """The address is the node's, so one change is enough; a node that is gone has none."""
    routes = table()
    routes.put_node(Node("node-1", "10.0.0.9:8091"))
    assert [routes.by_tenant(t).address for t in ("t_1", "t_2", "t_3")] == ["10.0.0.9:8091", "10.0.0.9:8091", ""]
    routes.drop_node("node-1")
    assert routes.by_tenant("t_1").address == ""
    routes.put_node(Node("node-1", "10.0.0.2:8091"))
    routes.put_route(Route("t_1", "shop.example.com", "node-1", 4, "active"))
    assert routes.by_tenant("t_1").address == "10.0.0.2:8091"


def test_domains_may_change_hands_in_any_order() -> None:
    """A domain that another tenant took meanwhile stays that one's."""
    routes = table()
    routes.put_route(Route("t_2", "shop.example.com", "node-1", 1, "active"))
    routes.put_route(Route("t_1", "new.example.com", "node-1", 3, "active"))
    assert routes.find(b"shop.example.com").tenant_id == "t_2"
    assert routes.find(b"new.example.com").tenant_id == "t_1"
    assert routes.find(b"two.platform.com") is None
    routes.drop_route("t_1")
    routes.drop_route("t_1")
    assert routes.find(b"new.example.com") is None
    assert routes.by_tenant("t_1") is None
    assert len(routes) == 2
    routes.put_route(Route("t_9", "nine.example.com"))
    assert routes.find(b"nine.example.com").tenant_id == "t_9"


def test_a_waiter_is_told_once_of_its_tenants_change() -> None:
    """A new route, or the address of its node, wakes it; forgotten waiters sleep on."""
    routes, told = table(), []
    routes.on_change("t_3", lambda: told.append("t_3"))
    routes.on_change("t_2", lambda: told.append("t_2"))
    routes.on_change("t_2", lambda: told.append("never"))()
    routes.put_route(Route("t_3", "three.platform.com", "node-1", 1, "deploying"))
    routes.put_route(Route("t_3", "three.platform.com", "node-1", 1, "active"))
    assert told == ["t_3"]
    routes.put_node(Node("node-1", "10.0.0.9:8091"))
    assert told == ["t_3", "t_2"]


def test_all_waiters_are_told_though_they_forget_themselves() -> None:
    """One that forgets itself while it is told does not hide the next."""
    routes, told = table(), []

    def wait(name: str) -> None:
        def wake() -> None:
            told.append(name)
            forget()

        forget = routes.on_change("t_3", wake)

    for name in ("first", "second", "third"):
        wait(name)
    routes.put_route(Route("t_3", "three.platform.com", "node-1", 1, "active"))
    assert told == ["first", "second", "third"]


@pytest.mark.parametrize("module", [routetable, routetable_twin], ids=["leaf", "twin"])
def test_tenants_that_come_and_go_leave_nothing_behind(module: ModuleType) -> None:
    """A hundred generations of a thousand tenants: only the last is found, all of it."""
    made = module.HostTable(b".platform.com")
    for generation in range(100):
        for number in range(1000):
            made.put_host(b"shop%d-%d.example.com" % (number, generation), number)
            made.put_id(b"t%d" % number, number + generation)
            if generation:
                made.drop_host(b"shop%d-%d.example.com" % (number, generation - 1))
        assert len(made) == 1000
    for number in range(1000):
        assert made.find(b"SHOP%d-99.example.com:1" % number) == number
        assert made.find(b"shop%d-98.example.com" % number) == -1
        assert made.find(b"t%d.platform.com" % number) == number + 99
    for number in range(1000):
        made.drop_id(b"t%d" % number)
    assert len(made) == 0
    assert made.by_id(b"t5") == -1
