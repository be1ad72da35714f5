"""Time that really passes: what the simulation's clock is to its lives, on the machine's clock.

All that happens in it happens in one thread of its own, one thing after the other, so that whoever
lives there needs no locks. The notebook's thread may be busy, or wait for a program of the lab.
"""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, TypeVar

from nsimlib.dns.clock import Life

__all__ = ["RealTime"]

T = TypeVar("T")


class RealTime:
    """A thread with a clock, which begins at 0 when it is made."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._began = self.loop.time()
        self._thread = Thread(target=self.loop.run_forever, name="nsimlib lab", daemon=True)
        self._thread.start()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.loop.time() - self._began

    def run(self, task: Coroutine[Any, Any, T]) -> T:
        """Have something done in the thread, and return what comes of it; call it from outside."""
        return asyncio.run_coroutine_threadsafe(task, self.loop).result()

    def start(self, life: Life) -> None:
        """Begin a life now."""
        seconds = next(life, None)
        if seconds is not None:
            self.call(seconds, lambda: self.start(life))

    def call(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something once, some seconds from now; call it in the thread."""
        self.loop.call_later(max(0.0, seconds), act)

    def stop(self) -> None:
        """End the thread, and whatever waits in it."""
        self.run(_cancelled())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _cancelled() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
