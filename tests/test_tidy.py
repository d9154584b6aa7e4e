"""The house rules that a machine can hold."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def tracked(*patterns: str) -> list[Path]:
    """The files git knows under the patterns, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).exists()]


def test_no_file_is_longer_than_a_sitting() -> None:
    """A source file has at most 400 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("pbe/*.py", "pbe/*.pyx", "tests/*.py", "bench/*.py")
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
    }
    assert not long, f"split by noun: {long}"


def test_no_function_is_longer_than_a_screen() -> None:
    """A function has at most 70 lines."""
    long = []
    for path in tracked("pbe/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {lines}")
    assert not long, f"split: {long}"


def test_only_roles_name_the_reactor() -> None:
    """The reactor is an argument everywhere but in roles."""
    named = [
        str(path.relative_to(ROOT))
        for path in tracked("pbe/*.py")
        if "pbe/roles/" not in path.as_posix() and "pbe/cli/" not in path.as_posix()
        for node in ast.walk(ast.parse(path.read_text()))
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "twisted.internet"
            and any(alias.name == "reactor" for alias in node.names)
        )
        or (isinstance(node, ast.Import) and any(alias.name == "twisted.internet.reactor" for alias in node.names))
    ]
    assert not named, f"take the reactor as an argument: {named}"


def test_no_second_sqlite_is_imported() -> None:
    """Two copies of SQLite in one process lose commits: apsw's is the only one."""
    banned = ("import sqlite3", "from sqlite3", "import pysqlite3")
    sources = tracked("pbe/*.py", "pbe/*.pyx")
    named = [str(path.relative_to(ROOT)) for path in sources if any(b in path.read_text() for b in banned)]
    assert not named
