"""A seeded sweep: three evaluators agree on 100,000 cells of realistic clusters.

A cell is one source, one destination and one port. Hypothesis looks for odd clusters; this looks at
ordinary ones, at the addresses and ports where rules begin and end.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest

import nsimlib as ns
from benchmarks.generate import Shape, text
from nsimlib.cni.profile import load_profile
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import address_pairs
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.pairs import Pairs
from nsimlib.model.connection import Connection, End, ObjectName
from nsimlib.model.objects import External, Party, Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import TRANSPORTS, Port
from tests.reference import reference

pytestmark = pytest.mark.laws

SEEDS = range(8)
CELLS = 12_600
SPEC = load_profile("spec")


def cluster(seed: int) -> ns.Cluster:
    shape = Shape(pods=120, namespaces=8, policies=60, seed=seed, fat=False)
    return ns.loads("".join(text(shape, "json")))


def ports(pairs: Pairs) -> list[Port]:
    """Ports at which some rule begins or ends, and one that none names."""
    named = {
        port
        for policy in pairs.cluster.policies
        for rule in policy.rules
        for entry in rule.ports or ()
        for _, span in entry.numbers()
        for port in span
    }
    declared = {each.port.number for pod in pairs.cluster.pods for each in pod.ports}
    numbers = sorted((named | declared | {1}) & set(range(1, 65_536)))
    return [Port(number, protocol) for number in numbers for protocol in TRANSPORTS]


def cells(pairs: Pairs, random: Random) -> Iterator[tuple[Party, Party, Port]]:
    """One pod of each class and the first and last address of each piece, in random pairs."""
    pods: list[Party] = [random.choice(each.members) for each in pairs.universe.classes]
    edges = {
        direction: [
            pairs.cluster.external(address)
            for piece in pairs.universe.pieces[direction]
            for address in (piece.start, piece.end)
        ]
        for direction in Direction
    }
    asked = ports(pairs)
    known: list[tuple[Party, Party]] = [
        *product(pods, pods),
        *product(pods, edges[Direction.EGRESS]),
        *product(edges[Direction.INGRESS], pods),
    ]
    for _ in range(CELLS):
        yield *random.choice(known), random.choice(asked)


def end(party: Party) -> End:
    if isinstance(party, Pod):
        return ObjectName(party.namespace.name, party.name, "pod")
    assert isinstance(party, External)
    return party.address


@pytest.mark.parametrize("seed", SEEDS)
def test_three_evaluators_agree(seed: int) -> None:
    pairs = Pairs(cluster(seed), SPEC)
    differing, outcomes = [], set()
    for source, destination, port in cells(pairs, Random(seed)):
        asked = Connection(end(source), end(destination), port)
        verdict = evaluate(pairs.cluster, asked, SPEC).outcome
        (addresses,) = address_pairs(source, destination)
        said = reference(pairs.cluster, (source, destination), addresses, port)[0]
        if not verdict is pairs.between(source, destination).outcome(port) is Outcome(said):
            differing.append(str(asked))
        outcomes.add(verdict)
    assert differing == []
    assert outcomes >= {Outcome.ALLOWED, Outcome.DENIED}


def test_the_sweep_is_as_large_as_it_says() -> None:
    assert len(SEEDS) * CELLS >= 100_000
