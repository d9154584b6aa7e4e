"""Random requests against a world."""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.parity.fuzz.language import FIELDS, expand, expression, sort
from tests.parity.fuzz.shapes import (
    ANYTHING,
    IDS,
    Shape,
    Step,
    create_collection,
    create_record,
    create_view,
    shapes,
    values,
    view,
)

RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
RECORDS_MAX = 4
STEPS_MIN = 4
STEPS_MAX = 14


@st.composite
def case(draw: st.DrawFn) -> tuple[list[Step], list[Step]]:
    """A set-up and the steps to compare."""
    made = draw(shapes())
    world = {shape.name: shape for shape in made}
    settings = {"batch": {"enabled": True, "maxRequests": 4, "timeout": 3}}
    setup: list[Step] = [{"name": "batches", "PATCH": "/api/settings", "as": "admin", "json": settings}]
    setup += [step for shape in made for step in create_collection(shape)]
    for shape in made:
        for record_id in IDS[: draw(st.integers(1, RECORDS_MAX))]:
            data = draw(values(shape, world))
            if not any(options.get("required") and not data[name] for name, options in shape.fields.items()):
                setup.append(create_record(shape, record_id, data))
                shape.ids.append(record_id)
    views = [draw(view(shape)) for shape in made if draw(st.integers(0, 3)) == 0]
    for shape in views:
        setup.append(create_view(shape))
        world[shape.name] = shape
    people = [shape for shape in made if shape.kind == "auth" and shape.ids]
    for shape in people:
        setup.append(_sign_in(shape))
    steps = [draw(_rules(shape, world)) for shape in made if draw(st.booleans())]
    callers = ["guest", "guest", "admin", *(shape.name for shape in people)]
    for _ in range(draw(st.integers(STEPS_MIN, STEPS_MAX))):
        steps.append(draw(_step([*made, *views], world, callers)))
    return setup, steps


def _sign_in(shape: Shape) -> Step:
    body = {"identity": f"{shape.name}.{shape.ids[0][0]}@x.co", "password": "12345678"}
    target = f"/api/collections/{shape.name}/auth-with-password"
    return {"name": f"{shape.name} signs in", "POST": target, "json": body, "token": {shape.name: "token"}}


@st.composite
def _rules(draw: st.DrawFn, shape: Shape, world: dict[str, Shape]) -> Step:
    rules: dict[str, Any] = {}
    names = RULES[:2] if shape.kind == "view" else RULES
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)):
        null = draw(st.integers(0, 8)) == 0
        rules[name] = None if null else draw(expression(shape, world, rule=True))
    return {"name": f"rules of {shape.name}", "PATCH": f"/api/collections/{shape.name}", "as": "admin", "json": rules}


@st.composite
def _step(draw: st.DrawFn, made: list[Shape], world: dict[str, Shape], people: list[str]) -> Step:
    shape = draw(st.sampled_from(made))
    who = draw(st.sampled_from(people))
    kinds = ["list"] * 6 + ["view"] * 2 + ["create", "update", "update", "delete", "rules", "batch"]
    kind = draw(st.sampled_from(kinds[:9] if shape.kind == "view" else kinds))
    if kind == "rules":
        return draw(_rules(shape, world))
    if kind == "batch":
        return {"name": f"{who}: batch", **draw(_batch(made, world)), "as": who, "headers": {"X-Test": "yes"}}
    step = draw(_request(shape, world, kind, who == "admin"))
    return {"name": f"{who}: {kind} {shape.name}", **step, "as": who, "headers": {"X-Test": "yes"}}


@st.composite
def _request(draw: st.DrawFn, shape: Shape, world: dict[str, Shape], kind: str, admin: bool) -> Step:
    records = f"/api/collections/{shape.name}/records"
    query = {
        "expand": draw(expand(shape, world)) if draw(st.booleans()) else "",
        "fields": draw(st.sampled_from(FIELDS)),
    }
    if kind == "list":
        query["sort"] = draw(sort(shape, world))
        if draw(st.booleans()):
            query["filter"] = draw(expression(shape, world, rule=admin and draw(st.booleans())))
        query["perPage"], query["page"] = draw(st.sampled_from(["", "2"])), draw(st.sampled_from(["", "", "2"]))
    query["q"] = draw(st.sampled_from(["", "a", "1"]))
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items() if value)
    if kind == "list":
        return {"GET": f"{records}?{text}"}
    record_id = draw(st.sampled_from([*(shape.ids or IDS[:1]) * 3, IDS[5]]))
    if kind == "view":
        return {"GET": f"{records}/{record_id}?{text}"}
    if kind == "delete":
        return {"DELETE": f"{records}/{record_id}"}
    body = draw(_body(shape, world))
    if kind == "create":
        return {"POST": f"{records}?{text}", "json": {"id": draw(st.sampled_from(IDS)), **body}}
    return {"PATCH": f"{records}/{record_id}?{text}", "json": body}


@st.composite
def _batch(draw: st.DrawFn, made: list[Shape], world: dict[str, Shape]) -> Step:
    """Up to four writes in one transaction; upserts too."""
    requests: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        shape = draw(st.sampled_from(made))
        kind = draw(st.sampled_from(["create", "update", "delete", "create"]))
        step = draw(_request(shape, world, kind, False))
        method = next(name for name in ("POST", "PATCH", "DELETE") if name in step)
        put = method == "POST" and draw(st.booleans())
        request = {"method": "PUT" if put else method, "url": step[method], "body": step.get("json", {})}
        requests.append(request | ({"headers": {"X-Test": "no"}} if draw(st.booleans()) else {}))
    return {"POST": "/api/batch", "json": {"requests": requests}}


@st.composite
def _body(draw: st.DrawFn, shape: Shape, world: dict[str, Shape]) -> dict[str, Any]:
    """Good values for some fields, and odd ones under odd keys."""
    good = draw(values(shape, world))
    body = {name: value for name, value in good.items() if draw(st.booleans())}
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from([*shape.fields, "nosuch", "id"]))
        before, after = draw(
            st.sampled_from([("", ""), ("", ""), ("", "+"), ("+", ""), ("", "-"), ("", ":autogenerate")])
        )
        if name != "id":
            body[before + name + after] = draw(ANYTHING)
    return body
