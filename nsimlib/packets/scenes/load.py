"""Clients that keep writing to a database, find it by its name, and begin again when they fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Thread

from nsimlib.errors import LabError
from nsimlib.packets.hosts import Host
from nsimlib.packets.nameserver import look_up
from nsimlib.packets.scenes.clients import name_of
from nsimlib.packets.scenes.postgres import QueryError, Session
from nsimlib.packets.scenes.stage import Stage

__all__ = ["Client", "under_load"]

NAME = "orders.cluster-abc123def456.us-east-1.rds.amazonaws.com"
#: seconds between two orders, and for all clients to meet something
PAUSE, PATIENCE = 0.005, 10.0
OVER = "the session is over"


class Client(Thread):
    """One client in a pod; it takes down what it meets, each thing once until another comes."""

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.number, self.acknowledged = number, list[int]()
        self._host: Host = stage.pod
        self._server = stage.layout.nameserver
        self._session: Session | None = None
        self._met, self._changed, self._ends = list[str](), Condition(), False

    def run(self) -> None:
        """Write until it is to end."""
        order = 0
        with self._changed:
            while not self._ends:
                self._changed.release()
                order += 1
                met = self._write(order)
                self._changed.acquire()
                self._meet(met)
                self._changed.wait(PAUSE)
        self._drop()

    def end(self) -> None:
        """End, and wait for it."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self.join()

    def meets(self, what: str) -> str:
        """Return what it met since it was last asked, once it has met what begins so.

        Raises
        ------
        LabError
            If it never does.
        """
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._met and self._met[-1].startswith(what), PATIENCE
            )
            found, self._met = ", ".join(self._met), self._met[-1:]
        if not done:
            raise LabError("clients", f"{self.name} never meets {what!r}: {found}")
        return found

    def _meet(self, met: str) -> None:
        if not self._met or self._met[-1] != met:
            self._met.append(met)
            self._changed.notify_all()

    def _write(self, order: int) -> str:
        try:
            session = self._opened()
            session.ask(f"insert into orders values ({self.number}, {order})")
        except QueryError as error:
            self._drop()
            return OVER if error.ends_session else str(error)
        except (ConnectionRefusedError, TimeoutError) as error:
            self._drop()
            return name_of(error)
        except OSError:
            self._drop()
            return OVER
        self.acknowledged.append(order)
        return f"writes to {session.address}"

    def _opened(self) -> Session:
        if self._session is None:
            answer = look_up(self._host.socket, self._server, NAME, seconds=1)
            self._session = Session(self._host, str(answer.addresses[0]))
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None


@contextmanager
def under_load(stage: Stage, count: int) -> Iterator[tuple[Client, ...]]:
    """Have clients write for as long as this lasts."""
    clients = tuple(Client(stage, number) for number in range(1, count + 1))
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.end()
