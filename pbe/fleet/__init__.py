"""The replicated state of the platform: apply(command) gives events."""

from pbe.fleet.fleet import Applied, Fleet, Meta
from pbe.fleet.records import to_json
from pbe.fleet.rejected import Rejected
from pbe.fleet.state import Event

__all__ = ["Applied", "Event", "Fleet", "Meta", "Rejected", "to_json"]
