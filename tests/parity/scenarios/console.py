"""What the SQL console gives of values: numbers above all, which the stock server's driver turns into texts."""

from typing import Any

_NUMBERS = (
    "0.0", "-0.0", "1.0", "-1.0", "0.1", "1.5", "-99.5", "0.0001", "0.00012345", "0.00001", "1e-7", "-2.5e-7", "100000.0", "999999.0",
    "999999.5", "999999.75", "1000000.0", "1234567.0", "-1234567.25", "12345678.5", "123456789.0", "1e15", "1e16", "1e20", "1e21",
    "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "9007199254740993.0", "0.30000000000000004", "1e999", "-1e999",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "0x10", "1 / 2", "1 / 2.0", "1 / 0", "7 % 3",
)  # fmt: skip
_OTHERS = (
    "NULL", "''", "'a'", "'ä€😀'", "'a' || char(0) || 'b'", "x''", "x'616263'", "x'ff'", "TRUE", "FALSE", "json('{\"a\": 1}')", "json_array(1, 'x', NULL)",
    "date('2026-01-02')", "typeof(1.0)", "CAST('12abc' AS INTEGER)", "CAST(1 AS REAL)", "round(2.5)", "abs(-3)", "length('ä')", "hex('ä')",
)  # fmt: skip
_STATEMENTS = (
    "SELECT 1 AS a, 2 AS a", "SELECT 1 AS \"\", 2 AS [b c]", "SELECT 1; SELECT 2", "SELECT 1;;", ";", "-- nothing", "SELECT 1 -- one", "/* x */ SELECT 1",
    "VALUES (1, 'a'), (2, 'b')", "SELECT 1 WHERE 0", "SELECT id FROM posts ORDER BY id LIMIT 2", "SELECT count(*) AS n FROM posts", "EXPLAIN SELECT 1", "SELECT", "SELEC 1",
    "SELECT nosuch FROM posts", "SELECT * FROM nosuch", "SELECT ?", "SELECT :a", "SELECT ?3", "SELECT @a, ?", "SELECT $a::b(c)", "SELECT 1; SELECT ?", "DELETE FROM posts WHERE id = ?", "SELECT 1\x00, 2", "SELECT '\x00'", "\x00", "SELECT 'it''s'", "SELECT \"nosuch\"", "SELECT nosuchfn(1)", "WITH x AS (SELECT 1 AS v) SELECT v FROM x",
    "UPDATE posts SET title = title WHERE 0", "UPDATE posts SET title = title", "DELETE FROM posts WHERE id = 'nosuch'", "update posts set title = title where 0", "  UPDATE posts SET title = title WHERE 0  ",
    "CREATE TABLE par (a INTEGER, b TEXT, c REAL, d)", "INSERT INTO par VALUES (1, 'x', 2.0, NULL), (2, 'y', 3.5, x'00')", "SELECT * FROM par", "SELECT a + 1, b || 'z', c * 1000000, d FROM par",
    "INSERT INTO par VALUES (1)", "INSERT INTO par (a) VALUES (9) RETURNING a", "REPLACE INTO par (a) VALUES (5)", "ALTER TABLE par ADD COLUMN e", "DELETE FROM par", "DROP TABLE par", "DROP TABLE par",
    "PRAGMA table_info(posts)", "PRAGMA user_version", "SELECT name FROM pragma_table_info('posts')",
)  # fmt: skip
SETUP: list[dict[str, Any]] = [
    {"name": "posts", "POST": "/api/collections", "as": "admin", "json": {"name": "posts", "type": "base", "fields": [{"name": "title", "type": "text"}]}},
    *({"name": f"post {title}", "POST": "/api/collections/posts/records", "as": "admin", "json": {"id": f"{title:0>15}", "title": title}} for title in ("1", "2", "3")),
]  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    {"name": f"sql {number} {query!r:.60}", "POST": "/api/sql", "as": "admin", "json": {"query": query}, "ignore": ["execTime"], "why": "durations"}
    for number, query in enumerate((*(f"SELECT {value} AS v" for value in (*_NUMBERS, *_OTHERS)), *_STATEMENTS))
]  # fmt: skip
