from pbe.host.score import Use, first_to_leave, scores


def test_a_tenant_in_constant_use_scores_best() -> None:
    """Used now, busiest and smallest: everything counts fully."""
    uses = [Use("busy", 0.0, 10.0, 0), Use("idle", 1800.0, 0.0, 100)]
    assert scores(uses, 1800.0) == {"busy": 1.0, "idle": 0.0}


def test_the_weights_are_a_half_three_tenths_and_a_fifth() -> None:
    """Each of the three alone moves the score by its weight."""
    base = Use("a", 1800.0, 0.0, 100)
    others = [base, Use("b", 0.0, 0.0, 100), Use("c", 1800.0, 5.0, 100), Use("d", 1800.0, 0.0, 0)]
    assert scores(others, 1800.0) == {"a": 0.0, "b": 0.5, "c": 0.3, "d": 0.2}


def test_the_lowest_leaves_and_ties_go_to_the_longest_idle() -> None:
    """Beyond the idle limit all count the same, so the age decides, then the id."""
    assert first_to_leave([Use("b", 4000.0, 0, 0), Use("a", 2000.0, 0, 0), Use("c", 0.0, 0, 0)], 1800.0) == "b"
    assert first_to_leave([Use("b", 4000.0, 0, 0), Use("a", 4000.0, 0, 0)], 1800.0) == "a"
    assert first_to_leave([], 1800.0) is None
