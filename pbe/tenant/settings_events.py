"""The events of settings, named as PocketBase names them. Hooks may replace what they carry."""

from pbe.tenant.pipeline import Event
from pbe.tenant.settings import Settings


class SettingsListEvent(Event):
    """A superuser reads the settings."""

    __slots__ = ("settings",)

    def __init__(self, settings: Settings) -> None:
        super().__init__("onSettingsListRequest")
        self.settings = settings


class SettingsUpdateEvent(Event):
    """A superuser changes the settings from `old` to `new`."""

    __slots__ = ("new", "old")

    def __init__(self, old: Settings, new: Settings) -> None:
        super().__init__("onSettingsUpdateRequest")
        self.old = old
        self.new = new
