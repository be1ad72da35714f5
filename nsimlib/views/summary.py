"""What a cluster or its reachability holds, in a few lines: the same for text and HTML."""

from collections.abc import Iterator

from nsimlib.evaluation.reachability import Reachability
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Direction
from nsimlib.model.report import LoadReport

__all__ = ["cluster_summary", "counts", "reach_summary", "warnings_of"]


def cluster_summary(cluster: Cluster) -> Iterator[str]:
    """Yield a line of counts, and then everything a reader of the cluster should know."""
    yield "Cluster: " + ", ".join(counts(cluster))
    yield from warnings_of(cluster.report)


def counts(cluster: Cluster) -> Iterator[str]:
    """Yield how many of each there are, such as `5 namespaces`."""
    held = {
        "namespace": len(cluster.namespaces),
        "workload": len(cluster.workloads),
        "pod": len(cluster.pods),
        "node": len(cluster.nodes),
        "Service": len(cluster.services),
        "place": len(cluster.places),
    }
    for word, number in held.items():
        yield f"{number} {word}" if number == 1 else f"{number} {word}s"
    policies = len(cluster.policies)
    yield "1 policy" if policies == 1 else f"{policies} policies"


def warnings_of(report: LoadReport) -> Iterator[str]:
    """Yield what a reading left out, assumed or did not understand, a line each."""
    for problem in report.problems:
        yield f"left out: {problem}"
    for kind, number in report.unmodelled:
        yield f"not modelled: {number} {kind}"
    for note in report.notes:
        yield f"note: {note}"


def reach_summary(reach: Reachability) -> Iterator[str]:
    """Yield what was computed and what can be asked."""
    sources, destinations = (
        len(reach.universe.pieces[d]) for d in (Direction.INGRESS, Direction.EGRESS)
    )
    yield f"Reachability ({reach.profile.name}): {', '.join(counts(reach.cluster))}"
    if reach.profile.chosen:
        yield f"the reading was chosen: {reach.profile.chosen}"
    yield f"the world outside: {sources} ranges as source, {destinations} as destination"
    yield 'ask: .ports(source, destination), .matrix("5432/TCP"), .sources_of("…"), .graph()'
