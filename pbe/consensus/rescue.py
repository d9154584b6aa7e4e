"""Last resorts, carried out while the member does not run: a cluster without disks, a cluster without its majority.

`restore` begins a member anew from a snapshot. Every member of the new cluster is restored from the same snapshot with
the same list of members before any is started: they then begin alike. `recover` makes a surviving member the only one.
What a lost majority had acknowledged and this member never received is gone, and a lost member that comes back with its
old disk could lead its own cluster with its like: wipe it, and let it join.
"""

from pbe.consensus.machine import fleet_of
from pbe.consensus.snapshot_file import Snapshot
from pbe.errors import DiskError
from pbe.fleet import Fleet
from pbe.fleet.commands import AuditAppend, encode_entry
from pbe.fleet.tables import encode
from pbe.raft import CONFIG, HardState, bootstrap
from pbe.storage.control import Checkpoint, ControlStore

OPERATOR = "operator"


def restore(store: ControlStore, member_id: str, addresses: dict[str, str], snapshot: Snapshot) -> int:
    """Begin the member from the snapshot, its term one higher; the index. Raises DiskError where there is a state."""
    loaded = store.load()
    if loaded.hard.term or loaded.entries or loaded.checkpoint.index:
        raise DiskError(
            "restore", "control", hint="this folder has a state: move it away to restore", recoverable=False
        )
    store.claim(member_id)
    hard = HardState(term=snapshot.term + 1, commit=snapshot.index)
    _install(store, hard, snapshot.term, snapshot.index, addresses, snapshot.fleet)
    return snapshot.index


def recover(store: ControlStore, member_id: str, address: str, at_ms: int) -> list[str]:
    """Make the member the only one, with all that is in its log; the members that are lost. Audited in the state.

    Raises DiskError where there is no state, or it is another member's.
    """
    loaded = store.load()
    if not loaded.checkpoint.index:
        raise DiskError("recover", "control", hint="this folder has no state to recover", recoverable=False)
    store.claim(member_id)
    fleet = fleet_of(loaded.checkpoint, loaded.records)
    index = loaded.checkpoint.index
    for entry in loaded.entries:
        if entry.index > index:
            if entry.kind != CONFIG and entry.data:
                fleet.apply(entry.data)
            index = entry.index
    config = loaded.checkpoint.config
    lost = sorted(set(config.addresses) - {member_id})
    note = AuditAppend(actor=OPERATOR, action="raft.recover", object=member_id, details={"lost": lost})
    fleet.apply(encode_entry(note, f"recover.{loaded.hard.term}.{index}", at_ms))
    term = loaded.hard.term + 1
    where = address or config.addresses.get(member_id, "")
    _install(store, HardState(term=term, commit=index + 1), term, index + 1, {member_id: where}, fleet)
    return lost


def _install(
    store: ControlStore, hard: HardState, term: int, index: int, addresses: dict[str, str], fleet: Fleet
) -> None:
    records = [
        (name, key, encode(row)) for name, table in fleet.state.tables.items() for key, row in table.rows.items()
    ]
    store.install(hard, Checkpoint(index, term, bootstrap(addresses), encode(fleet.meta())), records)
