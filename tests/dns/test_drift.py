"""Policies against answers: what they miss, and what nobody needs any more."""

from dataclasses import replace

import pytest

from nsimlib.dns.drift import Drift, Standing, drift
from nsimlib.dns.records import Answer, Record, RecordType
from nsimlib.evaluation.combination import Outcome
from nsimlib.lessons.scenarios import scenario
from nsimlib.manifests import loads
from nsimlib.model.addresses import Family, parse_address

SHOP = replace(scenario("shop"), policies=(), places=())
DB, OTHER = "db.example", "mail.example"


def answer(at: float, *addresses: str, name: str = DB) -> Answer:
    found = tuple(map(parse_address, addresses))
    kind = RecordType.AAAA if found and found[0].family is Family.IPV6 else RecordType.A
    return Answer(
        name, kind, records=tuple(Record(name, kind, 5, each) for each in found), since=at
    )


def allowing(*cidrs: str, ports: str = "[{port: 5432}]", name: str = "db") -> str:
    blocks = ", ".join(f"{{ipBlock: {{cidr: '{cidr}'}}}}" for cidr in cidrs)
    return f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress: [{{ports: {ports}, to: [{blocks}]}}]
"""


def drifting(answers: list[Answer], *policies: str, cni: str = "spec", recent: float = 0) -> Drift:
    return drift(SHOP.with_policies(*policies), answers, cni=cni, recent=recent)


def missed(found: Drift) -> list[str]:
    return [f"{each.workload} {each.name} {each.address}:{each.port}" for each in found.missed]


OLD, NEW = answer(0, "10.20.21.17"), answer(60, "10.20.22.18")
MISSED = ["shop/api db.example 10.20.22.18:5432/TCP"]


@pytest.mark.parametrize(
    ("answers", "policies", "found"),
    [
        ([OLD], [allowing("10.20.21.0/24")], []),
        ([OLD, NEW], [allowing("10.20.21.0/24")], MISSED),
        ([NEW, OLD], [allowing("10.20.21.0/24")], MISSED),
        ([OLD, NEW], [allowing("10.20.21.0/24", "10.20.22.0/24")], []),
        ([OLD, NEW], [allowing("10.20.0.0/16")], []),
        # another policy for the same pods allows it
        ([OLD, NEW], [allowing("10.20.21.17/32"), allowing("10.20.22.18/32", name="more")], []),
        # ... but not on the port
        (
            [OLD, NEW],
            [
                allowing("10.20.21.17/32"),
                allowing("10.20.22.18/32", ports="[{port: 80}]", name="more"),
            ],
            MISSED,
        ),
        # a policy that covers nothing the name ever had is not about it
        ([OLD, NEW], [allowing("203.0.113.0/24")], []),
        ([answer(0, "10.20.21.17", "10.20.22.18")], [allowing("10.20.21.0/24")], MISSED),
        # each family has answers of its own
        (
            [OLD, answer(60, "2001:db8::5")],
            [allowing("10.20.21.0/24")],
            ["shop/api db.example 2001:db8::5:5432/TCP"],
        ),
        # a rule for all ports is asked about one; one for a port name means nothing outside (F1.8)
        (
            [OLD, NEW],
            [allowing("10.20.21.0/24", ports="[]")],
            ["shop/api db.example 10.20.22.18:443/TCP"],
        ),
        ([OLD, NEW], [allowing("10.20.21.0/24", ports="[{port: pg}]")], []),
        ([OLD, answer(60)], [allowing("10.20.21.0/24")], []),
    ],
)
def test_what_is_missed(answers: list[Answer], policies: list[str], found: list[str]) -> None:
    assert missed(drifting(answers, *policies)) == found


def test_answers_that_are_recent_count_as_current() -> None:
    """A name with weights gives another answer each time (F5.31)."""
    answers, policy = [answer(0, "10.40.21.9"), answer(60, "10.20.21.17")], allowing("10.20.0.0/16")
    found = [missed(drifting(answers, policy, recent=recent)) for recent in (0, 60)]
    assert found == [[], ["shop/api db.example 10.40.21.9:5432/TCP"]]


def test_policies_that_nobody_enforces_miss_nothing() -> None:
    assert drifting([OLD, NEW], allowing("10.20.21.0/24"), cni="flannel").coverage == ()


@pytest.mark.parametrize(
    ("answers", "standing", "names"),
    [
        ([OLD], Standing.CURRENT, (DB,)),
        ([OLD, NEW], Standing.FORMER, (DB,)),
        ([NEW], Standing.UNKNOWN, ()),
        ([OLD, NEW, answer(90, "10.20.21.17", name=OTHER)], Standing.REASSIGNED, (DB, OTHER)),
        ([OLD, answer(0, "10.20.21.17", name=OTHER)], Standing.CURRENT, (DB, OTHER)),
    ],
)
def test_how_a_block_of_one_address_stands(
    answers: list[Answer], standing: Standing, names: tuple[str, ...]
) -> None:
    (block,) = drifting(answers, allowing("10.20.21.17/32", "10.20.0.0/16")).blocks
    assert (block.standing, block.names) == (standing, names)


def test_blocks_of_the_cluster_itself_need_no_answer() -> None:
    kube_dns, pod = "10.96.0.10/32", f"{SHOP.pods[0].addresses[0]}/32"
    assert (
        drifting([], allowing(kube_dns, pod, "192.0.2.1/32")).blocks[0].place
        == "shop/db spec.egress[0]"
    )
    assert len(drifting([], allowing(kube_dns, pod, "192.0.2.1/32")).blocks) == 1


def test_coverage_names_the_rule() -> None:
    (covered, lost) = drifting([OLD, NEW], allowing("10.20.21.17/32")).coverage
    assert (covered.outcome, covered.places, covered.current) == (
        Outcome.ALLOWED,
        ("shop/db spec.egress[0]",),
        False,
    )
    assert (lost.outcome, lost.places, lost.seen) == (Outcome.DENIED, ("shop/db",), 60)


def test_it_shows_itself() -> None:
    lines = repr(drifting([OLD, NEW], allowing("10.20.21.17/32"))).splitlines()
    assert lines[0] == "Addresses missed: 1, blocks out of date: 1"
    assert [line.split() for line in lines[2:]] == [
        [
            "shop/db",
            "shop/api",
            "db.example:5432/TCP",
            "10.20.21.17",
            "former",
            "covered",
            "shop/db",
            "spec.egress[0]",
        ],
        [
            "shop/db",
            "shop/api",
            "db.example:5432/TCP",
            "10.20.22.18",
            "current",
            "denied",
            "shop/db",
        ],
        ["shop/db", "spec.egress[0]", "db.example", "10.20.21.17/32", "former"],
    ]


def test_cilium_judges_by_its_own_policies() -> None:
    policy = loads(
        """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: api}}
  egress:
  - toCIDR: [10.20.21.0/24]
    toPorts: [{ports: [{port: "5432", protocol: TCP}]}]
"""
    ).policies
    found = drift(SHOP.with_policies(*policy), [OLD, NEW], cni="cilium")
    assert missed(found) == MISSED
