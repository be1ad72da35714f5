"""One clock on which all lives pass: events in the order of their times, and of their making.

A life is a generator: it yields for how many seconds it waits. Nothing here is random and nothing
takes time, so the same lives always pass the same way.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import simpy

__all__ = ["Clock", "Life", "Time"]

#: yields seconds to wait
Life = Iterator[float]


class Time(Protocol):
    """What passes for whoever waits: simulated on a `Clock`, or really."""

    @property
    def now(self) -> float:
        """Seconds since the beginning."""

    def start(self, life: Life) -> None:
        """Begin a life now."""

    def call(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something once, some seconds from now."""


class Clock:
    """The time in seconds, and whoever waits for it.

    >>> clock, seen = Clock(), []
    >>> def life():
    ...     yield 2
    ...     seen.append(clock.now)
    >>> clock.start(life())
    >>> clock.call(1, lambda: seen.append(clock.now))
    >>> clock.run(10)
    >>> seen, clock.now
    ([1.0, 2.0], 10.0)
    """

    def __init__(self) -> None:
        import simpy

        self._environment = simpy.Environment(initial_time=0.0)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return float(self._environment.now)

    def start(self, life: Life) -> None:
        """Begin a life now."""
        self._environment.process(self._waiting(life))

    def call(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something once, some seconds from now: before whatever is set for then later on."""
        self._environment.timeout(seconds).callbacks.append(lambda _: act())

    def run(self, until: float) -> None:
        """Let the time pass; what is set for the very end does not happen."""
        self._environment.run(until=until)

    def _waiting(self, life: Life) -> "simpy.events.ProcessGenerator":
        for seconds in life:
            yield self._environment.timeout(seconds)
