"""A real PostgreSQL as RDS, through the policy, and its failover under load (F5.22, F5.24)."""

import socket
from time import monotonic

from nsimlib.dns.zone_files import shipped_zones
from nsimlib.packets.scenes.clients import name_of
from nsimlib.packets.scenes.load import Client, under_load
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.postgres import Database, QueryError, Session
from nsimlib.packets.scenes.stage import Stage, policies_of

__all__ = ["database"]

WRITER, REPLICA = "10.20.21.17", "10.20.22.18"
PLAY, BOTH, ONE = "aurora-failover", "subnets", "one-subnet"
CLIENTS = 4
#: seconds of the zone at which the name has moved, and CoreDNS has forgotten where it was
MOVED = 60
TABLE, WHO = "create table orders (client int, number int)", "select inet_client_addr()"
SEEN, DROPPED = "the server sees the pod's own address", "the first packet is dropped on the node"
VANISH = f"ip daddr {WRITER} drop"
USER_TIMEOUT = 500


def database() -> Played:
    """Ask a database through the policy, close the policy around a session, and fail over.

    The replica is a real one: it follows the writer, refuses to write until it is promoted, and has
    every order whose writing was acknowledged.

    Raises
    ------
    LabError
        If PostgreSQL is not installed.
    """
    script, zones = Script(), shipped_zones("aurora")
    with Stage(policies_of(PLAY, BOTH)) as stage:
        stage.answer_names(zones)
        writer, replica = _servers(stage)
        _through_the_policy(stage, script)
        _around_a_session(stage, script)
        _fail_over(stage, script, writer, replica)
    return script.played("database", "A database behind a policy, and its failover")


def _servers(stage: Stage) -> tuple[Database, Database]:
    folder = stage.folder
    writer = Database(stage.lab.world, WRITER, f"{folder}/writer")
    writer.create()
    replica = writer.replica(REPLICA, f"{folder}/replica")
    for server in (writer, replica):
        server.start()
    return writer, replica


def _through_the_policy(stage: Stage, script: Script) -> None:
    _open(stage, script, "the writer, both subnets allowed", SEEN, WRITER)
    _open(stage, script, "the replica, both subnets allowed", SEEN, REPLICA)
    _open(stage, script, "the replica, a write", "allowed, and refused", REPLICA, TABLE)
    stage.enforce(policies_of(PLAY, ONE))
    _open(stage, script, "the replica, one subnet allowed", DROPPED, REPLICA)


def _around_a_session(stage: Stage, script: Script) -> None:
    """What a session that is open meets when the policy closes, and when packets just vanish."""
    with Session(stage.pod, WRITER) as session:
        session.ask(TABLE)
        stage.enforce(policy for policy in policies_of(PLAY, BOTH) if policy.name == "allow-dns")
        about = "session, when the policy allows DNS alone"
        _ask(script, f"an open {about}", "its packets are established", session, WHO)
        _open(stage, script, f"a new {about}", DROPPED, WRITER)
        session.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
        session.socket.settimeout(None)
        stage.first_rule(VANISH)
        hurried = f"tcp_user_timeout {USER_TIMEOUT} ms, for none", "about 15 minutes"
        about, because = "an open session, when its packets vanish", "the kernel gives up"
        _ask(script, about, because, session, WHO, *hurried)
    stage.first_rule()
    stage.enforce(policies_of(PLAY, BOTH))


def _open(
    stage: Stage, script: Script, about: str, because: str, address: str, query: str = WHO
) -> None:
    began = monotonic()
    try:
        with Session(stage.pod, address) as session:
            _ask(script, about, because, session, query)
    except OSError as error:
        script.note(about, name_of(error), because)
        script.took(about, monotonic() - began)


def _ask(
    script: Script, about: str, because: str, session: Session, query: str, *hurried: str
) -> None:
    began = monotonic()
    try:
        rows = session.ask(query)
        outcome = f"answered, to {rows[0][0]}"
    except QueryError as error:
        outcome = str(error)
    except OSError as error:
        outcome = name_of(error)
    script.note(about, outcome, because)
    script.took(about, monotonic() - began, *hurried)


def _fail_over(stage: Stage, script: Script, writer: Database, replica: Database) -> None:
    with under_load(stage, CLIENTS) as clients:
        began = monotonic()
        _wait(script, f"{CLIENTS} clients write", clients, f"writes to {WRITER}")
        writer.stop()
        _wait(script, "the writer stops", clients, "ECONNREFUSED")
        stage.now = MOVED
        _wait(script, "its name leads to the replica", clients, "25006")
        replica.promote()
        _wait(script, "the replica is promoted", clients, f"writes to {REPLICA}")
        script.took("the failover, as the clients see it", monotonic() - began)
    acknowledged = {(str(each.number), str(n)) for each in clients for n in each.acknowledged}
    with Session(stage.pod, REPLICA) as session:
        there = set(session.ask("select client, number from orders"))
    kept = "all are there" if acknowledged <= there else f"{len(acknowledged - there)} are lost"
    script.note("orders that were acknowledged", kept, "the commit waited for the replica")


def _wait(script: Script, about: str, clients: tuple[Client, ...], until: str) -> None:
    """Take down what the clients meet until all of them meet something."""
    met = [each.meets(until) for each in clients]
    script.note(about, " | ".join(dict.fromkeys(met)), "", "F5.22")
