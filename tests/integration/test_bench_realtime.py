"""The realtime bench, run small so that it cannot rot."""

from bench.realtime import run


def test_the_bench_runs_and_nothing_is_lost() -> None:
    """Every event of every write is heard, from both servers and by both transports."""
    results = run("tiny", 1.0)
    assert [result.name for result in results] == ["real SSE", "pbe SSE", "pbe WS"]
    for result in results:
        assert result.events == result.expected > 0, result.line()
