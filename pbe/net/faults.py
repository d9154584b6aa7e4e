"""Errors across a link: what a handler raises there is raised here, as far as a peer may know it."""

from pbe import errors
from pbe.errors import NetError, PbeError, RequestError
from pbe.wire.message import Fault

_KINDS: dict[str, type[PbeError]] = {
    name: value for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, PbeError)
}


def to_fault(error: BaseException) -> Fault:
    """What a peer is told of `error`: its family, its public words, and the operator's hint.

    A family unknown to `pbe.errors` goes as its nearest base there.
    """
    kind = next(cls.__name__ for cls in (*type(error).__mro__, PbeError) if _KINDS.get(cls.__name__) is cls)
    if isinstance(error, RequestError):
        retry_after_s = getattr(error, "retry_after_s", 0)
        return Fault(kind, error.message, error.data, error.cause, retry_after_s)
    if isinstance(error, PbeError):
        return Fault(kind, str(error), {}, error.hint)
    return Fault("PbeError", type(error).__name__)


def from_fault(fault: Fault, operation: str, peer: str) -> PbeError:
    """The error to raise for a peer's fault; one that its class cannot express is a `NetError`."""
    kind = _KINDS.get(fault.kind)
    if kind is errors.Unavailable:
        return errors.Unavailable(fault.message, retry_after_s=fault.retry_after_s or 1, cause=fault.hint)
    if kind is not None and issubclass(kind, RequestError):
        return kind(fault.message, fault.data, cause=fault.hint)
    if kind is not None and not issubclass(kind, errors.InvariantBroken):
        return kind(operation, peer, hint=fault.message)
    return NetError(operation, peer, hint=fault.message)
