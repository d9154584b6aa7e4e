"""Kept rules mean the same as rules compiled anew."""

import pytest

from pbe.query.errors import FilterError
from pbe.query.select import Selection, columns, rows
from pbe.tenant.rule_cache import RuleCache
from tests.kit.query_world import POSTS, USERS, FakeAuth, FakeRequest, World

RULES = [
    "author = @request.auth.id",
    "@request.auth.id != '' && n > 0",
    "@request.auth.id = null || title ~ 'o'",
    "@request.auth.name = author.name",
    "@request.auth.posts_via_author.title ?= title",
    "@collection.posts.author ?= @request.auth.id && n != 0",
    "title ~ @request.auth.id",
    "@request.auth.id ~ 'u1'",
    "@request.auth.id:lower = author",
    "@request.auth.email ~ 'ann'",
    "@request.auth.collectionName = 'users'",
    "@request.method = 'GET' && n > 0",
    "@request.body.title:isset = true",
    "day < @now",
    "@request.query.q = title",
    "tags.owner ?= @request.auth.id",
    "strftime('%Y', day) = '2024' || author ?= @request.auth.id",
]
PEOPLE = [None, FakeAuth("u1", USERS, {"email": "ann@x.y"}), FakeAuth("u2", USERS, {"email": "bob@x.y"})]
REQUESTS = [
    FakeRequest(auth=auth, query={"q": title}, method=method, body={"title": 1} if title == "one" else {})
    for auth in PEOPLE
    for title, method in (("one", "GET"), ("two", "POST"))
]
EVERY = columns([one.name for one in POSTS.fields])


@pytest.mark.parametrize("rule", RULES)
def test_a_kept_rule_finds_what_a_fresh_one_finds(rule: str) -> None:
    """For guests and two users in turn, twice, whatever the request says."""
    world, cache = World(), RuleCache()
    for request in [*REQUESTS, *reversed(REQUESTS)]:
        kept = cache.compiled(world, 0, POSTS, rule, request, 1_800_000_000.0)
        selection = Selection(world, POSTS, request, 1_800_000_000.0)
        selection.rule(rule)
        fresh = selection.compiled()
        assert (kept.joins.text, kept.where.text, kept.distinct) == (fresh.joins.text, fresh.where.text, fresh.distinct)
        assert kept.params == fresh.params
        mine, theirs = rows(kept, EVERY, 30), rows(fresh, EVERY, 30)
        assert list(world.db.execute(mine.sql, mine.params)) == list(world.db.execute(theirs.sql, theirs.params))


def test_a_changed_catalog_forgets() -> None:
    """Another generation compiles anew, and a wrong rule stays wrong."""
    world, cache = World(), RuleCache()
    first = cache.compiled(world, 1, POSTS, "n > 0", REQUESTS[0], 0.0)
    assert cache.compiled(world, 1, POSTS, "n > 0", REQUESTS[0], 0.0) is first
    assert cache.compiled(world, 2, POSTS, "n > 0", REQUESTS[0], 0.0) is not first
    for _ in range(2):
        with pytest.raises(FilterError):
            cache.compiled(world, 2, POSTS, "nope > 0", REQUESTS[0], 0.0)
