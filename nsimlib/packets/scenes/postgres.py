"""A real PostgreSQL in the lab, and a client for it that takes a socket of a pod.

libpq opens its own sockets, which would be the notebook's. This client knows the start of a session
without a password and plain queries, the parts of the protocol that scenes need.
"""

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from errno import ECONNRESET
from pathlib import Path
from time import monotonic, sleep

from nsimlib.errors import LabError
from nsimlib.packets.hosts import Host

__all__ = ["PORT", "Database", "QueryError", "Session", "installed"]

PORT = 5432
#: where Debian and Fedora put programs of which only a server needs the path
FOLDERS = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql"
USER, PROTOCOL = "app", 3 << 16
#: seconds for a server to be there; it takes a tenth
PATIENCE = 10
CONFIGURATION = """
unix_socket_directories = ''
fsync = off
shared_buffers = 16MB
wal_receiver_status_interval = 1
"""
EVERYBODY = "host all,replication all 0.0.0.0/0 trust\n"


class QueryError(Exception):
    """What PostgreSQL says of a query that it does not take: SQLSTATE and words."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields['C']} {fields['M']}")
        self.ends_session = fields["S"] in ("FATAL", "PANIC")


def installed() -> Path:
    """Return the folder of PostgreSQL's programs.

    Raises
    ------
    LabError
        If it is not installed.
    """
    for pattern in FOLDERS:
        for folder in sorted(Path("/").glob(pattern[1:]), reverse=True):
            if (folder / "initdb").exists():
                return folder
    found = shutil.which("initdb")
    if found is None:
        remedy = "Install the package postgresql, for the scenes that use it."
        raise LabError("postgres", "no such program", remedy)
    return Path(found).resolve().parent


@dataclass
class Database:
    """A PostgreSQL server at an address of a host; its files are in the lab's memory."""

    host: Host
    address: str
    folder: str
    process: int = 0

    def create(self) -> None:
        """Make its files."""
        options = ("--no-sync", "-U", USER, "-A", "trust", "-D", self.folder)
        self._run(str(installed() / "initdb"), *options)
        self._append("pg_hba.conf", EVERYBODY)
        self._append("postgresql.conf", CONFIGURATION)

    def replica(self, address: str, folder: str) -> "Database":
        """Return a replica of this server, from its files; neither runs yet.

        From now on every commit waits for the replica.
        """
        self._run("cp", "-r", self.folder, folder)
        replica = Database(self.host, address, folder)
        replica._append(
            "postgresql.conf", f"primary_conninfo = 'host={self.address} user={USER}'\n"
        )
        replica._append("standby.signal", "\n")
        self._append("postgresql.conf", "synchronous_standby_names = '*'\n")
        return replica

    def promote(self) -> None:
        """Make a writer of a replica."""
        with Session(self.host, self.address, PATIENCE) as session:
            session.ask("select pg_promote()")

    def start(self) -> None:
        """Start it, and wait until it takes queries."""
        about = f"listen_addresses={self.address}"
        program = str(installed() / "postgres")
        self.process = self.host.spawn(program, "-D", self.folder, "-c", about, as_root=False)
        deadline = monotonic() + PATIENCE
        while not self._is_there():
            if monotonic() > deadline:
                raise LabError("postgres", f"does not answer at {self.address}")
            sleep(0.02)

    def stop(self) -> None:
        """End it at once, as a crash does."""
        self.host.run("kill", "-QUIT", str(self.process))

    def _is_there(self) -> bool:
        try:
            with Session(self.host, self.address) as session:
                return bool(session.ask("select 1"))
        except (OSError, QueryError):
            return False

    def _run(self, *argv: str) -> None:
        done = self.host.run(*argv, as_root=False)
        if done.code:
            raise LabError("postgres", done.stderr.strip().partition("\n")[0])

    def _append(self, name: str, text: str) -> None:
        self.host.run("tee", "-a", f"{self.folder}/{name}", stdin=text, as_root=False)


class Session:
    """A session of a client on a host; `patience` is how long it waits for anything."""

    def __init__(self, host: Host, address: str, patience: float = 1) -> None:
        self.address, self.socket = address, host.socket()
        self._heard = self.socket.makefile("rb")
        try:
            self.socket.settimeout(patience)
            self.socket.connect((address, PORT))
            about = f"user\0{USER}\0database\0postgres\0\0".encode()
            self.socket.sendall(struct.pack("!II", len(about) + 8, PROTOCOL) + about)
            list(self._until_ready())
        except (OSError, QueryError):
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it without a word."""
        self._heard.close()
        self.socket.close()

    def ask(self, query: str) -> list[tuple[str, ...]]:
        """Return the rows that a query gives.

        Raises
        ------
        QueryError
            With what the server says.
        OSError
            If nothing comes back, or the session is over.
        """
        text = query.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(text) + 4) + text)
        return [_values(body) for kind, body in self._until_ready() if kind == b"D"]

    def _until_ready(self) -> Iterator[tuple[bytes, bytes]]:
        error: QueryError | None = None
        while True:
            head = self._heard.read(5)
            if len(head) < 5:
                raise ConnectionResetError(ECONNRESET, "the server closed the session")
            (length,) = struct.unpack("!I", head[1:])
            kind, body = head[:1], self._heard.read(length - 4)
            if kind == b"E":
                fields = (each.decode() for each in body.split(b"\0") if each)
                error = QueryError({each[0]: each[1:] for each in fields})
                if error.ends_session:
                    raise error
            elif kind == b"Z":
                break
            yield kind, body
        if error:
            raise error


def _values(body: bytes) -> tuple[str, ...]:
    """The values of a row, each behind its length; NULL is an empty text here."""
    (count,) = struct.unpack_from("!H", body)
    values, at = [], 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(body[at : at + max(length, 0)].decode())
        at += max(length, 0)
    return tuple(values)
