"""A reference to one or several records of another collection."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pbe.errors import field_error
from pbe.schema import go_cast, rules
from pbe.schema.field import Entry, SettingsContext, ValueContext, Verdict, option
from pbe.schema.field_many import ManyField
from pbe.schema.question import RelatedExist


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationField(ManyField):
    """Ids of `min_select` to `max_select` records; `cascade_delete` deletes this record together with them."""

    help: str = option("str", "")  # type: ignore[misc]
    collection_id: str = option("str", "")
    cascade_delete: bool = option("bool", False)
    min_select: int = option("int", 0)
    max_select: int = option("int", 0)
    required: bool = option("bool", False)  # type: ignore[misc]

    type: ClassVar[str] = "relation"

    def validate(self, value: Any, context: ValueContext) -> Verdict:
        """As many as allowed; whether the records exist is a question."""
        ids = go_cast.to_unique_strings(value)
        if not ids:
            return rules.REQUIRED if self.required else None
        if self.min_select > 0 and len(ids) < self.min_select:
            text = f"Select at least {self.min_select}"
            return field_error("validation_not_enough_values", text, {"minSelect": self.min_select})
        limit = max(self.max_select, 1)
        if len(ids) > limit:
            return field_error("validation_too_many_values", f"Select no more than {limit}", {"maxSelect": limit})
        return RelatedExist(self.collection_id, tuple(ids))

    def check_settings(self, context: SettingsContext) -> dict[str, Any] | None:
        """The other collection exists, never changes, and is no view unless this is one."""
        few = self.min_select > 0
        errors: dict[str, Entry | None] = self.base_errors()
        errors["collectionId"] = rules.required(self.collection_id) or self._check_collection(context)
        errors["minSelect"] = rules.first(self.min_select, rules.at_least(0))
        errors["maxSelect"] = rules.first(
            self.max_select, rules.required if few else None, rules.at_least(self.min_select)
        )
        return rules.gather(**errors)

    def _check_collection(self, context: SettingsContext) -> Entry | None:
        old = context.old
        if isinstance(old, RelationField) and old.collection_id != self.collection_id:
            return field_error("validation_field_relation_change", "The relation collection cannot be changed.")
        other = context.collection(self.collection_id)
        if other is None or other.id != self.collection_id:
            return field_error("validation_field_relation_missing_collection", "The relation collection doesn't exist.")
        if not context.is_view and other.type == "view":
            text = "Only view collections are allowed to have relations to other views."
            return field_error("validation_relation_field_non_view_base_collection", text)
        return None
