"""Commands about when sleeping tenants have to be awake again."""

import msgspec

from pbe.fleet import checks, commands
from pbe.fleet.records import Wake
from pbe.fleet.rejected import Rejected
from pbe.fleet.state import State


def set_wake(state: State, command: commands.WakeSet) -> None:
    """Nothing: the time is recorded, or forgotten where no job asks for one."""
    tenant = checks.living_tenant(state, command.tenant_id, "tenant_id")
    if state.routes.rows[tenant.id].epoch != command.epoch:
        raise Rejected("epoch", "stale_epoch", "The tenant has another owner by now", "stale")
    known = state.wakes.get(tenant.id)
    if command.at_ms <= 0:
        if known is not None:
            state.remove(state.wakes, tenant.id)
    elif known is None or (known.at_ms, known.called_ms) != (command.at_ms, 0):
        state.put(state.wakes, tenant.id, Wake(tenant.id, command.at_ms))


def call(state: State, command: commands.WakeCall) -> None:
    """Nothing: whoever still sleeps until then is called."""
    for tenant_id, at_ms in command.tenants:
        known = state.wakes.get(tenant_id)
        if known is not None and known.at_ms == at_ms and not known.called_ms:
            state.put(state.wakes, tenant_id, msgspec.structs.replace(known, called_ms=max(state.clock_ms, 1)))
