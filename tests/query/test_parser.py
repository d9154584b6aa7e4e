"""The filter's words and their tree."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbe.query.errors import FilterError
from pbe.query.parser import parse
from pbe.query.tree import Call, Comparison, Group, Identifier, Number, Text


def words(group: Group) -> object:
    """A tree as nested tuples, short enough to read."""
    out: list[object] = []
    for word, member in group.members:
        if isinstance(member, Group):
            out.append((word, words(member)))
        else:
            out.append((word, member.left.text, member.operator, member.right.text))
    return out


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a=1", [("AND", "a", "=", "1")]),
        ("a=1&&b!=-2.5", [("AND", "a", "=", "1"), ("AND", "b", "!=", "-2.5")]),
        ("a ?!~ 'x' || @b.c:d >= \"y\"", [("AND", "a", "?!~", "x"), ("OR", "@b.c:d", ">=", "y")]),
        ("((((a=1))))", [("AND", "a", "=", "1")]),
        ("a=1 && (b=2 || c=3)", [("AND", "a", "=", "1"), ("AND", [("AND", "b", "=", "2"), ("OR", "c", "=", "3")])]),
        ("a=1 // no ' matter\n && b=2", [("AND", "a", "=", "1"), ("AND", "b", "=", "2")]),
        ("// first\na=1//last", [("AND", "a", "=", "1")]),
        ("a='it\\'s (' && (b=')')", [("AND", "a", "=", "it's ("), ("AND", [("AND", "b", "=", ")")])]),
        ("a (b=1)", [("AND", "b", "=", "1")]),
        ("a = (b=1)", [("AND", "b", "=", "1")]),
        ("a=1 || b=2 (c=3)", [("AND", "a", "=", "1"), ("OR", "b", "=", "2"), ("OR", [("AND", "c", "=", "3")])]),
        ("a=1\x00 && b=2", [("AND", "a", "=", "1"), ("AND", "b", "=", "2")]),
        ("a=1 \x00 && nonsense", [("AND", "a", "=", "1")]),
        ("a='é\u4e16'", [("AND", "a", "=", "é世")]),
    ],
)
def test_texts_become_trees(text: str, tree: object) -> None:
    """Each accepted form gives its tree, the odd ones that PocketBase accepts too."""
    got = words(parse(text))
    if isinstance(got, list) and isinstance(tree, list) and len(tree) == 1 and len(got) == 1:
        while isinstance(got[0][1], list):
            got = got[0][1]
    assert got == tree


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n", "// only a comment", "()", "a", "a=", "=1", "a=1 &&", "&& a=1", "a=1 & b=2", "a=1 b=2", "a==1",
        "a=?1", "a=1 || ()", "(a=1", "a=1)", "a='x", "a=\"x'", "a=1.", "a=.5", "a=-", "a=1e999", "a=1 / b=2",
        "a.=1", "a:=1", "@=1", "_=1", "#=1", "é=1", "a=1;", "a=1 \r", "a=1 ~", "f(=1", "f(a b)=1", "f(,a)=1",
        "f(a,,b)=1", "f((a))=1", "f(g(h(i(1))))=1", "a='x\x00'", "$a=1", "a=[1]", "a={:b}", "a=`b`",
    ],
)  # fmt: skip
def test_wrong_texts_are_refused(text: str) -> None:
    """Each malformed text raises FilterError."""
    with pytest.raises(FilterError):
        parse(text)


def test_functions_keep_their_arguments() -> None:
    """A call's arguments are tokens of their own, spaces, comments and a trailing comma aside."""
    tree = parse("f(a, 'b' // c\n , -1, g(h(),),) = 1")
    left = tree.members[0][1]
    assert isinstance(left, Comparison)
    inner = Call("g", (Call("h", ()),))
    assert left.left == Call("f", (Identifier("a"), Text("b"), Number("-1"), inner))


def test_a_deep_nest_costs_no_stack() -> None:
    """Parentheses nested as deep as a filter is long are read without recursion."""
    depth = 100_000
    assert words(parse("(" * depth + "a=1" + ")" * depth)) == [("AND", "a", "=", "1")]


@given(st.text(alphabet="ab1.'\"()&|=!~?<>@:_, /\\\n\x00é", max_size=40))
@example("(//'\n(a=1)//'\n)")
@example("('\\')")
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Garbage gives a tree or a FilterError, never another exception."""
    try:
        tree = parse(text)
    except FilterError:
        return
    assert tree.members
