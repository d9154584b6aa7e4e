"""The kinds of frames, who may send them, and their payloads.

Either side may send every kind once both have proved themselves. A stream is opened by CALL or WATCH with an id that
the sender has not in use: odd from the side that dialled, even from the other.

    HELLO    first frame of both sides       see `handshake.Hello`
    PROOF    second frame of both sides      32 bytes of HMAC-SHA256
    CALL     opens a stream                  `message.Call`
    REPLY    ends a call's stream            the result in msgpack
    FAULT    ends a call's or watch's stream `message.Fault`
    CANCEL   the opener gives the stream up  empty
    WATCH    opens a stream                  `message.Watch`
    EVENT    on a watch's stream             `message.Event`
    POST     stream 0, no answer             `message.encode_post`
    PING     stream 0                        up to 8 bytes
    PONG     stream 0, answers PING          the same bytes
"""

HELLO = 1
PROOF = 2
CALL = 3
REPLY = 4
FAULT = 5
CANCEL = 6
WATCH = 7
EVENT = 8
POST = 9
PING = 10
PONG = 11
