"""The bench of a tenant's HTTP API, run small so that it cannot rot."""

from bench.load_client import answer_end
from bench.tenant_http import GOALS, compare
from tests.peers import pocketbase


def test_the_bench_runs_and_both_servers_give_the_same_answers() -> None:
    """Every line, over a few rows, for a moment."""
    found = compare(40, 0.02, 1, pocketbase())
    assert list(found) == list(GOALS)
    assert all(rate > 0 for rates in found.values() for rate in rates.values())


def test_the_client_finds_the_end_of_an_answer() -> None:
    """By length, by chunks, or of a bare head; never early."""
    for data in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na0\r\n\r\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ):
        assert answer_end(data) == len(data)
        assert all(answer_end(data[:cut]) < 0 for cut in range(len(data)))
