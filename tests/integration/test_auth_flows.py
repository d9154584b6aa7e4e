"""Log-ins by provider and by mail, whole, at the real server and at pbe: the same answers and the same mails."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.auth_story import REDIRECT, mail_story, oauth2_story
from tests.integration.smtp_sink import SmtpSink
from tests.parity.harness.exchange import Peer
from tests.parity.harness.servers import PbeServer, RealTemplate, free_port
from tests.peers import JS, node, node_modules


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Peer, Peer]]:
    """The real server and a tenant of pbe."""
    template = RealTemplate(tmp_path_factory.mktemp("real"))
    with template.peer() as real, PbeServer.start(tmp_path_factory.mktemp("pbe")) as pbe, pbe.peer() as ours:
        yield real, ours


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[str]:
    """A running OpenID provider."""
    port = free_port()
    (tmp_path / "node_modules").symlink_to(node_modules())
    (tmp_path / "provider.mjs").write_text((JS / "provider.mjs").read_text())
    command = [str(node()), "provider.mjs", str(port), "client", "secret", REDIRECT]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_oauth2_against_a_real_provider(peers: tuple[Peer, Peer], issuer: str) -> None:
    """Each step of the story is answered by both alike: sign-up, linking, id_tokens, rules, and every refusal."""
    real, ours = (oauth2_story(peer, issuer) for peer in peers)
    for position, (theirs, mine) in enumerate(zip(real, ours, strict=True)):
        assert mine == theirs, f"step {position}"
    assert [status for status, _ in ours].count(200) > 15


def test_every_mail_and_what_its_token_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both send the same mails to the same people, and their tokens and passwords do the same."""
    template = RealTemplate(tmp_path_factory.mktemp("real"))
    with template.peer() as real, SmtpSink(tmp_path_factory.mktemp("their mails")) as sink:
        theirs, their_mails = mail_story(real, sink)
    pbe_folder, mails = tmp_path_factory.mktemp("pbe"), tmp_path_factory.mktemp("my mails")
    with PbeServer.start(pbe_folder) as pbe, pbe.peer() as peer, SmtpSink(mails) as sink:
        mine, my_mails = mail_story(peer, sink)
    for position, (one, other) in enumerate(zip(theirs, mine, strict=True)):
        assert other == one, f"step {position}"
    assert my_mails == their_mails
