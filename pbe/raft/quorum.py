"""Majorities, of one set of voters or of two at once (joint consensus, thesis 4.3)."""

from collections.abc import Iterable, Mapping

WON, LOST, PENDING = "won", "lost", "pending"
EVERYTHING = 2**63 - 1


def majority(voters: int) -> int:
    """How many of so many voters decide."""
    return voters // 2 + 1


def majority_index(voters: Iterable[str], match: Mapping[str, int]) -> int:
    """The greatest index that a majority of the voters has; of no voters, everything."""
    indexes = sorted(match.get(voter, 0) for voter in voters)
    if not indexes:
        return EVERYTHING
    return indexes[len(indexes) - majority(len(indexes))]


def majority_vote(voters: Iterable[str], votes: Mapping[str, bool]) -> str:
    """What the votes so far decide among the voters; no voters agree with everything."""
    known = list(voters)
    if not known:
        return WON
    granted = sum(1 for voter in known if votes.get(voter) is True)
    refused = sum(1 for voter in known if votes.get(voter) is False)
    if granted >= majority(len(known)):
        return WON
    return LOST if len(known) - refused < majority(len(known)) else PENDING


def joint_index(incoming: Iterable[str], outgoing: Iterable[str], match: Mapping[str, int]) -> int:
    """The greatest index that a majority of both sets has."""
    return min(majority_index(incoming, match), majority_index(outgoing, match))


def joint_vote(incoming: Iterable[str], outgoing: Iterable[str], votes: Mapping[str, bool]) -> str:
    """What the votes so far decide when both sets must agree."""
    results = {majority_vote(incoming, votes), majority_vote(outgoing, votes)}
    if LOST in results:
        return LOST
    return PENDING if PENDING in results else WON
