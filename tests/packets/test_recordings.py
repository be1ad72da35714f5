"""What is shown where no lab runs: recorded, marked, and of this very question."""

from dataclasses import replace
from pathlib import Path

import pytest

import nsimlib as ns
from nsimlib.errors import LabError
from nsimlib.lessons.recording import CAPTURED, PROVEN, record
from nsimlib.manifests.shipped import read_shipped
from nsimlib.packets import lab
from nsimlib.packets.checking import Report
from nsimlib.packets.proof import Unproven, capture, verify
from nsimlib.packets.recordings import PROOFS

REMEDY = "Use another machine."


@pytest.fixture
def _nothing_live(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise LabError("user namespace", "EPERM: Operation not permitted", REMEDY)

    monkeypatch.setattr(lab, "start", refused)


@pytest.mark.usefixtures("_nothing_live")
@pytest.mark.parametrize(("scenario", "engine", "ports"), PROVEN)
def test_a_comparison_that_was_recorded_is_shown(
    scenario: str, engine: str, ports: tuple[str, ...]
) -> None:
    """If this fails, the scenario has changed: run `nsim lab record data/recorded`."""
    found = verify(ns.scenario(scenario), engine=engine, ports=ports)
    assert isinstance(found, Unproven)
    assert not found
    head, why, when, summary = repr(found).splitlines()
    assert head == "No packet was sent, so nothing is proven."
    assert why == f"Not live here, user namespace: EPERM: Operation not permitted. {REMEDY}"
    assert when.startswith("Recorded on 20")
    assert "Linux" in when
    assert "nftables v" in when
    assert summary.startswith(f"Kernel ({engine}) against model (")
    assert " 0 differ" in summary


@pytest.mark.usefixtures("_nothing_live")
@pytest.mark.parametrize(("scenario", "connection"), CAPTURED)
def test_a_capture_that_was_recorded_is_returned(scenario: str, connection: str) -> None:
    found = capture(ns.scenario(scenario), connection)
    assert found.banner.startswith("Not live here, user namespace")
    assert found.banner in repr(found)
    assert len(found) > 1
    assert found[0].sent


@pytest.mark.usefixtures("_nothing_live")
def test_of_another_question_nothing_is_shown() -> None:
    shop = ns.scenario("shop")
    changed = replace(shop, policies=shop.policies[1:])
    _, engine, ports = PROVEN[0]
    for found in (verify(changed, engine=engine, ports=ports), verify(shop, ports=["1/TCP"])):
        assert isinstance(found, Unproven)
        assert "Recorded" not in repr(found)
    with pytest.raises(LabError, match="user namespace"):
        capture(changed, CAPTURED[0][1])


@pytest.mark.system
def test_recorded_anew_it_is_what_ships(machine: Report, tmp_path: Path) -> None:
    """As far as it is the same on every machine."""
    assert machine
    written = {path.name: path for path in record(tmp_path, scenes=())}
    ours, shipped = (
        read_shipped(str(tmp_path), PROOFS),
        read_shipped("data", "recorded", PROOFS),
    )
    assert isinstance(ours, dict)
    assert isinstance(shipped, dict)
    assert ours["of"] == shipped["of"]
    assert ours["made"].keys() == {"date", "kernel", "versions"}
    assert len(written) == 3
