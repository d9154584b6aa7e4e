"""Both sides of a link prove that they know the cluster's secret, without saying it.

    dialler → HELLO(name, role, nonce)          ← listener HELLO(name, role, nonce)
    dialler ← PROOF of the listener over both hellos
    dialler → PROOF of its own                    only then is either side's word worth anything

The listener proves first, so a dialler never answers a stranger's challenge. The proofs differ by side, so neither can
be reflected. This authenticates peers on a network of our own; secrecy and integrity against one who can change bytes
under way are TLS's.
"""

import hashlib
import hmac

import msgspec

from pbe.errors import PeerError
from pbe.wire import frame, kinds, message
from pbe.wire.frame import Frame

NONCE_BYTES = 32
SECRET_BYTES_MIN = 16
PROTOCOL = "pbe-link/1"


class Hello(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """HELLO: `[protocol, name, role, nonce]`; the nonce is 32 fresh random bytes."""

    protocol: str
    name: str
    role: str
    nonce: bytes


class Handshake:
    """One side's part. Feed it the peer's frames until `peer` is set; send what it answers.

    nonce: NONCE_BYTES fresh random bytes of the caller.
    """

    def __init__(self, *, dialled: bool, secret: bytes, name: str, role: str, nonce: bytes) -> None:
        self.dialled = dialled
        self.peer: Hello | None = None
        self._secret = secret
        self._hello = message.encode(Hello(PROTOCOL, name, role, nonce))
        self._theirs = b""
        self._claimed: Hello | None = None

    def start(self) -> bytes:
        """What the dialling side sends first; the listener waits."""
        return frame.encode(kinds.HELLO, 0, self._hello) if self.dialled else b""

    def receive(self, got: Frame) -> bytes:
        """The answer to the peer's frame. Raises `PeerError` for anything but the next step."""
        if self._claimed is None:
            return self._on_hello(got)
        if got.kind != kinds.PROOF or not hmac.compare_digest(got.payload, self._proof(dialler=not self.dialled)):
            raise PeerError("prove a peer", self._claimed.name, hint="it does not know the cluster's secret")
        self.peer = self._claimed
        return frame.encode(kinds.PROOF, 0, self._proof(dialler=True)) if self.dialled else b""

    def _on_hello(self, got: Frame) -> bytes:
        if got.kind != kinds.HELLO:
            raise PeerError("greet a peer", hint="it did not say hello")
        hello = message.decode(got.payload, Hello)
        if hello.protocol != PROTOCOL or len(hello.nonce) != NONCE_BYTES:
            raise PeerError("greet a peer", hello.name[:64], hint=f"it speaks {hello.protocol[:32]!r}")
        if got.payload == self._hello:
            raise PeerError("greet a peer", hello.name[:64], hint="it repeats our own words")
        self._claimed, self._theirs = hello, got.payload
        if self.dialled:
            return b""
        own = frame.encode(kinds.HELLO, 0, self._hello)
        return own + frame.encode(kinds.PROOF, 0, self._proof(dialler=False))

    def _proof(self, *, dialler: bool) -> bytes:
        first, second = (self._hello, self._theirs) if self.dialled else (self._theirs, self._hello)
        side = b"dialler" if dialler else b"listener"
        mac = hmac.new(self._secret, b"pbe link " + side + b"\0", hashlib.sha256)
        for part in (first, second):
            mac.update(len(part).to_bytes(4, "big") + part)
        return mac.digest()
