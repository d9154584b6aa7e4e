"""One or several files; the value is their names."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from pbe.errors import field_error
from pbe.schema import go_cast, go_json, rules
from pbe.schema.field import Entry, SettingsContext, ValueContext, Verdict, option
from pbe.schema.field_many import ManyField

SIZE_BYTES_MAX_DEFAULT = 5 << 20
NAME_BYTES_MAX = 150
SHOWN_CHARS_MAX = 250
_THUMB = re.compile(r"^(\d+)x(\d+)(t|b|f)?$", re.ASCII)
_FILE_NAME = re.compile(r"[^./\\][^/\\]+")


@runtime_checkable
class Upload(Protocol):
    """A file that came with the request: its new name, the client's name for it, its size and sniffed type."""

    name: str
    original_name: str
    size: int

    def mime_is(self, wanted: str) -> bool:
        """Whether the content is of this type or a kind of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileField(ManyField):
    """At most `max_select` files of `max_size` bytes (5 MB where it is 0) and one of `mime_types`."""

    help: str = option("str", "")  # type: ignore[misc]
    max_size: int = option("long", 0)
    max_select: int = option("int", 0)
    mime_types: tuple[str, ...] = option("strings", ())
    thumbs: tuple[str, ...] = option("strings", ())
    protected: bool = option("bool", False)
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "file"

    def items(self, value: Any) -> list[Any]:
        """Names and uploads, as they are in the value."""
        if isinstance(value, str):
            return list(go_cast.to_unique_strings(value))
        if isinstance(value, Upload):
            return [value]
        if isinstance(value, list | tuple):
            found = (self.items(item) for item in value)
            return [inner[0] for inner in found if len(inner) == 1]
        return list(go_cast.to_unique_strings(value))

    def to_column(self, value: Any) -> str:
        """The names only."""
        names = [item.name if isinstance(item, Upload) else item for item in self.items(value)]
        if self.multiple:
            return go_json.dumps(names)
        return str(names[-1]) if names else ""

    def to_json(self, value: Any) -> Any:
        """The names only."""
        names = [item.name if isinstance(item, Upload) else item for item in self.items(value)]
        if self.multiple:
            return names
        return names[-1] if names else ""

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """A name is good only if the record has that file already; uploads have to keep the limits."""
        files = self.items(value)
        if not files:
            return rules.REQUIRED if self.required else None
        stored = self.items(context.old)
        strange = [item[:SHOWN_CHARS_MAX] for item in files if isinstance(item, str) and item not in stored]
        if strange:
            text = f"Invalid new files: [{' '.join(strange)}]."
            return field_error("validation_invalid_file", text, {"invalidFiles": strange})
        limit = max(self.max_select, 1)
        if len(files) > limit:
            text = f"The maximum allowed files is {limit}"
            return field_error("validation_too_many_files", text, {"maxSelect": limit})
        return next((error for item in files if not isinstance(item, str) and (error := self._check(item))), None)

    def _check(self, upload: Upload) -> Entry | None:
        named = rules.first(upload.name, rules.length(1, NAME_BYTES_MAX), rules.matches(_FILE_NAME.fullmatch))
        if named is not None:
            return named
        limit = self.max_size if self.max_size > 0 else SIZE_BYTES_MAX_DEFAULT
        if upload.size > limit:
            shown = upload.original_name[:300]
            text = f"Failed to upload {shown} - the maximum allowed file size is {limit} bytes."
            return field_error("validation_file_size_limit", text, {"file": shown, "maxSize": limit})
        if self.mime_types and not any(upload.mime_is(wanted) for wanted in self.mime_types):
            text = f'"{upload.name}" mime type must be one of: {", ".join(self.mime_types)}.'
            return field_error("validation_invalid_mime_type", text)
        return None

    def max_body_bytes(self) -> int:
        """All files at their largest."""
        return (self.max_size if self.max_size > 0 else SIZE_BYTES_MAX_DEFAULT) * max(self.max_select, 1)

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """Limits are not negative and thumbs are sizes."""
        thumb = (rules.none_of("0x0", "0x0t", "0x0b", "0x0f"), rules.matches(_THUMB.match))
        return rules.gather(
            **self.base_errors(),
            maxSelect=rules.first(self.max_select, rules.at_least(0), rules.at_most(rules.SAFE_INT_MAX)),
            maxSize=rules.first(self.max_size, rules.at_least(0), rules.at_most(rules.SAFE_INT_MAX)),
            thumbs=rules.each(*thumb)(self.thumbs),
        )
