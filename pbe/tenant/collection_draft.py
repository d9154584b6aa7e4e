"""The collections of a tenant while a transaction changes them, and what a validation asks of the database."""

from collections.abc import Callable
from typing import TypeVar

from pbe.query.errors import FilterError
from pbe.query.select import Selection
from pbe.schema.collection import Collection, from_row
from pbe.schema.collection_auth import PROVIDERS
from pbe.schema.collection_validate import Surroundings
from pbe.schema.fields import Fields
from pbe.schema.view_query import ViewError
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.catalog import Catalog, read_collections
from pbe.tenant.collection_dry_run import dry_run
from pbe.tenant.collection_row import delete_collection, insert_collection, update_collection
from pbe.tenant.collection_table import has_table
from pbe.tenant.collection_view import view_fields
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.rule_message import rule_message
from pbe.tenant.sql_message import driver_text
from pbe.tenant.tenant import Tenant

T = TypeVar("T")
VIEW_ERROR_CHARS_MAX = 500


class Draft(Surroundings):
    """Begins with the collections as stored; `publish` makes what became of them the tenant's."""

    def __init__(self, tenant: Tenant, tx: Transaction) -> None:
        self.tenant = tenant
        self.tx = tx
        self.catalog = Catalog(read_collections(tx))
        self._view_errors: dict[str, str] = {}

    async def heavy(self, work: Callable[[Transaction], T]) -> T:
        """Run work that may take long on a worker, in this transaction; only where its writes are exclusive."""
        done = await self.tx.heavy_job(lambda connection: work(Transaction(connection)))
        result: T = done
        return result

    async def try_view(self, query: str) -> None:
        """Find out whether the query can be a view's, its first rows included; `view_error` knows from then on."""
        names, random_bytes = self.catalog, self.tenant.services.random_bytes
        try:
            await self.heavy(lambda tx: dry_run(tx, query, names, random_bytes))
        except (ViewError, SqlError) as error:
            text = error.text if isinstance(error, ViewError) else driver_text(error)
            self._view_errors[query] = text[:VIEW_ERROR_CHARS_MAX]
        else:
            self._view_errors[query] = ""

    def publish(self) -> None:
        """From now on requests see these collections; only at the end of the transaction's work."""
        self.tenant.catalog.replace(self.catalog.collections())

    def put(self, collection: Collection, stored_id: str) -> Collection:
        """Write the row, a new one where `stored_id` is empty; the answer is the collection as it reads back."""
        if stored_id:
            update_collection(self.tx, collection, stored_id)
        else:
            insert_collection(self.tx, collection)
        stored = from_row(collection.to_row())
        others = self.catalog.collections()
        if stored_id:
            self.catalog.replace(stored if entry.id == stored_id else entry for entry in others)
        else:
            self.catalog.replace((*others, stored))
        return stored

    def remove(self, collection: Collection) -> None:
        """Delete the row."""
        delete_collection(self.tx, collection.id)
        self.catalog.replace(entry for entry in self.catalog.collections() if entry.id != collection.id)

    def stored(self, collection_id: str) -> Collection | None:
        """The collection with exactly this id."""
        return next((entry for entry in self.catalog.collections() if entry.id == collection_id), None)

    def collection(self, name_or_id: str) -> Collection | None:
        """A stored collection."""
        return self.catalog.collection(name_or_id)

    def view_fields(self, query: str) -> Fields:
        """The fields of a view; raises `ViewError`."""
        return view_fields(self.tx, query, self.catalog.exactly_named, self.tenant.services.random_bytes)

    def name_taken(self, name: str, except_id: str) -> bool:
        """Whether another collection has this name, in any case."""
        wanted = name.lower()
        return any(entry.name.lower() == wanted and entry.id != except_id for entry in self.catalog.collections())

    def id_taken(self, collection_id: str) -> bool:
        """Whether a collection has this id."""
        return self.stored(collection_id) is not None

    def has_table(self, name: str) -> bool:
        """Whether there is such a table or view."""
        return has_table(self.tx, name)

    def index_table(self, index_name: str, except_tables: tuple[str, ...]) -> str:
        """Where an index of this name is."""
        rows = self.tx.query(
            "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND LOWER(name) = LOWER(?)", (index_name,)
        )
        known = {table.lower() for table in except_tables}
        return next((str(table) for (table,) in rows if str(table).lower() not in known), "")

    def rule_error(self, collection: Collection, rule: str) -> str:
        """Why the rule does not compile."""
        try:
            selection = Selection(self.catalog, collection, RequestInfo(method=""), self.tenant.now())
            selection.rule(rule)
            selection.compiled()
        except FilterError as error:
            return rule_message(error)
        return ""

    def view_error(self, query: str) -> str:
        """Why the query cannot be a view's; only after `try_view`."""
        return self._view_errors[query]

    def has_provider(self, name: str) -> bool:
        """Whether the catalogue knows the provider."""
        return name in PROVIDERS
