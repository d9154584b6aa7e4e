"""Stories of authentication, told to the real server and to pbe alike."""

import json
import re
import time
from email.message import EmailMessage
from typing import Any

from tests.integration.smtp_sink import SmtpSink
from tests.kit.oidc_flow import code_for
from tests.parity.harness.exchange import Call, Peer

REDIRECT = "http://127.0.0.1:1/callback"
_VOLATILE = frozenset({
    "id", "created", "updated", "token", "accessToken", "expiry", "recordRef", "collectionRef", "otpId", "mfaId",
    "iat", "exp", "at_hash", "iss", "port",
})  # fmt: skip
Answered = tuple[int, Any]


class Teller:
    """Asks one server, and keeps every answer."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.told: list[Answered] = []

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """The answer's body; the answer is part of the story."""
        headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
        raw = json.dumps(body).encode() if body is not None else None
        answer = self.peer.ask(Call(method, path, headers, raw))
        value = json.loads(answer.body) if answer.body else None
        self.told.append((answer.status, scrubbed(value)))
        return value

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the superuser."""
        return self.ask(method, path, body, self.peer.tokens["admin"])


def scrubbed(value: Any) -> Any:
    """The value without what differs from run to run."""
    if isinstance(value, dict):
        return {key: "*" if key in _VOLATILE and value[key] else scrubbed(value[key]) for key in sorted(value)}
    return [scrubbed(item) for item in value] if isinstance(value, list) else value


def oauth2_story(peer: Peer, issuer: str) -> list[Answered]:
    """Sign up, log in again, link, unproved addresses, wrong codes, id_tokens, rules."""
    teller = Teller(peer)
    base = {
        "name": "oidc",
        "clientId": "client",
        "clientSecret": "secret",
        "authURL": f"{issuer}/auth",
        "tokenURL": f"{issuer}/token",
        "userInfoURL": f"{issuer}/me",
    }

    def flow(account: str, token: str = "", **more: Any) -> Any:
        methods = json.loads(peer.ask(Call("GET", "/api/collections/users/auth-methods")).body)
        provider = methods["oauth2"]["providers"][0]
        code = code_for(provider["authURL"], REDIRECT, account)["code"]
        body = {"provider": "oidc", "code": code, "codeVerifier": provider["codeVerifier"], "redirectURL": REDIRECT}
        return teller.ask("POST", "/api/collections/users/auth-with-oauth2", body | more, token)

    def configure(**options: Any) -> None:
        teller.admin("PATCH", "/api/collections/users", options)

    configure(oauth2={"enabled": True, "providers": [base]})
    flow("ada")
    flow("ada")
    flow("unproved")
    flow("bob", createData={"name": "Own", "email": "own@example.com"})
    flow("carl", code="wrong")
    flow("carl", codeVerifier="x" * 43)
    flow("carl", redirectURL="http://other.example")
    flow("dora", createData={"email": "bad"})
    flow("dora", createData=5)
    account = {"email": "eve@example.com", "password": "pass123456", "passwordConfirm": "pass123456"}
    teller.admin("POST", "/api/collections/users/records", account)
    flow("eve")
    login = {"identity": "eve@example.com", "password": "pass123456"}
    teller.ask("POST", "/api/collections/users/auth-with-password", login)
    teller.admin("POST", "/api/collections/users/records", {**account, "email": "f@example.com", "verified": True})
    session = teller.ask("POST", "/api/collections/users/auth-with-password", {**login, "identity": "f@example.com"})
    flow("fred", session["token"])
    teller.admin("GET", "/api/collections/_externalAuths/records?sort=created&fields=provider,providerId")
    silent = {**base, "userInfoURL": ""}
    configure(oauth2={"providers": [silent]})
    flow("gus")
    for extra in (
        {"issuers": ["http://other.example"]},
        {"issuers": [issuer], "jwksURL": f"{issuer}/jwks"},
        {"jwksURL": f"{issuer}/nosuch"},
    ):
        configure(oauth2={"providers": [{**silent, "extra": extra}]})
        flow("hal")
    configure(createRule=None, oauth2={"providers": [base]})
    flow("ivy")
    configure(createRule="@request.context = 'oauth2' && name = 'Name of ivy'")
    flow("ivy")
    flow("jon")
    configure(oauth2={"providers": [{**base, "tokenURL": "http://127.0.0.1:1/x"}]})
    flow("ivy")
    return teller.told


def mail_story(peer: Peer, sink: SmtpSink) -> tuple[list[Answered], list[tuple[str, str, str]]]:
    """Verification, reset, change of address, OTP, MFA and alert, each with its mail read back.

    The second list has sender, recipient and subject of each mail.
    """
    teller = Teller(peer)
    users = "/api/collections/users"
    smtp = {"enabled": True, "host": "127.0.0.1", "port": sink.port, "localName": "localhost"}
    meta = {"appName": "Shop & Co", "senderName": "Shop", "senderAddress": "shop@example.com"}
    teller.admin("PATCH", "/api/settings", {"smtp": smtp, "meta": meta})
    start = {"email": "ada@example.com", "password": "pass123456", "passwordConfirm": "pass123456"}
    teller.admin("POST", f"{users}/records", start)
    count = sink.count()

    def mailed(pattern: str) -> str:
        nonlocal count
        count += 1
        letter = sink.wait(count)[count - 1]
        found = re.search(pattern, body_of(letter))
        assert found, body_of(letter)
        return found[1]

    token_link = r"/auth/[a-z-]+/([\w.-]+)"
    teller.ask("POST", f"{users}/request-verification", {"email": "ada@example.com"})
    token = mailed(token_link)
    teller.ask("POST", f"{users}/request-verification", {"email": "ada@example.com"})
    for _ in range(2):
        teller.ask("POST", f"{users}/confirm-verification", {"token": token})
    teller.ask("POST", f"{users}/request-password-reset", {"email": "ada@example.com"})
    token = mailed(token_link)
    reset = {"token": token, "password": "another123", "passwordConfirm": "another123"}
    for _ in range(2):
        teller.ask("POST", f"{users}/confirm-password-reset", reset)
    login = {"identity": "ada@example.com", "password": "another123"}
    session = teller.ask("POST", f"{users}/auth-with-password", login)["token"]
    teller.ask("POST", f"{users}/request-email-change", {"newEmail": "lady@example.com"}, session)
    token = mailed(token_link)
    teller.ask("POST", f"{users}/confirm-email-change", {"token": token, "password": "wrong"})
    for _ in range(2):
        teller.ask("POST", f"{users}/confirm-email-change", {"token": token, "password": "another123"})
    teller.ask("GET", f"{users}/records", None, session)
    teller.admin("PATCH", users, {"otp": {"enabled": True, "length": 8}})
    otp = teller.ask("POST", f"{users}/request-otp", {"email": "lady@example.com"})["otpId"]
    password = mailed(r"(\d{8})")
    _settle(teller, otp)
    teller.ask("POST", f"{users}/auth-with-otp", {"otpId": otp, "password": "00000000"})
    for _ in range(2):
        teller.ask("POST", f"{users}/auth-with-otp", {"otpId": otp, "password": password})
    teller.ask("POST", f"{users}/request-otp", {"email": "nobody@example.com"})
    teller.admin("PATCH", users, {"mfa": {"enabled": True, "rule": "email = 'lady@example.com'"}})
    login = {"identity": "lady@example.com", "password": "another123"}
    mfa = teller.ask("POST", f"{users}/auth-with-password", login)["mfaId"]
    teller.ask("POST", f"{users}/auth-with-password", {**login, "mfaId": mfa})
    teller.ask("POST", f"{users}/auth-with-password", {**login, "mfaId": "nosuch"})
    otp = teller.ask("POST", f"{users}/request-otp", {"email": "lady@example.com"})["otpId"]
    password = mailed(r"(\d{8})")
    _settle(teller, otp)
    teller.ask("POST", f"{users}/auth-with-otp?mfaId={mfa}", {"otpId": otp, "password": password})
    teller.ask("POST", f"{users}/auth-with-otp?mfaId={mfa}", {"otpId": otp, "password": password})
    teller.admin("POST", "/api/settings/test/email", {"email": "x@example.com", "template": "login-alert"})
    mailed(r"(TEST_IP)")
    letters = sink.wait(count)
    return teller.told, [(str(one["from"]), str(one["to"]), str(one["subject"])) for one in letters]


def _settle(teller: Teller, otp_id: str) -> None:
    """Wait until the server has noted to which address the one-time password went."""
    for _ in range(200):
        call = Call("GET", f"/api/collections/_otps/records/{otp_id}", {"Authorization": teller.peer.tokens["admin"]})
        if json.loads(teller.peer.ask(call).body).get("sentTo"):
            return
        time.sleep(0.02)
    raise AssertionError("sentTo was never noted")


def body_of(letter: EmailMessage) -> str:
    """The HTML of a mail."""
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())
