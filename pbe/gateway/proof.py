"""How a node knows that a request came through a gateway: a proof by the cluster's secret, one per tenant."""

import hashlib
import hmac

from pbe.gateway.heads import PEER, PROOF, SECURE, TENANT, strip_ours
from pbe.ids import is_tenant_id
from pbe.web.request import Request

PROOFS_MAX = 100_000


class Proofs:
    """Makes and checks proofs. A proof holds for one tenant and as long as the secret; it is not for clients' eyes."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"pbe gateway to node", hashlib.sha256)
        self._known: dict[str, bytes] = {}

    def of(self, tenant_id: str) -> bytes:
        """The proof for one tenant."""
        proof = self._known.get(tenant_id)
        if proof is None:
            if len(self._known) >= PROOFS_MAX:
                self._known.clear()
            proof = hmac.digest(self._key, tenant_id.encode(), hashlib.sha256).hex().encode()
            self._known[tenant_id] = proof
        return proof

    def accept(self, request: Request) -> bool:
        """On a node: take tenant and peer from a gateway's request, and drop those headers from any.

        False, and no tenant, where there is no good proof: the request did not come through a gateway.
        """
        headers = request.headers
        claimed, proof = headers.get_bytes(TENANT), headers.get_bytes(PROOF)
        peer, secure = headers.get_bytes(PEER), headers.get_bytes(SECURE)
        strip_ours(headers.raw)
        request.tenant_id = None
        if claimed is None or proof is None:
            return False
        tenant_id = claimed.decode("latin-1")
        if not is_tenant_id(tenant_id) or not hmac.compare_digest(proof, self.of(tenant_id)):
            return False
        request.tenant_id = tenant_id
        request.peer = (peer or b"").decode("latin-1")
        request.local = False
        request.secure = secure == b"1"
        return True
