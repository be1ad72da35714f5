"""Where no packet can be sent: what was recorded where one could, marked as recorded.

::

    live  ->  live without a part, which says so  ->  recorded, with date, kernel and versions

A recording is found by what it is about, to the letter: another cluster has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from nsimlib.errors import LabError
from nsimlib.manifests.shipped import read_shipped
from nsimlib.manifests.writing import dump
from nsimlib.model.cluster import Cluster
from nsimlib.packets.capturing import Capture
from nsimlib.packets.frames import Frame
from nsimlib.packets.scenes.played import Event, Measurement, Played

__all__ = [
    "CAPTURES",
    "PROOFS",
    "SCENES",
    "Recorded",
    "capture_data",
    "fingerprint",
    "recorded_capture",
    "recorded_proof",
    "recorded_scene",
    "scene_data",
]

CAPTURES = "captures.json"
PROOFS = "proofs.json"
SCENES = "scenes.json"


@dataclass(frozen=True)
class Recorded:
    """When and where something was recorded, and why it is not live here."""

    date: str
    kernel: str
    versions: tuple[str, ...]
    error: LabError

    @property
    def banner(self) -> str:
        """What stands above it: the step that failed, what to try, and whose results these are."""
        remedy = f" {self.error.remedy}" if self.error.remedy else ""
        return (
            f"Not live here, {self.error.stage}: {self.error.problem}.{remedy}\n"
            f"Recorded on {self.date}, Linux {self.kernel}, {', '.join(self.versions)}."
        )


def fingerprint(cluster: Cluster, *about: object) -> str:
    """Return what tells a cluster and a question from all others; empty if it cannot be told."""
    try:
        written = dump(cluster)
    except TypeError:
        # What no manifest can say was never read from one, and so never recorded.
        return ""
    return sha256(repr((written, about)).encode()).hexdigest()


def capture_data(capture: Capture) -> Mapping[str, Any]:
    """Return a capture as it is recorded."""
    frames = [[each.sent, each.raw.hex()] for each in capture.frames]
    return {"connection": capture.connection, "ended": capture.ended, "frames": frames}


def recorded_capture(key: str, error: LabError) -> Capture | None:
    """Return what was recorded of a connection, None if nothing was."""
    found, made = _found(CAPTURES, key, error)
    if found is None:
        return None
    frames = (Frame(bytes.fromhex(raw), sent) for sent, raw in found["frames"])
    return Capture(found["connection"], tuple(frames), found["ended"], made.banner)


def recorded_proof(key: str, error: LabError) -> tuple[str, Recorded] | None:
    """Return what was recorded of a comparison in one line, None if nothing was."""
    found, made = _found(PROOFS, key, error)
    return None if found is None else (found["summary"], made)


def scene_data(played: Played) -> Mapping[str, Any]:
    """Return a scene as it is recorded."""
    return {
        "title": played.title,
        "events": [[*event[:3], list(event.facts)] for event in played.events],
        "measurements": [list(each) for each in played.measurements],
    }


def recorded_scene(name: str, error: LabError) -> Played | None:
    """Return a scene as it went elsewhere, None if it was not recorded."""
    found, made = _found(SCENES, name, error)
    if found is None:
        return None
    events = (
        Event(what, outcome, because, tuple(facts))
        for what, outcome, because, facts in found["events"]
    )
    times = tuple(Measurement(*each) for each in found["measurements"])
    return Played(name, found["title"], tuple(events), times, made.banner)


def _found(file: str, key: str, error: LabError) -> tuple[Any, Recorded]:
    held: Any = read_shipped("data", "recorded", file)
    made = held["made"]
    about = Recorded(made["date"], made["kernel"], tuple(made["versions"]), error)
    return held["of"].get(key), about
