"""`pbe raft restore` and `pbe raft recover`: a process that mends its folder and ends."""

import time
from typing import Any

from pbe.consensus import rescue
from pbe.consensus.archive import newest
from pbe.errors import InvariantBroken, PbeError
from pbe.roles.config import Config
from pbe.roles.folder import Folder
from pbe.roles.tools import Tools
from pbe.roles.values import ConfigError
from pbe.storage.lmdb_control import LmdbControl

LOUD = (
    "THIS MEMBER IS THE ONLY ONE NOW. What the lost members had acknowledged and this one never received is gone.",
    "Wipe the folders of the lost members before they start again, and let them join with --raft-join.",
)


class RescueRole:
    """Restores or recovers the control plane's folder, says what it did, and stops the reactor."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._tools = Tools(reactor)
        self._folder: Folder | None = None

    async def start(self) -> list[str]:
        """Do it; ConfigError where it cannot be done, and nothing is changed then."""
        config = self._config
        self._folder = Folder(config.dir)
        store = LmdbControl(config.dir / "control")
        try:
            lines = await self._restore(store) if config.rescue == "restore" else self._recover(store)
        except InvariantBroken:
            raise
        except PbeError as error:
            raise ConfigError(f"Nothing was changed: {error}.") from error
        finally:
            store.close()
        self._tools.reactor.callLater(0, self._tools.reactor.stop)
        return lines

    async def _restore(self, store: LmdbControl) -> list[str]:
        config = self._config
        key, snapshot = await newest(self._tools.store(config))
        members = {peer.id: str(peer.address) for peer in config.raft_peers} or {config.node_id: config.raft_address}
        rescue.restore(store, config.node_id, members, snapshot)
        records = sum(len(table) for table in snapshot.fleet.state.tables.values())
        return [
            f"Restored {config.node_id} from {key}: {records} records, hash {snapshot.fleet.state_hash}.",
            f"Members: {', '.join(members)}. Restore each from this same snapshot before any is started.",
        ]

    def _recover(self, store: LmdbControl) -> list[str]:
        config = self._config
        address = str(config.raft_advertise_addr or config.raft_bind_addr or "")
        lost = rescue.recover(store, config.node_id, address, int(time.time() * 1000))
        return [f"Recovered {config.node_id} without {', '.join(lost) or 'anybody else'}.", *LOUD]

    async def stop(self) -> None:
        """Give the folder back."""
        self._tools.close()
        if self._folder is not None:
            self._folder.close()
