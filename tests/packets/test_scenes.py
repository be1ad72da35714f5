"""Every scene, from its beginning to its end, with what comes of each thing that is done in it."""

from collections.abc import Callable
from typing import Any

import pytest

from nsimlib.dns.plays import play, scene
from nsimlib.errors import LabError, UnknownName
from nsimlib.model.tables import Table
from nsimlib.packets.checking import Report
from nsimlib.packets.recordings import recorded_scene
from nsimlib.packets.scenes.failover import order_of
from nsimlib.packets.scenes.played import Played
from nsimlib.packets.scenes.playing import SCENES, lab_scene, lab_scene_names
from nsimlib.packets.scenes.plays import play_with_packets
from tests.conftest import missing

pytestmark = pytest.mark.system

NO_LAB = LabError("postgres", "no such program", "Install the package postgresql.")
ANSWERED, SILENCE = "answered", "no answer"
AGAIN = "EAI_AGAIN: Temporary failure in name resolution"
RDS = "orders.abc123def456.us-east-1.rds.amazonaws.com"
FLEET = "fleet.shop.example."
#: the time of a rule by name passes really, and a client waits so long in the lab
AT_ONCE = {"connect_timeout": 0.4}
BEGIN = "connected 10.20.21.17, reused 10.20.21.17, unanswered 10.20.21.17"
OUTCOMES = {
    "drop-or-reject": [
        "connected",
        *["ECONNREFUSED"] * 2,
        *[SILENCE] * 2,
        *["ECONNREFUSED"] * 3,
        *["EHOSTUNREACH"] * 3,
        SILENCE,
        "ENETUNREACH",
        SILENCE,
        "ETIMEDOUT",
        SILENCE,
        "EPERM",
    ],
    "dns-trap": ["10.20.21.17", AGAIN, AGAIN, AGAIN, "10.20.21.17"],
    "search-list": [
        *["10.20.21.17"] * 5,
        "EAI_NONAME: Name or service not known",
        *["10.96.20.10"] * 2,
    ],
    "truncation": ["60 addresses", AGAIN, "60 addresses", AGAIN],
    "ttl-drop": [
        SILENCE,
        "REFUSED",
        "10.20.21.17",
        "connected",
        SILENCE,
        ANSWERED,
        SILENCE,
        "10.40.9.18",
        "connected",
        ANSWERED,
    ],
    "path-mtu": [
        f"100 bytes answered, 200,000 bytes {large}"
        for large in (ANSWERED, SILENCE, SILENCE, ANSWERED, ANSWERED, ANSWERED)
    ],
    "metadata-hop-limit": [
        "connect: connected; PUT: token",
        f"connect: connected; PUT: {SILENCE}",
        "connect: connected; PUT: token",
        "connect: connected; PUT: token",
        f"connect: {SILENCE}; PUT: {SILENCE}",
    ],
    "service-before-policy": [SILENCE, SILENCE, "connected"],
    "idle-connection": [ANSWERED, ANSWERED, SILENCE, ANSWERED, ANSWERED],
    "database": [
        *["answered, to 10.244.1.11"] * 2,
        "25006 cannot execute CREATE TABLE in a read-only transaction",
        SILENCE,
        "answered, to 10.244.1.11",
        SILENCE,
        "ETIMEDOUT",
        "writes to 10.20.21.17",
        "writes to 10.20.21.17, the session is over, ECONNREFUSED",
        "ECONNREFUSED, 25006 cannot execute INSERT in a read-only transaction",
        "25006 cannot execute INSERT in a read-only transaction, writes to 10.20.22.18",
        "all are there",
    ],
    "aurora-failover": [
        f"{BEGIN}, connected 10.20.22.18, reused 10.20.22.18",
        f"{BEGIN}, denied 10.20.22.18",
    ],
    "stale-pool": [
        f"{BEGIN}, read-only 10.20.21.17",
        f"{BEGIN}, read-only 10.20.21.17, connected 10.20.22.18, reused 10.20.22.18",
    ],
}
#: waits that a setting shortened, and the least that they take with it
WAITS = [
    ("drop-or-reject", "TCP, dropped, and the client has no timeout of its own", 3, "131 to 135 s"),
    ("dns-trap", f"look up {RDS}, DNS is dropped", 2, "20 s"),
    ("dns-trap", f"look up {RDS}., DNS is dropped", 1, "10 s"),
    ("truncation", f"look up {FLEET}, TCP dropped", 3, "131 s"),
    ("database", "an open session, when its packets vanish", 0.5, "about 15 minutes"),
]


@pytest.fixture(scope="session")
def played(machine: Report) -> Callable[[str], Played]:
    """Each scene is played once."""
    assert machine
    found: dict[str, Played] = {}

    def once(name: str) -> Played:
        if name == "database" and not machine.works("postgres"):
            missing("PostgreSQL", "install the package postgresql")
        if name not in found:
            found[name] = SCENES[name]()
        return found[name]

    return once


def test_every_scene_has_its_row() -> None:
    assert tuple(OUTCOMES) == lab_scene_names()


