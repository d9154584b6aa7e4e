"""The command line: what it asks, what it prints, what status it leaves."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pbe.cli import server
from pbe.cli.main import main

TENANT = {"id": "shop", "domain": "shop.example.com", "status": "active", "node_id": "node-1", "quotas": {}}


class Answers:
    """Stands for the server: records what is asked and answers from a list."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.ready: list[tuple[int, Any]] = []

    def exchange(self, _server: server.Server, method: str, target: str, body: Any) -> tuple[int, bytes]:
        """What `Server` calls instead of a socket."""
        self.asked.append((method, target, body))
        status, answer = self.ready.pop(0)
        return status, b"" if answer is None else json.dumps(answer).encode()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """A server that is not there."""
    fake = Answers()
    monkeypatch.setattr(server.Server, "_exchange", lambda *args: fake.exchange(*args))
    monkeypatch.delenv("PBE_SERVER", raising=False)
    monkeypatch.delenv("PBE_TOKEN", raising=False)
    return fake


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; its status and what it printed."""

    def go(*words: str) -> tuple[int, str, str]:
        try:
            status = main(words)
        except SystemExit as left:
            status = int(left.code or 0)
        out = capsys.readouterr()
        return status, out.out, out.err

    return go


def test_create_sends_what_was_given(answers: Answers, run: Run) -> None:
    """`pbe tenant create` posts the id, the domain and the options, and prints the tenant."""
    answers.ready = [(201, TENANT)]
    status, out, _ = run(
        *("tenant", "create", "shop", "--domain", "shop.example.com", "--plan", "pro"),
        *("--quota", "max_storage=5", "--metadata", "a=b", "--superuser", "a@b.co", "secret12"),
    )
    assert status == 0
    assert answers.asked == [
        (
            "POST",
            "/api/cp/tenants",
            {
                "id": "shop",
                "domain": "shop.example.com",
                "plan": "pro",
                "quotas": {"max_storage": 5},
                "metadata": {"a": "b"},
                "superuser": {"email": "a@b.co", "password": "secret12"},
            },
        )
    ]
    assert "shop.example.com" in out


def test_list_reads_every_page(answers: Answers, run: Run) -> None:
    """A list is read page by page and printed as one table."""
    other = {**TENANT, "id": "two"}
    answers.ready = [(200, {"items": [TENANT], "totalPages": 2}), (200, {"items": [other], "totalPages": 2})]
    status, out, _ = run("tenant", "list", "--status", "active")
    assert status == 0
    assert [target for _, target, _ in answers.asked] == [
        "/api/cp/tenants?page=1&perPage=500&status=active",
        "/api/cp/tenants?page=2&perPage=500&status=active",
    ]
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["ID", "DOMAIN", "STATUS"]
    assert [line.split()[0] for line in lines[1:]] == ["shop", "two"]


def test_json_prints_what_the_server_said(answers: Answers, run: Run) -> None:
    """--json prints the answer, before or after the command's name."""
    answers.ready = [(200, TENANT), (200, TENANT)]
    for words in (("--json", "tenant", "show", "shop"), ("tenant", "show", "shop", "--json")):
        status, out, _ = run(*words)
        assert (status, json.loads(out)) == (0, TENANT)


def test_a_refusal_is_told_with_its_fields_and_status_1(answers: Answers, run: Run) -> None:
    """An error of the server is one line on standard error."""
    refusal = {"status": 400, "message": "Failed.", "data": {"domain": {"code": "x", "message": "Taken."}}}
    answers.ready = [(400, refusal), (400, refusal)]
    status, out, err = run("tenant", "create", "shop", "--domain", "shop.example.com")
    assert (status, out, err) == (1, "", "pbe: Failed. domain: Taken.\n")
    status, out, _ = run("tenant", "create", "shop", "--domain", "shop.example.com", "--json")
    assert (status, json.loads(out)) == (1, refusal)


def test_an_error_that_is_no_json_is_told_by_its_status(answers: Answers, run: Run) -> None:
    """A proxy's page is not printed."""
    answers.ready = [(502, None)]
    assert run("tenant", "show", "shop") == (1, "", "pbe: The server answered 502.\n")


