"""The kernel's verdict in one call: proven, or told why not."""

from dataclasses import replace

import pytest

import nsimlib as ns
from nsimlib.errors import LabError
from nsimlib.evaluation.combination import Outcome
from nsimlib.packets import lab
from nsimlib.packets.checking import Report
from nsimlib.packets.proof import Unproven, verify
from nsimlib.packets.verification import Verification
from tests.builders import block, cluster, pod, policy, rule

WEB = pod("shop/web", "10.0.0.1", app="web")
DB = pod("shop/db", "10.0.0.2", app="db")
ALLOWING = policy("shop/out", rule(block("10.0.0.0/30"), ports="5432/TCP"), app="web")
SHOP = cluster(WEB, DB, policies=[ALLOWING])


@pytest.mark.system
@pytest.mark.parametrize(
    ("engine", "profile", "outcome"),
    [
        ("nftables", "spec", "allowed"),
        ("calico", "calico", "allowed"),
        # a block means no pod (F3.14)
        ("fqdn", "cilium", "denied"),
    ],
)
def test_kernel_and_model_are_held_together(
    machine: Report, engine: str, profile: str, outcome: str
) -> None:
    assert machine
    found = verify(SHOP, engine=engine, ports=["5432/TCP"])
    assert isinstance(found, Verification)
    assert found
    assert (found.engine, found.profile) == (engine, profile)
    outcomes = {str(row.probe): row.kernel.value for row in found.rows}
    assert outcomes["shop/web -> shop/db:5432/TCP"] == outcome
    assert outcomes["shop/web -> 10.0.0.4:5432/TCP"] == "denied"


@pytest.mark.system
def test_the_model_may_be_asked_as_somebody_else(machine: Report) -> None:
    """Cilium's blocks mean no pods (F3.14), the nftables engine's do: that is a difference."""
    assert machine
    found = verify(SHOP, cni="cilium", ports=["5432/TCP"])
    assert not found
    assert {str(row.probe) for row in found.differences} == {"shop/web -> shop/db:5432/TCP"}
    assert found.example is not None
    assert found.example.outcome is Outcome.DENIED


def test_what_the_engine_cannot_enforce_is_not_proven() -> None:
    found = verify(replace(SHOP, policies=(policy("all", kind="AdminNetworkPolicy"),)))
    assert isinstance(found, Unproven)
    assert (bool(found), found.differences, found.example) == (False, (), None)
    assert repr(found).splitlines() == [
        "No packet was sent, so nothing is proven.",
        "policy: the nftables engine knows NetworkPolicy alone, and all is a AdminNetworkPolicy",
        "  Leave it out: cluster.without('all').",
    ]


def test_where_there_is_no_lab_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise LabError("user namespace", "EPERM: Operation not permitted", "Use another machine.")

    monkeypatch.setattr(lab, "start", refused)
    found = verify(ns.scenario("shop"))
    assert isinstance(found, Unproven)
    assert repr(found).endswith("EPERM: Operation not permitted\n  Use another machine.")
