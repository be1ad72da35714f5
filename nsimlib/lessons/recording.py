"""What notebooks ask of the packet lab, recorded for readers without one.

`nsim lab record data/recorded` does it on a machine that has all of it; the result ships.
"""

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nsimlib.lessons.scenarios import scenario
from nsimlib.packets.lab import Lab
from nsimlib.packets.recordings import CAPTURES, PROOFS, capture_data, fingerprint, scene_data
from nsimlib.packets.recordings import SCENES as SCENE_FILE
from nsimlib.packets.scenes.playing import SCENES

__all__ = ["CAPTURED", "PROVEN", "record"]

#: scenario, connection
CAPTURED = (
    ("shop", "shop/web -> 203.0.113.7:443/TCP"),
    ("shop", "shop/api -> 203.0.113.7:443/TCP"),
    ("shop", "shop/debug -> 203.0.113.7:53/UDP"),
)
#: scenario, engine, ports
PROVEN = (
    ("shop", "nftables", ("53/UDP", "5432/TCP", "8080/TCP")),
    ("shop", "calico", ("53/UDP", "5432/TCP", "8080/TCP")),
)
VERSIONS = (("nft", "--version"), ("iptables", "--version"), ("ipset", "--version"))


def record(folder: Path, scenes: Iterable[str] = tuple(SCENES)) -> Iterator[Path]:
    """Write all recordings and yield their paths; of scenes, which take a while, maybe a few.

    Raises
    ------
    LabError
        If this machine lacks a part of the lab.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Lab(scenario("shop")) as lab:
        said = (lab.world.run(*argv).stdout.strip().partition("\n")[0] for argv in VERSIONS)
        versions = [text.partition(" (")[0].partition(",")[0] for text in said]
    kernel = platform.release().partition("-")[0]
    made = {"date": date.today().isoformat(), "kernel": kernel, "versions": versions}
    played = {name: scene_data(SCENES[name]()) for name in scenes}
    recordings = {CAPTURES: dict(_captures()), PROOFS: dict(_proofs()), SCENE_FILE: played}
    for name, found in recordings.items():
        path = folder / name
        path.write_text(json.dumps({"made": made, "of": found}, indent=1) + "\n", encoding="utf-8")
        yield path


def _captures() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, connection in CAPTURED:
        cluster = scenario(name)
        with Lab(cluster) as lab:
            found = lab.capture(connection)
        yield fingerprint(cluster, "capture", connection, b"", b""), capture_data(found)


def _proofs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, engine, ports in PROVEN:
        cluster = scenario(name)
        with Lab(cluster, engine) as lab:
            found = lab.verify(ports=ports)
        about = {"cluster": name, "engine": engine, "ports": ports, "summary": found.summary}
        yield fingerprint(cluster, "verify", engine, "", ports), about
