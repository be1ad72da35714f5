"""PostgreSQL in the lab: where it is found, and what a client makes of what it says."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from nsimlib.errors import LabError
from nsimlib.packets.helper import Helper
from nsimlib.packets.hosts import Host
from nsimlib.packets.scenes import postgres
from nsimlib.packets.scenes.postgres import QueryError, Session, installed

READY = b"Z" + struct.pack("!I", 5) + b"I"
ROW = b"D" + struct.pack("!IHi", 4 + 2 + 4 + 2 + 4, 2, 2) + b"42" + struct.pack("!i", -1)


def refused(severity: str, code: str, words: str) -> bytes:
    body = b"".join(f"{k}{v}\0".encode() for k, v in (("S", severity), ("C", code), ("M", words)))
    return b"E" + struct.pack("!I", len(body) + 5) + body + b"\0"


class Local(Host):
    """A host whose sockets are this machine's own."""

    def socket(self, *_: int) -> socket.socket:
        return socket.socket()


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *answers: bytes) -> Iterator[Host]:
    """A server that says one thing after the other, whatever it is asked."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        monkeypatch.setattr(postgres, "PORT", listening.getsockname()[1])

        def serve() -> None:
            session, _ = listening.accept()
            with session:
                for answer in answers:
                    session.recv(1000)
                    session.sendall(answer)
                session.recv(1000)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield Local("here", "here", (), Helper.__new__(Helper))
        thread.join(5)


def test_rows_have_their_values_and_null_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(monkeypatch, READY, ROW + ROW + READY) as host,
        Session(host, "127.0.0.1") as session,
    ):
        assert session.ask("select 42, null") == [("42", ""), ("42", "")]


def test_a_refused_query_leaves_the_session_open(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused("ERROR", "25006", "cannot execute INSERT in a read-only transaction")
    with (
        serving(monkeypatch, READY, said + READY, READY) as host,
        Session(host, "127.0.0.1") as session,
    ):
        with pytest.raises(QueryError, match="25006 cannot execute INSERT") as caught:
            session.ask("insert")
        assert not caught.value.ends_session
        assert session.ask("select") == []


def test_a_fatal_error_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused("FATAL", "57P01", "terminating connection due to administrator command")
    with serving(monkeypatch, READY, said) as host, Session(host, "127.0.0.1") as session:
        session.socket.settimeout(5)
        with pytest.raises(QueryError, match="57P01") as caught:
            session.ask("select 1")
        assert caught.value.ends_session


def test_a_server_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(postgres, "FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"no such program\n  Install the package postgresql"):
        installed()
