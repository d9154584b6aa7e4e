"""The flags of `twistd pbe`."""

from pathlib import Path

import pytest

from pbe.tap import Options


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of whoever runs the tests is not theirs."""
    import os

    for name in list(os.environ):
        if name.startswith(("PBE_", "S3_", "AWS_", "RAFT_", "NODE_", "CONTROL_PLANE", "TLS_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def parse(*words: str) -> Options:
    """The options of a command line."""
    options = Options()
    options.parseOptions(list(words))
    return options


def test_every_spelling_of_a_flag_is_taken() -> None:
    """--flag=value, --flag value, short flags and aliases all work."""
    got = parse(
        "--mode=all-in-one", "--data-dir", "/data", "--http", "127.0.0.1:1", "--debug", "--create-admin=false"
    ).config
    assert (got.dir, got.http_addr.port, got.debug, got.create_admin) == (Path("/data"), 1, True, False)
    assert parse("-d", "/x").config.dir == Path("/x")


def test_the_documented_start_of_all_in_one_with_a_bucket_works() -> None:
    """`--mode=all-in-one --dir=/data --s3-endpoint --s3-bucket`, as documented."""
    got = parse("--mode=all-in-one", "--dir=/data", "--s3-endpoint=http://localhost:4566", "--s3-bucket=pbe-dev").config
    assert got.replica_url == "s3://pbe-dev"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--nonsense"], "pbe: There is no flag --nonsense; see --help."),
        (["--mode", "nonsense"], "pbe: --mode must be one of"),
        (["--mode"], "pbe: --mode needs a value."),
        (["nonsense"], "pbe: There is no argument 'nonsense'"),
        (["--http=127.0.0.1:1", "--http-addr=127.0.0.1:2"], "pbe: --http-addr is given twice"),
        (["--debug=perhaps"], "pbe: --debug must be true or false"),
        (["--mode=gateway"], "pbe: --control-plane is needed"),
    ],
)
def test_a_wrong_flag_is_one_sentence_and_status_1(words: list[str], sentence: str, tmp_path: Path) -> None:
    """The process ends before anything is touched."""
    with pytest.raises(SystemExit) as left:
        parse(*words)
    assert str(left.value.code).startswith(sentence)
    assert not list(tmp_path.iterdir())


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists the settings and leaves with status 0."""
    with pytest.raises(SystemExit) as left:
        parse("--help")
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert all(flag in out for flag in ("--mode", "--replica-url", "--create-admin"))
