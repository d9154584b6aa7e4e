"""One call that sends a message to all sockets whose messages differ in a prefix only.

An outlet gives each of its subscriptions a seat on a lane once it knows that its connection is a plain socket.
Whoever has none, or still has something on its way, is served through its outlet.
"""

from pbe._fast import fanout
from pbe.tenant.realtime_client import Subscription
from pbe.tenant.realtime_seat import Lane, Message

Row = tuple[list[int], list[bytes], list[Subscription]]


class Bus:
    """Those of one batch that can be served at once, by lane."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[tuple[Lane, str], Row] = {}

    def board(self, subscription: Subscription) -> bool:
        """Take the subscription along; False where its outlet has to serve it."""
        seat = subscription.seat
        if seat is None or seat.transport.dataBuffer or seat.transport._tempDataBuffer:
            return False
        row = self._rows.get(seat.key)
        if row is None:
            row = self._rows[seat.key] = ([], [], [])
        row[0].append(seat.fd)
        row[1].append(seat.prefix)
        row[2].append(subscription)
        return True

    def go(self, data: bytes, number: int) -> None:
        """Send the message to all that boarded; what a socket did not take goes the usual way behind it."""
        for (lane, topic), (fds, prefixes, members) in self._rows.items():
            tail = lane.tail(Message(topic, data, number))
            for position, sent in fanout.send_all(fds, prefixes, tail, lane.chunked):
                _finish(members[position], prefixes[position] + tail, sent, chunked=lane.chunked)


def _finish(subscription: Subscription, data: bytes, sent: int, *, chunked: bool) -> None:
    seat = subscription.seat
    if seat is None or sent < 0:
        return  # an error: the reactor learns of it by itself and ends the connection
    if chunked:
        data = b"%x\r\n%b\r\n" % (len(data), data)
    seat.transport.write(data[sent:])
