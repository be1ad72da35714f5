"""The way of a packet over the map: along which line, and at which door it stops."""

from dataclasses import dataclass

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.evidence import place_of
from nsimlib.evaluation.verdict import DirectionVerdict, Verdict
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction
from nsimlib.views.catalogue import say
from nsimlib.views.topology import End, Kind, Topology

__all__ = ["Journey", "door", "journey", "journey_says", "stopped_at"]

Point = tuple[float, float]
#: how far a curve goes straight on from a door
REACH = 26


@dataclass(frozen=True, slots=True)
class Journey:
    """The line up to where the packet stops, the rest of it, and the place where it stops."""

    way: str
    rest: str
    stop: Point
    outcome: Outcome
    #: the direction whose door stops it, None where it arrives
    stopped: Direction | None


def door(end: End, direction: Direction) -> Point:
    """Return where a connection leaves an end, or comes in.

    A pod's egress door is at its right, its ingress door at its left; the world has one side only.
    """
    left, right, middle = end.x, end.x + end.width, end.y + end.height / 2
    if end.kind is Kind.PLACE:
        return left, middle
    return (right, middle) if direction is Direction.EGRESS else (left, middle)


def stopped_at(verdict: Verdict) -> Direction | None:
    """Return the first direction that does not let the connection pass, if there is one."""
    ends = (end.direction for end in verdict.ends if end.outcome is not Outcome.ALLOWED)
    return next(ends, None)


def journey(found: Topology, verdict: Verdict, source: End, destination: End) -> Journey:
    """Return the way between two ends; a Service is passed through on the way to a pod."""
    stopped = stopped_at(verdict)
    target = _backend(found, verdict, destination)
    out, into = door(source, Direction.EGRESS), door(target, Direction.INGRESS)
    first = f"M{_at(_outward(source, out))}L{_at(out)}"
    between = _between(out, into, source, target, destination)
    last = f"M{_at(into)}L{_at(_inside(target))}"
    if stopped is Direction.EGRESS:
        return Journey(first, f"M{_at(out)}{between}{last}", out, verdict.outcome, stopped)
    if stopped is Direction.INGRESS:
        return Journey(f"{first}{between}", last, into, verdict.outcome, stopped)
    whole = f"{first}{between}L{_at(_inside(target))}"
    return Journey(whole, "", _inside(target), verdict.outcome, None)


def _backend(found: Topology, verdict: Verdict, destination: End) -> End:
    """The workload behind a Service, else the destination itself."""
    if destination.kind is not Kind.SERVICE or not verdict.cases:
        return destination
    return found.end(_owner(verdict.case.path.destination)) or destination


def _between(out: Point, into: Point, source: End, target: End, asked: End) -> str:
    """A curve from door to door, over the Service if one was asked."""
    leaving = -1 if source.kind is Kind.PLACE else 1
    if target is asked:
        return _curve(out, into, leaving, -1)
    over = asked.middle
    return _curve(out, over, leaving, 0) + _curve(over, into, 0, -1)


def _curve(start: Point, end: Point, leaving: int, coming: int) -> str:
    """A curve that goes straight on from a door, and farther where it must turn back."""
    across = end[0] - start[0]
    reach = REACH + min(REACH, abs(across) * 0.2) + (REACH if across * leaving < REACH else 0)
    first, second = (start[0] + leaving * reach, start[1]), (end[0] + coming * reach, end[1])
    return f"C{_at(first)} {_at(second)} {_at(end)}"


def _inside(end: End) -> Point:
    """Where a packet that arrives comes to rest: inside, beside the name."""
    return end.x + min(12, end.width / 2), end.y + end.height / 2


def _outward(end: End, out: Point) -> Point:
    """Where a packet sets out: inside, beside the door it leaves by."""
    return out[0] + (-1 if out[0] > end.middle[0] else 1) * min(16, end.width / 2), out[1]


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def journey_says(verdict: Verdict) -> str:
    """Return in a sentence what happens to the packet, and at which door."""
    fields = {"connection": verdict.connection, "outcome": verdict.outcome.value}
    stopped = stopped_at(verdict)
    if not verdict.cases:
        return say("map.no-answer", **fields)
    if stopped is None:
        rules = " and ".join(place_of(each) for each in verdict.determining)
        return say("map.arrives-by" if rules else "map.arrives", **fields, rules=rules)
    end = next(end for end in verdict.ends if end.direction is stopped)
    at = say("map.stops", **fields, direction=stopped.value, subject=_owner(end.subject))
    return f"{at} {_because(verdict, end)}".strip()


def _owner(party: Party) -> str:
    return str(party.owner if isinstance(party, Pod) else party)


def _because(verdict: Verdict, end: DirectionVerdict) -> str:
    if verdict.outcome is Outcome.UNDETERMINED:
        return say("map.open")
    policies = ", ".join(dict.fromkeys(policy.key for policy in end.isolating))
    missed = [each for each in end.near_misses if each.distance == 1]
    if missed:
        return say("map.nearest", policies=policies, rule=missed[0].place)
    return say("map.no-rule", policies=policies) if policies else ""
