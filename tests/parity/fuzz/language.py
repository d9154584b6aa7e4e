"""Random filters, rules and sorts over a world's collections; some of them wrong."""

from hypothesis import strategies as st

from tests.parity.fuzz.shapes import IDS, Shape

OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"]
LITERALS = [
    "''", "'a'", "'A'", "'ab'", "'%'", "'a%'", "'_'", "'100%'", "'it\\'s'", "\"x y\"", "0", "1", "2.5", "-3", "12",
    "'12'", "null", "true", "false", "'2024-01-02 03:04:05.678Z'", "'2024'", "'v'", "'s'", "'ünï'", "'1'", "\"a\\\\b\"",
]  # fmt: skip
MACROS = ["@now", "@yesterday", "@todayEnd", "@year", "@month", "@weekday", "@hour"]
REQUEST = [
    "@request.auth.id", "@request.auth.email", "@request.auth.collectionName", "@request.auth.verified",
    "@request.auth.title", "@request.auth.rel.title", "@request.auth.sel:length", "@request.auth.nosuch",
    "@request.method", "@request.context", "@request.query.q", "@request.query.q:isset", "@request.query.nosuch",
    "@request.headers.x_test", "@request.headers.x_test:isset",
]  # fmt: skip


@st.composite
def path(draw: st.DrawFn, shape: Shape, world: dict[str, Shape], depth: int = 3) -> str:
    """A field, perhaps through relations and back-relations, perhaps with a modifier."""
    steps: list[str] = []
    here = shape
    for _ in range(draw(st.integers(0, depth))):
        ways = [(name, target) for name, target in here.relations()]
        for other in world.values():
            ways += [
                (f"{other.name}_via_{name}", other.name) for name, target in other.relations() if target == here.name
            ]
        if not ways:
            break
        step, target = draw(st.sampled_from(ways))
        steps.append(step)
        here = world[target]
    return ".".join([*steps, draw(_last(here))])


@st.composite
def _last(draw: st.DrawFn, shape: Shape) -> str:
    names = [*shape.fields, "id"]
    if shape.kind == "auth":
        names += ["email", "verified", "emailVisibility"]
    name = draw(st.sampled_from(names))
    kind = shape.fields.get(name, {}).get("type", "text")
    if kind == "json":
        name += draw(st.sampled_from(["", ".k", ".k.1.z", ".a.b.0", ".0", ".nosuch", ".k.0"]))
    elif kind == "geoPoint":
        name += draw(st.sampled_from([".lon", ".lat", ""]))
    modifier = draw(st.sampled_from(["", "", "", "", ":lower", ":each", ":length", ":isset", ":changed"]))
    return (
        name + modifier
        if draw(st.integers(0, 30))
        else draw(st.sampled_from(["nosuch", "title.x", "rel.nosuch", name + ":x"]))
    )


@st.composite
def operand(draw: st.DrawFn, shape: Shape, world: dict[str, Shape], rule: bool) -> str:
    """One side of a comparison."""
    kinds = ["path"] * 5 + ["literal"] * 4 + ["macro", "function", "id"]
    if rule:
        kinds += ["request"] * 3 + ["body"] * 3 + ["collection"] * 2
    kind = draw(st.sampled_from(kinds))
    if kind == "path":
        return draw(path(shape, world))
    if kind == "literal":
        return draw(st.sampled_from(LITERALS))
    if kind == "id":
        return repr(draw(st.sampled_from(IDS)))
    if kind == "macro":
        return draw(st.sampled_from(MACROS))
    if kind == "request":
        return draw(st.sampled_from(REQUEST))
    if kind == "body":
        return "@request.body." + draw(path(shape, {shape.name: shape} | world, 1))
    if kind == "collection":
        other = world[draw(st.sampled_from(sorted(world)))]
        return f"@collection.{other.name}{draw(st.sampled_from(['', '', ':x', ':y']))}.{draw(path(other, world, 1))}"
    return draw(_function(shape, world))


@st.composite
def _function(draw: st.DrawFn, shape: Shape, world: dict[str, Shape]) -> str:
    inner = draw(path(shape, world, 2))
    return draw(
        st.sampled_from(
            [
                f"strftime('%Y', {inner})", f"strftime('%Y-%m', {inner}, '+1 month')", "strftime('%H')",
                f"geoDistance({inner}, 50, 10, 50)", "geoDistance(place.lon, place.lat, 10, 50)", f"strftime({inner})",
                f"nosuch({inner})", "strftime('%Y', '2024-05-06')",
            ]
        )
    )  # fmt: skip


@st.composite
def expression(draw: st.DrawFn, shape: Shape, world: dict[str, Shape], *, rule: bool, depth: int = 2) -> str:
    """A whole filter or rule."""
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        if depth and draw(st.integers(0, 4)) == 0:
            parts.append("(" + draw(expression(shape, world, rule=rule, depth=depth - 1)) + ")")
        else:
            left, right = draw(operand(shape, world, rule)), draw(operand(shape, world, rule))
            operator = draw(st.sampled_from(["", "", "?"])) + draw(st.sampled_from(OPERATORS))
            parts.append(f"{left} {operator} {right}")
    words = [draw(st.sampled_from([" && ", " || ", "||"])) for _ in parts[1:]]
    text = parts[0] + "".join(word + part for word, part in zip(words, parts[1:], strict=True))
    return (
        text + draw(st.sampled_from(["", "", "", "", " // x", " &&", ")", "\n"]))
        if draw(st.integers(0, 15)) == 0
        else text
    )


@st.composite
def sort(draw: st.DrawFn, shape: Shape, world: dict[str, Shape]) -> str:
    """A sort that ends in what makes the order one and only."""
    keys = [draw(st.sampled_from(["", "-", "+"])) + draw(path(shape, world, 1)) for _ in range(draw(st.integers(0, 2)))]
    return ",".join([*keys, draw(st.sampled_from(["id", "-id", "@rowid"]))])


@st.composite
def expand(draw: st.DrawFn, shape: Shape, world: dict[str, Shape]) -> str:
    """Paths of relations, some of them wrong."""
    paths = []
    for _ in range(draw(st.integers(1, 3))):
        whole = draw(path(shape, world, 4))
        head = whole.rpartition(".")[0]
        paths.append(head or draw(st.sampled_from(["nosuch", "title", "id", " rel ", "rels.", whole])))
    return ",".join(paths)


FIELDS = [
    "", "", "", "id", "*", "id,title", "*,expand.*", "title:excerpt(1,true)", "expand.rel.id,n", "data.k,id", "nosuch",
    "*:excerpt(2)",
]  # fmt: skip
