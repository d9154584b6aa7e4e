"""Mail without a server: a folder, or a clear refusal; and the text made of HTML."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.mail import mailer
from pbe.mail.mailer import FolderMailer, NoMailer
from pbe.mail.message import MailRefused, Message
from pbe.mail.plain_text import plain_text

MESSAGE = Message("n", "s@x.co", ("a@b.co",), "subject", "<p>hi</p>")


def _run(coroutine: object) -> None:
    with pytest.raises(StopIteration):
        coroutine.send(None)  # type: ignore[attr-defined]


def test_the_folder_holds_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message is a file, named by its time; the oldest go."""
    monkeypatch.setattr(mailer, "FOLDER_MAILS_MAX", 2)
    now = iter(range(1, 100))
    folder = FolderMailer(str(tmp_path / "mail"), lambda: float(next(now)), os.urandom)
    for _ in range(3):
        _run(folder.send(MESSAGE))
    names = sorted(os.listdir(tmp_path / "mail"))
    assert [name[:13] for name in names] == ["0000000003000", "0000000005000"]
    assert b"Subject: subject" in (tmp_path / "mail" / names[0]).read_bytes()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A full or forbidden disk is MailRefused."""
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(MailRefused, match="mail folder"):
        FolderMailer(str(tmp_path / "mail"), lambda: 1.0, os.urandom).send(MESSAGE).send(None)


def test_no_mailer_refuses() -> None:
    """Who has no server reads why."""
    with pytest.raises(MailRefused, match="sendmail"):
        NoMailer().send(MESSAGE).send(None)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>One</p>\n<p>Two <b>bold</b></p>", "One\nTwo bold"),
        ('<p><a class="btn" href="http://x/y">Go there</a></p>', "[Go there](http://x/y)"),
        ("<a>x</a>", "[x]"),
        ("a<br/>b", "a\nb"),
        ("<ul><li>1</li><li>2</li></ul>", "- 1\n- 2"),
        ("<style>p{}</style><p>&lt;x&gt;</p>", "<x>"),
        ("<p>unclosed", "unclosed"),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    """Paragraphs are lines, links keep their address."""
    assert plain_text(html) == text


@given(st.text())
def test_any_html_has_a_text(html: str) -> None:
    """Fuzz: garbage in, some text out, never an error."""
    assert isinstance(plain_text(html), str)
