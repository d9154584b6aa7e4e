"""A journey with the stock Python SDK: log in, make records, hear of them. Arguments: base URL, e-mail, password."""

import queue
import socket
import sys
from typing import Any

from pocketbase import PocketBase

HEARD_S_MAX = 10.0
find = socket.getaddrinfo


def here(host: Any, *args: Any, **more: Any) -> Any:
    """*.localhost is this machine, whatever its resolver says."""
    return find("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **more)


def main(base: str, email: str, password: str) -> None:
    """The journey; raises where something is not as it should be."""
    socket.getaddrinfo = here
    client = PocketBase(base)
    client.collection("_superusers").auth_with_password(email, password)
    rules = {"listRule": "", "viewRule": ""}
    client.collections.create({"name": "words", "type": "base", "fields": [{"name": "word", "type": "text"}], **rules})
    heard: queue.Queue[Any] = queue.Queue()
    client.collection("words").subscribe(heard.put)
    first = None
    while first is None or heard.empty():  # the SDK subscribes in the background: write until it hears
        first = client.collection("words").create({"word": "first"})
        try:
            event = heard.get(timeout=0.2)
            break
        except queue.Empty:
            continue
    assert (event.action, event.record.word) == ("create", "first")
    while not heard.empty():
        heard.get()
    client.collection("words").update(first.id, {"word": "second"})
    event = heard.get(timeout=HEARD_S_MAX)
    assert (event.action, event.record.id, event.record.word) == ("update", first.id, "second")
    client.collection("words").delete(first.id)
    event = heard.get(timeout=HEARD_S_MAX)
    assert (event.action, event.record.id) == ("delete", first.id)
    client.collection("words").unsubscribe()
    assert client.collection("words").get_list(1, 10).total_items >= 0
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
