"""Regular expressions in RE2's dialect."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.schema import pattern


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a", "missing closing ]: `[a`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("x{1001}", "invalid repeat count: `{1001}`"),
        (r"\y", r"invalid escape sequence: `\y`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("\\", "trailing backslash at end of expression: ``"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
    ],
)
def test_a_wrong_pattern_gets_the_runtimes_own_sentence(text: str, sentence: str) -> None:
    """Clients see the text, so it has to be the same."""
    entry = pattern.rule(text)
    assert entry is not None
    assert entry["message"] == f"Error parsing regexp: {sentence}."


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("^[a-z]+$", "abc", "abc\n"),
        (r"^\d+$", "12", "١٢"),
        (r"^\w+$", "a_1", "é"),
        ("a.c", "abc", "a\nc"),
        ("(?s)a.c", "a\nc", "ac"),
        ("(?i)^ABC$", "abc", "abd"),
        ("^(?:a|b)*c{2,}$", "abccc", "abc"),
        (r"^\Qa.b\E$", "a.b", "axb"),
        ("^[[:alpha:]]$", "x", "1"),
        (r"^\p{Greek}+$", "αβ", "ab"),
        ("^[^a]$", "b", "a"),
        ("^a{,2}$", "a{,2}", "aa"),
    ],
)
def test_matching_keeps_to_the_dialect(text: str, yes: str, no: str) -> None:
    """Anchors, classes and flags mean what RE2 says."""
    assert pattern.found(text, yes)
    assert not pattern.found(text, no)


def test_a_pattern_that_would_run_for_ever_is_cut_short() -> None:
    """A tenant's pattern cannot hold up the others."""
    assert not pattern.found("^(a+)+$", "a" * 40 + "!")


@given(st.sampled_from(["[a-z0-9]{15}", "x(y|zz)+[A-F]?", r"\d{3}-\w*", "[^a]{2}", ".{3}"]), st.integers(0, 1000))
def test_generated_text_matches_its_pattern(text: str, seed: int) -> None:
    """Whatever the random bytes are."""
    numbers = itertools.count(seed)
    made = pattern.generate(text, lambda size: (next(numbers) * 2654435761).to_bytes(16)[-size:])
    assert pattern.found(f"^(?:{text})$", made)


def test_anchors_cannot_be_generated() -> None:
    """The error names the runtime's operator."""
    with pytest.raises(pattern.PatternError) as raised:
        pattern.generate("^a$", os.urandom)
    assert raised.value.sentence == "unsupported pattern operator 9"


@given(st.text(alphabet="ab[](){}*+?|^$\\.-:P<>=!dpQE,0123", max_size=12))
def test_any_text_is_a_pattern_or_an_error(text: str) -> None:
    """Nothing but `PatternError` comes out of the parser, and what it takes can be searched with."""
    if pattern.rule(text) is None and text:
        pattern.found(text, "ab01")


@given(
    st.sampled_from(["^[a-z0-9]+$", "^ab{2}c*$", "^[^a]{1,3}x$", r"^\d{3}-\d+$", "^a", "^a?$", "^a+$b", "^[a-z]+"]),
    st.text("abcx059-\n\x00é", max_size=8),
)
def test_a_pattern_that_cannot_backtrack_finds_what_re2_finds(text: str, value: str) -> None:
    """They are searched without a time limit, by another engine."""
    assert pattern._linear(text) is not None
    assert pattern.found(text, value) is pattern._found_in_linear_time(text, value)


@pytest.mark.parametrize("text", ["a+", "^a+b+$", "^(a|aa)+$", "^(?i)a+$", "(?m)^a+$"])
def test_a_pattern_that_may_backtrack_is_timed(text: str) -> None:
    """One that starts anywhere, repeats freely twice, or holds groups."""
    assert pattern._linear(text) is None