def test_ids_are_one_segment_of_the_path(answers: Answers, run: Run) -> None:
    """An id cannot reach another path."""
    answers.ready = [(404, {"message": "Not found."})]
    run("tenant", "show", "a/../b?c")
    assert answers.asked[0][1] == "/api/cp/tenants/a%2F..%2Fb%3Fc"


def test_a_superuser_is_saved_with_a_password_from_standard_input(
    answers: Answers, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` reads the password, so that it is in no list of processes."""
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("pass123456\n"))
    answers.ready = [(200, {"tenant_id": "shop", "email": "a@b.co"})]
    status, out, _ = run("tenant", "superuser", "upsert", "shop", "a@b.co", "-")
    assert answers.asked == [("PUT", "/api/cp/tenants/shop/superuser", {"email": "a@b.co", "password": "pass123456"})]
    assert (status, out) == (0, "Saved superuser a@b.co of shop.\n")


def test_health_leaves_1_when_the_cluster_is_not_well(answers: Answers, run: Run) -> None:
    """Scripts read the status."""
    answers.ready = [(200, {"status": "healthy"}), (200, {"status": "degraded"})]
    assert [run("health")[0], run("health")[0]] == [0, 1]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("node", "list"), ("GET", "/api/cp/nodes?page=1&perPage=500", None)),
        (("node", "drain", "n1"), ("POST", "/api/cp/nodes/n1/drain", None)),
        (("node", "undrain", "n1"), ("POST", "/api/cp/nodes/n1/undrain", None)),
        (("tenant", "delete", "shop"), ("DELETE", "/api/cp/tenants/shop", None)),
        (("tenant", "migrate", "shop", "n2"), ("POST", "/api/cp/tenants/shop/migrate", {"targetNode": "n2"})),
        (("tenant", "update", "shop", "--plan", "pro"), ("PATCH", "/api/cp/tenants/shop", {"plan": "pro"})),
        (("placement", "show"), ("GET", "/api/cp/config/placement", None)),
        (("placement", "set", '{"a":1}'), ("PUT", "/api/cp/config/placement", {"a": 1})),
        (("placement", "explain", "shop"), ("GET", "/api/cp/tenants/shop/placement", None)),
        (("placement", "moves", "--max", "3"), ("GET", "/api/cp/config/placement/moves?max=3", None)),
        (("raft", "status"), ("GET", "/api/cp/raft/status", None)),
        (("raft", "add", "cp-4", "h:7000"), ("POST", "/api/cp/raft/members", {"id": "cp-4", "address": "h:7000"})),
        (("raft", "remove", "cp-4"), ("DELETE", "/api/cp/raft/members/cp-4", None)),
        (("raft", "snapshot"), ("POST", "/api/cp/raft/snapshot", None)),
        (("raft", "transfer", "cp-2"), ("POST", "/api/cp/raft/transfer", {"target": "cp-2"})),
    ],
)
def test_each_command_asks_one_thing(answers: Answers, run: Run, words: tuple[str, ...], asked: Any) -> None:
    """A command is one request."""
    answers.ready = [(200, {"items": [], "totalPages": 1, "members": [{"id": "cp-1"}]})]
    assert run(*words)[0] == 0
    assert answers.asked == [asked]


@pytest.mark.parametrize(
    "words", [(), ("tenant",), ("tenant", "create", "x"), ("nonsense",), ("tenant", "show", "x", "--nonsense")]
)
def test_a_wrong_command_line_is_one_line_and_status_2(run: Run, words: tuple[str, ...]) -> None:
    """A mistake of the command line asks nothing of a server."""
    status, out, err = run(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("tenant", "update", "shop"),
        ("tenant", "update", "shop", "--quota", "max_storage"),
        ("tenant", "update", "shop", "--quota", "max_storage=x"),
        ("placement", "set", "{"),
        ("--server", "ftp://x", "health"),
    ],
)
def test_a_wrong_value_is_one_line_and_status_1(run: Run, answers: Answers, words: tuple[str, ...]) -> None:
    """A wrong value is told before anything is asked."""
    status, _, err = run(*words)
    assert (status, err.count("\n"), answers.asked) == (1, 1, [])
