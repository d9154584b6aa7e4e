"""What a validation has to ask the database; `schema` itself does no IO.

A field's `validate` may return one of these instead of an error. Whoever holds the database answers it and takes
the error that the answer means.
"""

from dataclasses import dataclass
from typing import Any

from pbe.errors import field_error

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RelatedExist:
    """How many of `ids` are records of the collection? All of them have to be."""

    collection_id: str
    ids: tuple[str, ...]

    def error(self, found: int | None) -> Entry | None:
        """found: the number of distinct records, or None where there is no such collection."""
        if found is None:
            return field_error(
                "validation_missing_rel_collection", "Relation connection is missing or cannot be accessed"
            )
        if found != len(self.ids):
            return field_error(
                "validation_missing_rel_records", "Failed to find all relation records with the provided ids"
            )
        return None


@dataclass(frozen=True, slots=True)
class IdFree:
    """Is there no record with this id yet, compared without case? `otherwise` is the error of a free but bad id."""

    id: str
    otherwise: Entry | None

    def error(self, taken: bool) -> Entry | None:
        """taken: whether there is such a record."""
        if taken:
            return field_error("validation_pk_invalid", "The record primary key is invalid or already exists.")
        return self.otherwise


Question = RelatedExist | IdFree
