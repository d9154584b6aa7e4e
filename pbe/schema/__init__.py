"""Collections and their fields: what they are, what makes them valid, and what their tables look like.

Pure: no IO. What only the database knows is returned as a question (`schema.question`).
"""

__all__ = ["AUTH", "BASE", "VIEW", "Collection", "Field", "GeoPoint", "JsonText", "Password", "Upload"]

from pbe.schema.collection import AUTH, BASE, VIEW, Collection
from pbe.schema.field import Field
from pbe.schema.field_file import Upload
from pbe.schema.field_geo_point import GeoPoint
from pbe.schema.field_json import JsonText
from pbe.schema.field_password import Password
