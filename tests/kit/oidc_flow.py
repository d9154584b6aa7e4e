"""What a browser does at an OpenID provider: follow redirects with cookies until the code comes back."""

import http.client
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

REDIRECTS_MAX = 10


def code_for(authorization_url: str, redirect_uri: str, account: str) -> dict[str, str]:
    """The query with which the provider calls `redirect_uri` back, for `account`."""
    url = f"{authorization_url}{redirect_uri}&login_hint={account}"
    cookies: dict[str, str] = {}
    for _ in range(REDIRECTS_MAX):
        if url.startswith(redirect_uri):
            return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        url = _follow(url, cookies)
    raise AssertionError(f"the provider never came back: {url}")


def _follow(url: str, cookies: dict[str, str]) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    connection.request("GET", target, headers={"Cookie": header} if header else {})
    response = connection.getresponse()
    body = response.read()
    for line in response.headers.get_all("set-cookie") or ():
        for name, morsel in SimpleCookie(line).items():
            cookies[name] = morsel.value
    connection.close()
    location = response.headers.get("location")
    if location is None:
        raise AssertionError(f"no redirect from {url}: {response.status} {body[:300]!r}")
    return location if "://" in location else f"{parts.scheme}://{parts.netloc}{location}"
