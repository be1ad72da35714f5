"""Few rows say exactly what all pairs say."""

from hypothesis import given, settings

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.classes import PodClass
from nsimlib.evaluation.reachability import reachability
from nsimlib.evaluation.rectangles import Group, rectangles
from nsimlib.lessons.scenarios import scenario
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import External, Party
from nsimlib.model.policy import Direction
from nsimlib.model.ports import NO_PORTS
from nsimlib.views.rules import rules
from tests.strategies import clusters

NOTHING = Ports(NO_PORTS)


def parties(cluster: Cluster, group: Group) -> list[Party]:
    """The pods of a group, or an address of each range."""
    found: list[Party] = []
    for each in group:
        found += each.members if isinstance(each, PodClass) else [cluster.external(each.start)]
    return found


@given(clusters())
@settings(max_examples=60)
def test_rectangles_expand_to_all_pairs(cluster: Cluster) -> None:
    reach = reachability(cluster)
    said: dict[tuple[Party, Party], Ports] = {}
    for each in rectangles(reach):
        for source in parties(reach.cluster, each.sources):
            for destination in parties(reach.cluster, each.destinations):
                assert (source, destination) not in said
                said[source, destination] = each.ports
    pods: list[Party] = list(reach.cluster.pods)
    sources, destinations = (
        [reach.cluster.external(piece.start) for piece in reach.universe.pieces[direction]]
        for direction in (Direction.INGRESS, Direction.EGRESS)
    )
    pairs = [
        *((a, b) for a in pods for b in pods if a != b and not _is_special(a, b)),
        *((a, b) for a in sources for b in pods),
        *((a, b) for a in pods for b in destinations),
    ]
    for source, destination in pairs:
        expected = reach.between(source, destination)
        found = said.get((source, destination), NOTHING)
        assert (found.allowed, found.open) == (expected.allowed, expected.open)


def _is_special(source: Party, destination: Party) -> bool:
    """Whether one is on the network of the other's node."""
    ends = [end for end in (source, destination) if not isinstance(end, External)]
    return any(getattr(end, "host_network", False) for end in ends)


def test_groups_are_named_by_what_they_share() -> None:
    rows = rules(reachability(scenario("shop"))).rows
    assert ("shop/app=web", "shop/app=api", "8080/TCP") in rows
    assert ("data/app in (batch, reporting)", "data/app=db", "5432/TCP") in rows


def test_a_pod_alone_with_itself_is_no_row() -> None:
    reach = reachability(scenario("shop"))
    assert not [row for row in rules(reach).rows if row[0] == row[1] == "monitoring/app=grafana"]
