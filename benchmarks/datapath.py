"""Measure what Calico writes on one node: 100 pods there, and up to 10,000 policies for them.

    python -m benchmarks.datapath

A policy is for ten pods and has two rules: one names a selector, a port and a range, the other a
block with an exception. `written` is rules and sets of one family from policies that were read;
`printed` and `read` are text and back; a walk is a connection through all of it.
"""

from collections.abc import Iterator
from itertools import pairwise

from benchmarks.load import exponent
from benchmarks.measure import Figure, best, table
from nsimlib.cni.profile import load_profile
from nsimlib.datapath.calico import CalicoNode
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.parsing import parse
from nsimlib.datapath.saving import save
from nsimlib.model.addresses import Family, IPBlock, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, Namespace, Pod
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector

SIZES = (100, 1_000, 10_000)
NAMESPACES, PODS, GROUPS = 10, 100, 10
NODE = "node-1"
GROWING = ("written", "printed", "read", "walked")


def cluster(policies: int) -> Cluster:
    """Return a cluster of one node with so many policies."""
    spaces = [Namespace(f"space-{n}", {NAME_LABEL: f"space-{n}"}) for n in range(NAMESPACES)]
    pods = tuple(
        Pod(
            spaces[n % NAMESPACES],
            f"pod-{n}",
            {"group": str(n % GROUPS), "app": str(n)},
            (parse_address(f"10.1.{n // 250}.{n % 250 + 1}"),),
            node=NODE,
        )
        for n in range(PODS)
    )
    return Cluster(
        {space.name: space for space in spaces},
        pods,
        policies=tuple(_policy(n, spaces[n % NAMESPACES].name) for n in range(policies)),
    )


def _policy(number: int, namespace: str) -> Policy:
    subject = PodPeer(pods=LabelSelector.of(group=str(number % GROUPS)))
    ports = PolicyPort(Protocol.TCP, 443), PolicyPort(Protocol.TCP, 8000, 8000 + number % 1000)
    peer = PodPeer(EVERYTHING, LabelSelector.of(app=str(number)))
    block = BlockPeer(IPBlock("10.0.0.0/8", (f"10.{number % 250}.0.0/16",)))
    directions = frozenset({Direction.EGRESS})
    rules = (
        Rule(Direction.EGRESS, ports, (peer,), path="spec.egress[0]"),
        Rule(Direction.EGRESS, peers=(block,), path="spec.egress[1]"),
    )
    return Policy(
        "NetworkPolicy", namespace, f"policy-{number}", subject, directions, directions, rules
    )


def measure() -> Iterator[Figure]:
    """Yield the figures of every size, and how they grow."""
    found = [figure for size in SIZES for figure in _measure(size)]
    yield from found
    known = {(each.case, each.what): each.value for each in found}
    for small, large in pairwise(SIZES):
        for what in GROWING:
            ends = [(float(size), known[f"{size:,}", what]) for size in (small, large)]
            yield Figure("growth", f"{small:,} to {large:,}", what, exponent(*ends), "")


def _measure(size: int) -> Iterator[Figure]:
    of, case, family = cluster(size), f"{size:,}", Family.IPV4
    profile, settings = load_profile("calico"), Settings()

    def write() -> CalicoNode:
        node = CalicoNode(of, of.pods, profile, settings)
        node.sets(family)
        return node

    node, seconds = best(write)
    ruleset = node.ruleset(family)
    yield Figure("datapath", case, "rules", len(ruleset.lines), "")
    yield Figure("datapath", case, "sets", len(node.sets(family)), "")
    yield Figure("datapath", case, "written", seconds)
    text, seconds = best(lambda: save(ruleset))
    yield Figure("datapath", case, "printed", seconds)
    _, seconds = best(lambda: parse(text))
    yield Figure("datapath", case, "read", seconds)
    opened = datapath("calico", of, of.pods[0].key)
    opened.sets(family)
    _, seconds = best(lambda: opened.walk(f"{of.pods[0].key} -> 203.0.113.7:443/TCP"))
    yield Figure("datapath", case, "walked", seconds)


def main() -> None:
    """Measure and print."""
    found = list(measure())
    for section in dict.fromkeys(figure.section for figure in found):
        print("\n".join(table(figure for figure in found if figure.section == section)), "\n")


if __name__ == "__main__":
    main()
