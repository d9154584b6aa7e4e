"""Settings are read, merged, stored and masked as the stock server does."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant.settings import DEFAULTS, Settings, SettingsUnreadable

STOCK = (
    b'{"superuserIPs":[],"smtp":{"enabled":false,"port":587,"host":"smtp.example.com","username":"","password":"",'
    b'"authMethod":"","tls":false,"localName":""},"backups":{"cron":"","cronMaxKeep":3,"s3":{"enabled":false,'
    b'"bucket":"","region":"","endpoint":"","accessKey":"","forcePathStyle":false}},"s3":{"enabled":false,"bucket":"",'
    b'"region":"","endpoint":"","accessKey":"","forcePathStyle":false},"meta":{"accentColor":"#1055c9",'
    b'"appName":"Acme","appURL":"http://localhost:8090","senderName":"Support","senderAddress":"support@example.com",'
    b'"hideControls":false},"rateLimits":{"rules":[{"label":"*:auth","audience":"","duration":3,"maxRequests":2},'
    b'{"label":"*:create","audience":"","duration":5,"maxRequests":20},{"label":"/api/batch","audience":"",'
    b'"duration":1,"maxRequests":3},{"label":"/api/","audience":"","duration":10,"maxRequests":300}],'
    b'"excludedIPs":[],"enabled":false},"trustedProxy":{"headers":[],"useLeftmostIP":false},"batch":{"enabled":false,'
    b'"maxRequests":50,"timeout":3,"maxBodySize":0},"logs":{"maxDataSize":0,"maxDays":5,"minLevel":0,"logIP":true,'
    b'"logAuthId":false}}'
)


def test_a_fresh_tenant_stores_what_the_stock_server_stores() -> None:
    """The default document equals, byte for byte, what PocketBase 0.40.6 writes."""
    assert Settings.default().to_json() == STOCK


def test_a_stored_document_is_read_back() -> None:
    """Reading what was written changes nothing."""
    changed = Settings.default().merged({"s3": {"secret": "x"}, "smtp": {"password": "p"}})
    assert Settings.from_json(changed.to_json()).document == changed.document


def test_secrets_are_masked() -> None:
    """Neither SMTP's password nor an S3 secret can be read back; an update that leaves them out keeps them."""
    secret = {"smtp": {"password": "p"}, "s3": {"secret": "q"}, "backups": {"s3": {"secret": "r"}}}
    settings = Settings.default().merged(secret)
    public = settings.public()
    assert "password" not in public["smtp"]
    assert "secret" not in public["s3"]
    assert "secret" not in public["backups"]["s3"]
    again = settings.merged(public)
    assert again.document == settings.document


@pytest.mark.parametrize(
    ("patch", "path", "value"),
    [
        ({"META": {"APPname": "x"}}, ("meta", "appName"), "x"),
        ({"meta": None}, ("meta", "appName"), ""),
        ({"meta": {"appName": None}}, ("meta", "appName"), ""),
        ({"rateLimits": {"rules": None}}, ("rateLimits", "rules"), []),
        ({"nosuch": 1}, ("meta", "appName"), "Acme"),
        ({"superuserIPs": ["::1"]}, ("superuserIPs",), ["::1"]),
        (
            {"rateLimits": {"rules": [{"label": "x", "zz": 1}]}},
            ("rateLimits", "rules"),
            [{"label": "x", "audience": "", "duration": 0, "maxRequests": 0}],
        ),
    ],
)
def test_a_patch_merges_like_go(patch: object, path: tuple[str, ...], value: object) -> None:
    """Names match in any case, null is zero, lists are replaced, unknown names are ignored."""
    found: object = Settings.default().merged(patch).document
    for name in path:
        assert isinstance(found, dict)
        found = found[name]
    assert found == value


@pytest.mark.parametrize(
    "patch",
    [
        [],
        5,
        "x",
        {"meta": 5},
        {"meta": {"appName": 5}},
        {"smtp": {"port": "25"}},
        {"smtp": {"port": 25.5}},
        {"smtp": {"port": True}},
        {"smtp": {"enabled": 1}},
        {"trustedProxy": {"headers": [1]}},
        {"rateLimits": {"rules": {}}},
        {"rateLimits": {"rules": [5]}},
    ],
)
def test_another_type_is_refused(patch: object) -> None:
    """A value of another type refuses the whole patch."""
    with pytest.raises(SettingsUnreadable):
        Settings.default().merged(patch)


def test_a_value_that_is_no_json_is_refused() -> None:
    """An encrypted or damaged document has one error."""
    with pytest.raises(SettingsUnreadable):
        Settings.from_json(b"\x00garbage")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DEFAULTS, "rules", "x"]), inner),
    max_leaves=8,
)


@given(_json)
def test_any_patch_leaves_a_whole_document_or_none(patch: object) -> None:
    """Fuzz: whatever is merged, the result has every name and can be stored and read."""
    try:
        settings = Settings.default().merged(patch)
    except SettingsUnreadable:
        return
    assert list(settings.document) == list(DEFAULTS)
    assert Settings.from_json(settings.to_json()).document == settings.document
    assert orjson.dumps(settings.public())
