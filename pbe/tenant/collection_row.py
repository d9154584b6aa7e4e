"""Rows of `_collections`."""

from pbe.schema import Collection
from pbe.schema.collection import COLUMNS
from pbe.storage.sqlite import Transaction

_NAMES = ", ".join(f"`{name}`" for name in COLUMNS)
_INSERT = f"INSERT INTO `_collections` ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"
_UPDATE = f"UPDATE `_collections` SET {', '.join(f'`{name}` = ?' for name in COLUMNS)} WHERE id = ?"


def insert_collection(tx: Transaction, collection: Collection) -> None:
    """Add a row."""
    row = collection.to_row()
    tx.execute(_INSERT, [row[name] for name in COLUMNS])


def update_collection(tx: Transaction, collection: Collection, stored_id: str) -> None:
    """Overwrite the row with this id."""
    row = collection.to_row()
    tx.execute(_UPDATE, [*(row[name] for name in COLUMNS), stored_id])


def delete_collection(tx: Transaction, collection_id: str) -> None:
    """Remove the row with this id."""
    tx.execute("DELETE FROM `_collections` WHERE id = ?", (collection_id,))