@pytest.mark.parametrize("name", SCENES)
def test_scenes_go_as_told(name: str, played: Callable[[str], Played]) -> None:
    assert [event.outcome for event in played(name).events] == OUTCOMES[name]


@pytest.mark.parametrize("name", ["dns-trap", "search-list", "truncation"])
def test_the_model_asks_what_glibc_asks(name: str, played: Callable[[str], Played]) -> None:
    """Names, types, transports and their order, and what the application hears in the end."""
    for event in played(name).events:
        assert event.because.endswith("as the model says"), event


@pytest.mark.parametrize("name", ["aurora-failover", "stale-pool"])
def test_failovers_go_as_simulated(name: str, played: Callable[[str], Played]) -> None:
    assert {event.because for event in played(name).events} == {"as the simulation says"}


#: plays that are shortened so that each kind of attempt happens, and none twice that hangs
PLAYS: list[tuple[str, dict[str, Any]]] = [
    ("dns-trap", {"every": 35, "lasts": 60}),
    ("dns-trap", {"every": 35, "lasts": 60, "policies": "with-dns"}),
    ("truncation", {"every": 140, "lasts": 275}),
    ("truncation", {"every": 140, "lasts": 275, "policies": "udp-and-tcp"}),
    (
        "ttl-drop",
        {"cni": "cilium", "sweep_interval": 0, "every": 2.6, "lasts": 8, "jvm_ttl": 7} | AT_ONCE,
    ),
    ("fqdn-without-proxy", {"cni": "cilium", "policies": "plain-dns", "lasts": 1} | AT_ONCE),
]


@pytest.mark.parametrize(("name", "settings"), PLAYS)
def test_plays_have_the_same_order_with_packets(
    name: str, settings: dict[str, Any], machine: Report
) -> None:
    assert machine
    simulated = order_of(play(name, **settings).attempts)
    assert play_with_packets(scene(name, **settings)) == simulated
    healthy = settings.get("policies") in ("with-dns", "udp-and-tcp", "plain-dns")
    assert healthy is (len(simulated) == 1)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("reconcile-windows", {}, "no controller"),
        ("nodelocal-trap", {}, "no node-cache"),
        ("dns-trap", {"applications": 2}, "one application"),
        ("dns-trap", {"libc": "musl"}, "no other C library"),
        ("dns-trap", {"denied": "rejected"}, "no policy that rejects"),
    ],
)
def test_plays_without_packets_are_refused(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(LabError, match=said):
        play_with_packets(scene(name, **settings))


@pytest.mark.parametrize(("name", "what", "least", "truly"), WAITS)
def test_waits_are_real_and_the_true_ones_are_told(
    name: str, what: str, least: float, truly: str, played: Callable[[str], Played]
) -> None:
    (found,) = [each for each in played(name).measurements if each.what == what]
    assert found.seconds >= least
    assert found.truly.startswith(truly)
    assert found.shortened_by


@pytest.mark.parametrize("name", SCENES)
def test_times_are_in_a_table_of_their_own(name: str, played: Callable[[str], Played]) -> None:
    scene = played(name)
    assert isinstance(scene.measured, Table)
    assert "measured on this machine" in scene.measured.title
    times = [f"{each.seconds:.4g}" for each in scene.measurements if each.seconds > 0.01]
    assert [each for each in times if each in repr(scene)] == []
    assert len(scene.to_table().rows) == len(scene.events)


def test_an_unknown_scene_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="no scene 'dns-trab'; did you mean dns-trap"):
        lab_scene("dns-trab")


@pytest.mark.parametrize("name", SCENES)
def test_what_is_recorded_is_what_happens(name: str, played: Callable[[str], Played]) -> None:
    """If this fails, the scene has changed: run `nsim lab record data/recorded`."""
    found = recorded_scene(name, NO_LAB)
    assert found is not None
    live = played(name)
    assert (found.title, found.events) == (live.title, live.events)
    assert [each[::2] for each in found.measurements] == [each[::2] for each in live.measurements]


def test_what_cannot_be_played_is_recorded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Played:
        raise NO_LAB

    monkeypatch.setitem(SCENES, "database", broken)
    found = lab_scene("database")
    assert found.banner.startswith(
        "Not live here, postgres: no such program. Install the package postgresql.\nRecorded on 20"
    )
    assert repr(found).startswith(found.banner)
    assert found.banner.split(".")[0] in found._repr_html_()
    assert "elsewhere" in found.measured.title


def test_a_scene_shows_itself_with_its_facts() -> None:
    """Every event is a row, and every fact a link."""
    played = recorded_scene("dns-trap", NO_LAB)
    assert played is not None
    drawn = played._repr_html_()
    assert drawn.count("<tr") == len(played.events) + 1
    assert "F5.10" in drawn
    assert "href" in drawn


def test_what_was_never_recorded_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Played:
        raise NO_LAB

    monkeypatch.setitem(SCENES, "new", broken)
    with pytest.raises(LabError, match="postgres: no such program"):
        lab_scene("new")
