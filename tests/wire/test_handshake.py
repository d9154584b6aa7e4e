"""The greeting of two peers, and of peers who lie."""

import pytest

from pbe.errors import PeerError
from pbe.wire import frame, kinds
from pbe.wire.frame import Decoder, Frame
from pbe.wire.handshake import Handshake

SECRET = b"s" * 32


def sides(secret: bytes = SECRET) -> tuple[Handshake, Handshake]:
    """A dialler and a listener."""
    dialler = Handshake(dialled=True, secret=SECRET, name="gw-1", role="gateway", nonce=b"d" * 32)
    return dialler, Handshake(dialled=False, secret=secret, name="cp-1", role="control-plane", nonce=b"l" * 32)


def frames(data: bytes) -> list[Frame]:
    """The frames in `data`."""
    return Decoder().feed(data)


def greet(dialler: Handshake, listener: Handshake) -> None:
    """Carry the frames both ways until both are done."""
    (hello,) = frames(dialler.start())
    theirs, proof = frames(listener.receive(hello))
    dialler.receive(theirs)
    (own,) = frames(dialler.receive(proof))
    assert listener.receive(own) == b""


def test_peers_of_one_secret_know_each_other() -> None:
    """Both learn the other's name and role, and neither before it proved itself."""
    dialler, listener = sides()
    greet(dialler, listener)
    assert dialler.peer is not None
    assert listener.peer is not None
    assert (dialler.peer.name, listener.peer.role) == ("cp-1", "gateway")


def test_a_stranger_is_refused_and_learns_no_proof() -> None:
    """A listener with another secret gets no answer to its challenge."""
    dialler, listener = sides(b"x" * 32)
    theirs, proof = frames(listener.receive(frames(dialler.start())[0]))
    dialler.receive(theirs)
    with pytest.raises(PeerError, match="secret"):
        dialler.receive(proof)
    assert dialler.peer is None


def test_words_cannot_be_reflected_or_replayed() -> None:
    """Our own hello, the listener's proof sent back, and a proof of another greeting are refused."""
    dialler, listener = sides()
    (hello,) = frames(dialler.start())
    with pytest.raises(PeerError):
        dialler.receive(hello)
    _, proof = frames(listener.receive(hello))
    with pytest.raises(PeerError):
        listener.receive(proof)
    again = Handshake(dialled=False, secret=SECRET, name="cp-1", role="control-plane", nonce=b"m" * 32)
    first, second = sides()
    theirs, right = frames(second.receive(frames(first.start())[0]))
    first.receive(theirs)
    (own,) = frames(first.receive(right))
    again.receive(frames(first.start())[0])
    with pytest.raises(PeerError):
        again.receive(own)


@pytest.mark.parametrize(
    "got",
    [
        Frame(kinds.CALL, 1, b"\x93\xa1a\x01\xc0"),
        Frame(kinds.HELLO, 0, b""),
        Frame(kinds.HELLO, 0, b"\x94\xa1x\xa1a\xa1b\xc4\x00"),
        Frame(kinds.HELLO, 0, b"\xff" * 40),
        Frame(kinds.PROOF, 0, b"\0" * 32),
    ],
)
def test_anything_but_a_hello_ends_the_greeting(got: Frame) -> None:
    """A call before the proof, an empty hello, another protocol, garbage."""
    with pytest.raises(PeerError):
        sides()[1].receive(got)
    assert frame.HANDSHAKE_FRAME_BYTES_MAX >= 512
