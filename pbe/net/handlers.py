"""What a process offers on its links: methods to call, topics to watch, topics to post to."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from pbe.errors import Misuse


class Peer(Protocol):
    """Who is at the other end."""

    name: str
    role: str

    async def call(self, method: str, body: Any, timeout_s: float) -> Any:
        """Call back."""

    def post(self, topic: bytes, data: bytes) -> bool:
        """Send without an answer."""


class Emit(Protocol):
    """How a source tells its watcher."""

    def __call__(self, revision: int, body: Any) -> None:
        """Send one event; revisions of one watch never go down."""


Method = Callable[[Peer, Any], Coroutine[Any, Any, Any]]
Source = Callable[[int, Emit], Callable[[], None]]
Post = Callable[[Peer, bytes], None]


class Handlers:
    """The offers by name.

    A method is a coroutine of (peer, body) and answers plain data; what it raises of `pbe.errors` is raised at the
    caller. A source is a function of (revision, emit): it emits everything after `revision`, then what happens, until
    the function it answered is called; raising refuses the watch. A post's handler is called with (peer, data).
    """

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}
        self.sources: dict[str, Source] = {}
        self.families: dict[str, Callable[[str], Source]] = {}
        self.posts: dict[bytes, Post] = {}

    def method(self, name: str, method: Method) -> None:
        """Offer a method."""
        self._once(name, self.methods)
        self.methods[name] = method

    def source(self, topic: str, source: Source) -> None:
        """Offer a topic to watch."""
        self._once(topic, self.sources)
        self.sources[topic] = source

    def family(self, prefix: str, source: Callable[[str], Source]) -> None:
        """Offer every topic that begins with `prefix`; `source(topic)` makes its source, or raises to refuse it."""
        self._once(prefix, self.families)
        self.families[prefix] = source

    def find_source(self, topic: str) -> Source | None:
        """The source of a topic, by its whole name or its family."""
        found = self.sources.get(topic)
        if found is None:
            maker = next((maker for prefix, maker in self.families.items() if topic.startswith(prefix)), None)
            found = maker(topic) if maker is not None else None
        return found

    def post(self, topic: bytes, post: Post) -> None:
        """Take posts to a topic."""
        self._once(topic, self.posts)
        self.posts[topic] = post

    def _once(self, name: object, offers: Any) -> None:
        if name in offers:
            raise Misuse("offer on a link", str(name), hint="offered twice")
