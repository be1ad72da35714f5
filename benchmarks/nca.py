"""The Python peer, np-guard's network-config-analyzer, in an environment of its own.

It is made by this program in a cache folder, as the peer pins packages that nsimlib does not.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from nsimlib.model.addresses import AddressRange, parse_address, parse_cidr
from nsimlib.model.ports import ALL_PORTS, NO_PORTS, PortSet

__all__ = ["VERSION", "End", "Pairs", "Run", "connections", "installed", "run"]

VERSION = "2.1.0"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
FOLDER: Final = CACHE / "nsimlib-bench" / f"nca-{VERSION}"
#: runs the peer's own command line, and says how long its question took without reading
DRIVER = """
import sys, time
begun = time.perf_counter()
from nca.NetworkConfig.NetworkConfigQueryRunner import NetworkConfigQueryRunner as Runner
from nca.nca_cli import nca_main
real, spent = Runner.run_query, []
def timed(*arguments):
    started = time.perf_counter()
    try:
        return real(*arguments)
    finally:
        spent.append(time.perf_counter() - started)
Runner.run_query = timed
nca_main(sys.argv[1:])
print("seconds", sum(spent), file=sys.stderr)
"""
CUBE = re.compile(r"\{protocols:([A-Z, ]+?)(?:,dst_ports:([0-9,-]+))?\}")

End = str | AddressRange
Pairs = dict[tuple[End, End], PortSet]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the peer: what it printed, and its seconds as a whole and for the question."""

    text: str
    whole: float
    compute: float


def installed() -> Path | None:
    """Return the peer's Python, made first if need be, or None if that does not work here."""
    python = FOLDER / "bin" / "python"
    if (FOLDER / "made").exists():
        return python
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(FOLDER)],
        [str(python), "-m", "pip", "install", "--quiet", f"network-config-analyzer=={VERSION}"],
    )
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    (FOLDER / "made").touch()
    return python


def run(python: Path, folder: Path, form: str) -> Run:
    """Ask for all connections of a folder in a format: `txt`, or `txt_no_fw_rules`."""
    command = [str(python), "-c", DRIVER, "--connectivity", "-r", str(folder), "-o", form]
    begun = perf_counter()
    # Its exit code says whether anything is connected.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    whole = perf_counter() - begun
    *_, last = done.stderr.strip().splitlines() or [""]
    if not last.startswith("seconds "):
        raise RuntimeError(f"the peer failed: {last}")
    return Run(done.stdout, whole, float(last.split()[1]))


def connections(text: str) -> Pairs:
    """Return what the peer says in `txt_no_fw_rules`, without pods that it makes up."""
    found: Pairs = {}
    for line in text.splitlines():
        if "=>" not in line or "livesim" in line:
            continue
        ends, _, said = line.partition(" : ")
        source, _, destination = ends.partition(" => ")
        ports = _ports(said.strip())
        for ours in _ends(source.strip()):
            for theirs in _ends(destination.strip()):
                found[ours, theirs] = found.get((ours, theirs), NO_PORTS) | ports
    return found


def _ends(text: str) -> Iterator[End]:
    if text.endswith("]"):
        yield text
        return
    for part in text.split(","):
        if "/" in part:
            yield parse_cidr(part.strip())
            continue
        first, _, last = part.strip().partition("-")
        start, end = parse_address(first), parse_address(last or first)
        yield AddressRange(start.family, start.value, end.value)


def _ports(said: str) -> PortSet:
    if said == "All connections":
        return ALL_PORTS
    ports = NO_PORTS
    for protocols, numbers in CUBE.findall(said):
        for protocol in protocols.split(", "):
            spans = [f"{span}/{protocol}" for span in (numbers or "1-65535").split(",")]
            ports = ports | PortSet.of(*spans)
    return ALL_PORTS - ports if said.startswith("All but") else ports
