"""The documentation of the settings is the table of the settings."""

from pathlib import Path

from pbe.roles.settings import SETTINGS, Setting

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.rst"


def entry(setting: Setting) -> str:
    """One setting as the page has it."""
    spelled = [f"--{name}" for name in (setting.name, *setting.flags)]
    if setting.short:
        spelled.append(f"-{setting.short}")
    names = ", ".join(f"``{name}``" for name in (*spelled, *setting.variables))
    return f"{names}\n    {setting.help[0].upper()}{setting.help[1:]}."


def test_every_setting_is_documented_with_all_its_spellings() -> None:
    """docs/configuration.rst has each setting; what it should say is shown when it does not."""
    page = " ".join(PAGE.read_text().split())
    missing = [entry(setting) for setting in SETTINGS if " ".join(entry(setting).split()) not in page]
    assert not missing, "put this into docs/configuration.rst:\n\n" + "\n\n".join(missing)
