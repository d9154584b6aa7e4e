"""A tenant's jobs and their clock: one timer, set to the next minute at which any job is due.

The clock runs while the tenant is in memory. `wake_at` is when a tenant that sleeps has to be woken; the built-in
cleaning does not count there, since nothing grows while nobody asks.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pbe.tenant.cron_schedule import Schedule, parse

JOBS_MAX = 1000
RETRY_S = 60.0
SYSTEM_PREFIX = "__pb"

Run = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """A job: `run` is called at every minute of the schedule. wakes: whether a sleeping tenant is woken for it."""

    id: str
    expression: str
    schedule: Schedule
    run: Run
    wakes: bool


class Crons:
    """The jobs of one tenant. launch: starts a job's coroutine without waiting, and logs its failure."""

    def __init__(
        self, clock: IReactorTime, now: Callable[[], float], launch: Callable[[str, Awaitable[None]], None]
    ) -> None:
        self._clock = clock
        self._now = now
        self._launch = launch
        self._jobs: dict[str, Job] = {}
        self._timer: IDelayedCall | None = None
        self._last = self._began = now()
        self._closed = False

    def add(self, job_id: str, expression: str, run: Run, *, wakes: bool = True) -> None:
        """Add a job, or replace the one of that id. Raises `ScheduleInvalid`, and ValueError past JOBS_MAX."""
        if job_id not in self._jobs and len(self._jobs) >= JOBS_MAX:
            raise ValueError(f"a tenant has at most {JOBS_MAX} jobs")
        self._jobs[job_id] = Job(job_id, expression, parse(expression), run, wakes)
        self._set()

    def remove(self, job_id: str) -> None:
        """Forget a job; one that is not there is no error."""
        if self._jobs.pop(job_id, None) is not None:
            self._set()

    def jobs(self) -> list[Job]:
        """All jobs, the tenant's own before the built-in ones."""
        own = sorted((job for job in self._jobs.values() if not _is_system(job)), key=lambda job: job.id)
        return own + [job for job in self._jobs.values() if _is_system(job)]

    def run(self, job_id: str) -> bool:
        """Start a job now; False where there is none of that id."""
        job = self._jobs.get(job_id)
        if job is not None:
            self._launch(job.id, job.run())
        return job is not None

    def wake_at(self) -> float | None:
        """When the tenant has to be awake next, seconds since the epoch; None where nothing asks for it."""
        return self._next([job for job in self._jobs.values() if job.wakes])

    def catch_up(self, due: float) -> None:
        """Start, once, each waking job that was due in the minute of `due` or later, but before the clock began."""
        for job in [job for job in self._jobs.values() if job.wakes]:
            first = job.schedule.next_after(due - 60)
            if first is not None and first <= self._began:
                self._launch(job.id, job.run())

    async def close(self) -> None:
        """Set no timer any more."""
        self._closed = True
        self._cancel()

    def _next(self, jobs: list[Job]) -> float | None:
        times = [job.schedule.next_after(max(self._last, self._now() - RETRY_S)) for job in jobs]
        return min((time for time in times if time is not None), default=None)

    def _set(self) -> None:
        self._cancel()
        due = self._next(list(self._jobs.values()))
        if due is not None and not self._closed:
            self._timer = self._clock.callLater(max(due - self._now(), 0), self._tick, due)

    def _tick(self, due: float) -> None:
        self._timer = None
        self._last = due
        for job in list(self._jobs.values()):
            if job.schedule.is_due(due):
                self._launch(job.id, job.run())
        self._set()

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _is_system(job: Job) -> bool:
    return job.id.startswith(SYSTEM_PREFIX)
