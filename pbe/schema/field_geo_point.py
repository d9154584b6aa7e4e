"""A place on the earth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pbe.errors import field_error
from pbe.schema import go_json, rules
from pbe.schema.field import Field, ValueContext, Verdict, option
from pbe.schema.field_number import number_json


class GeoPoint(NamedTuple):
    """Degrees of longitude and latitude."""

    lon: float = 0.0
    lat: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPointField(Field):
    """A point; 0,0 stands for none."""

    help: str = option("str", "")  # type: ignore[misc]
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "geoPoint"

    def column_type(self) -> str:
        """A JSON object of two numbers."""
        return """JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL"""

    def zero(self) -> GeoPoint:
        """0,0."""
        return GeoPoint()

    def cast(self, raw: Any) -> GeoPoint:
        """An object with lon and lat, or its JSON text; 0,0 where either is no number."""
        if isinstance(raw, GeoPoint):
            return raw
        if isinstance(raw, str | bytes):
            raw = _parsed(raw)
        if not isinstance(raw, Mapping):
            return GeoPoint()
        lon, lat = _degrees(raw.get("lon")), _degrees(raw.get("lat"))
        return GeoPoint() if lon is None or lat is None else GeoPoint(lon, lat)

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """Within ±180 and ±90 degrees."""
        if value.lat == 0 and value.lon == 0:
            return rules.REQUIRED if self.required else None
        if not -90 <= value.lat <= 90:
            return field_error("validation_invalid_latitude", "Latitude must be between -90 and 90 degrees.")
        if not -180 <= value.lon <= 180:
            return field_error("validation_invalid_longitude", "Longitude must be between -180 and 180 degrees.")
        return None

    def to_column(self, value: Any) -> str:
        """JSON text, lon first."""
        return f'{{"lon":{go_json.number_text(value.lon)},"lat":{go_json.number_text(value.lat)}}}'

    def to_json(self, value: Any) -> dict[str, float]:
        """An object, lon first."""
        return {"lon": number_json(value.lon), "lat": number_json(value.lat)}


def _parsed(raw: str | bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _degrees(raw: Any) -> float | None:
    if raw is None:
        return 0.0
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
