"""Values of settings, whatever the text."""

from hypothesis import given
from hypothesis import strategies as st

from pbe.roles import values
from pbe.roles.settings import SETTINGS


@given(st.sampled_from(SETTINGS), st.text(max_size=80))
def test_any_text_is_a_value_or_one_error(setting, text) -> None:  # type: ignore[no-untyped-def]
    """No text makes a parser fail in another way than ConfigError."""
    try:
        setting.parse(text)
    except values.ConfigError as error:
        assert str(error).startswith("must")  # noqa: PT017 - most texts are no error


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), st.integers(0, 65535))
def test_an_address_is_what_it_prints(host: str, port: int) -> None:
    """An address printed and parsed is the same address."""
    address = values.Address(host.rstrip("-"), port)
    assert values.address(str(address)) == address
