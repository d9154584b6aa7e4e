"""One member of PySyncObj's replicated dictionary, with its journal on disk, behind the line protocol of `raft_member`.

``python -m bench.raft_pysyncobj MEMBER FOLDER CLIENT_PORT MEMBER=PORT…``. Its reads are local.
"""

import socketserver
import sys
import threading
from pathlib import Path

from pysyncobj import SyncObj, SyncObjConf
from pysyncobj.batteries import ReplDict

VALUE = "x" * 256


class Lines(socketserver.StreamRequestHandler):
    """A client's connection."""

    table: ReplDict
    sync: SyncObj
    names: dict[str, str]

    def handle(self) -> None:
        """A request a line."""
        for line in self.rfile:
            kind, _, key = line.decode().strip().partition(" ")
            if kind == "W":
                done = threading.Event()
                self.table.set(key, VALUE, callback=lambda result, error, done=done: done.set())
                answer = b"+\n" if done.wait(5) else b"-late\n"
            elif kind == "L":
                leader = self.sync._getLeader()
                answer = f"+{self.names.get(str(leader), '')}\n".encode()
            else:
                self.table.get("key")
                answer = b"+\n"
            self.wfile.write(answer)


def main() -> None:
    """Run until killed."""
    member, folder, client_port, *pairs = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    addresses = {name: f"127.0.0.1:{port}" for name, _, port in (pair.partition("=") for pair in pairs)}
    others = [address for name, address in addresses.items() if name != member]
    table = ReplDict()
    conf = SyncObjConf(journalFile=f"{folder}/journal", fullDumpFile=f"{folder}/dump", commandsQueueSize=1_000_000)
    Lines.sync = SyncObj(addresses[member], others, consumers=[table], conf=conf)
    Lines.table = table
    Lines.names = {address: name for name, address in addresses.items()}
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer(("127.0.0.1", int(client_port)), Lines).serve_forever()


if __name__ == "__main__":
    main()
