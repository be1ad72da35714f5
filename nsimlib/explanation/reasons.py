"""From a verdict to its reasons: a tree that shows every rule and every check, and cannot disagree.

Each reason is made from one piece of kept evidence, and its mark from that evidence alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.evidence import Check, RuleResult, TierResult
from nsimlib.evaluation.logic import Truth, any_of, not_
from nsimlib.evaluation.verdict import Case, DirectionVerdict, Exemption, Path, Verdict
from nsimlib.explanation.proxies import lifted, passing
from nsimlib.explanation.sentences import Naming, ports_sentence, sentence
from nsimlib.model.connection import ObjectName
from nsimlib.model.objects import External, Party, Service
from nsimlib.model.policy import Action, Direction, Source

__all__ = ["Mark", "Reason", "explain"]


class Mark(Enum):
    """What a reason says about a match; the values are the signs that are printed."""

    NONE = ""
    YES = "+"
    NO = "-"
    OPEN = "?"


MARKS = {True: Mark.YES, False: Mark.NO, None: Mark.OPEN}
OUTCOME_MARKS = {
    Outcome.ALLOWED: Mark.YES,
    Outcome.DENIED: Mark.NO,
    Outcome.UNDETERMINED: Mark.OPEN,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation with the lines that support it.

    `facts` are the numbers it rests on (`nsimlib.fact` shows them), `source` where it is written.
    """

    text: str
    mark: Mark = Mark.NONE
    children: tuple["Reason", ...] = ()
    facts: tuple[str, ...] = ()
    source: Source | None = None

    def leaves(self) -> Iterator["Reason"]:
        """Yield the reasons that rest on nothing further."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def explain(verdict: Verdict) -> Reason:
    """Return why a verdict is what it is: everything that was looked at, as a tree.

    >>> import nsimlib as ns
    >>> reason = explain(ns.why(ns.scenario("shop"), "shop/web -> kube-system/coredns:53/UDP"))
    >>> [child.text for child in reason.children]
    ['Egress: denied', 'Ingress: allowed']
    """
    under = "" if verdict.profile == "spec" else f" in the {verdict.profile} reading"
    headline = f"{verdict.connection} is {verdict.outcome.value}{under}"
    return Reason(headline, OUTCOME_MARKS[verdict.outcome], tuple(_parts(verdict)))


def _parts(verdict: Verdict) -> Iterator[Reason]:
    if verdict.chosen:
        yield Reason(f"the reading was chosen: {verdict.chosen}")
    if verdict.connection.reply:
        yield Reason("policies judge the opening; replies follow it", facts=("F1.14",))
    if not verdict.cases:
        yield Reason("nothing answers there: the Service has no endpoints", Mark.OPEN)
    elif len(verdict.cases) == 1:
        yield from _case(verdict.cases[0], _asked(verdict))
    else:
        yield Reason(f"there are {len(verdict.cases)} ways it can go")
        for case in verdict.cases:
            heading = f"{_way(case)} is {case.outcome.value}{_alike(case)}"
            yield Reason(heading, OUTCOME_MARKS[case.outcome], tuple(_case(case, _name)))


def _way(case: Case) -> str:
    path = case.path
    return f"{_name(path.source)} -> {_name(path.destination)}:{path.port}"


def _alike(case: Case) -> str:
    return f", and {case.others} more like it" if case.others else ""


def _name(party: Party) -> str:
    if not isinstance(party, External):
        return str(party)
    known = party.names or party.places[:1]
    return f"{party} ({', '.join(known)})" if known else str(party)


def _asked(verdict: Verdict) -> Naming:
    """Call the ends as the question did: a workload asked for stands for its pods."""
    path, asked = verdict.cases[0].path, verdict.connection
    called: dict[Party, str] = {}
    if isinstance(asked.destination, ObjectName) and path.service is None:
        called[path.destination] = f"{asked.destination.namespace}/{asked.destination.name}"
    if isinstance(asked.source, ObjectName):
        called[path.source] = f"{asked.source.namespace}/{asked.source.name}"
    return lambda party: called.get(party) or _name(party)


def _case(case: Case, naming: Naming) -> Iterator[Reason]:
    path = case.path
    if path.service is not None:
        yield _way_through(path.service, path, naming)
    for end in case.directions:
        yield _direction(end, naming)


def _way_through(service: Service, path: Path, naming: Naming) -> Reason:
    reached = f"{naming(path.destination)}:{path.port}"
    if service.headless:
        return Reason(f"Service {service.key} is headless, so the client connects to {reached}")
    asked = path.service_address or "the Service"
    goes = f"Service {service.key} ({asked}) sends {path.service_port} to"
    return Reason(f"{goes} {reached}", facts=("F1.18",))


def _direction(end: DirectionVerdict, naming: Naming) -> Reason:
    text = f"{end.direction.value}: {end.outcome.value}"
    return Reason(text, OUTCOME_MARKS[end.outcome], tuple(_direction_parts(end, naming)))


EXEMPTIONS = {
    Exemption.NOT_A_POD: "{subject} is no pod of the cluster, so no policy applies to it",
    Exemption.HOST_NETWORK: "{subject} is on its node's network, so no policy selects it",
    Exemption.ITSELF: "a pod cannot be denied its own address",
    Exemption.ITSELF_BY_SERVICE: "{subject} may always reach itself through a Service here",
    Exemption.PING: "pings and ICMP errors pass here, whatever policies say",
    Exemption.FROM_OWN_NODE: "{subject} accepts every connection from its own node",
    Exemption.TO_OWN_NODE: "{subject} may always reach its own node here",
}


def _direction_parts(end: DirectionVerdict, naming: Naming) -> Iterator[Reason]:
    if end.exemption is not None:
        text = EXEMPTIONS[end.exemption].format(subject=naming(end.subject))
        facts = dict.fromkeys((end.exemption.value, *end.exempt_by))
        yield Reason(text, facts=tuple(facts))
        return
    yield from _judged(end, naming)
    yield from (Reason(text, facts=facts) for text, facts in lifted(end))
    yield from _left_open(end, naming)
    yield from _nearest(end)
    for policy, why in end.ignored:
        text = f"{policy.kind} {policy.key} is not enforced: {_clause(why.because)}"
        yield Reason(text, facts=why.facts, source=policy.source)


def _judged(end: DirectionVerdict, naming: Naming) -> Iterator[Reason]:
    subject, word = naming(end.subject), end.direction.word
    if end.isolating:
        policies = ", ".join(dict.fromkeys(policy.key for policy in end.isolating))
        yield Reason(f"{subject} is isolated for {word} by {policies}")
    else:
        yield Reason(f"no policy isolates {subject} for {word}")
    asked = [tier for tier in end.tiers if tier.policies]
    for tier in asked:
        rules = tuple(_tier_parts(tier, end, naming))
        if len(asked) == 1:
            yield from rules
        else:
            outcome = tier.decision.outcome
            says = outcome.value if outcome else "no decision, the next tier is asked"
            yield Reason(f"{tier.tier.name}: {says}", children=rules)


OPEN_QUESTIONS = {
    "pod_to_own_node": "it is open whether a pod may always reach its own node",
    "pod_to_itself": "it is open whether a pod may always reach itself",
    "pod_to_itself_by_service": "it is open whether a pod may always reach itself by a Service",
    "icmp": "it is open what policies do to ICMP",
    "sctp": "it is open what policies do to SCTP",
    "ipv6": "it is open what policies do to IPv6",
}


def _left_open(end: DirectionVerdict, naming: Naming) -> Iterator[Reason]:
    """Say which question keeps the verdict open."""
    if end.doubt is not None:
        yield Reason(OPEN_QUESTIONS[end.doubt.question], Mark.OPEN, (), end.doubt.setting.facts)
    if end.otherwise is not None and end.parts_ways:
        otherwise = end.otherwise.outcome.value
        says = f"it would be {otherwise} if rules with addresses met the Service's"
        rules = tuple(_rule(rule, end.otherwise, naming) for rule in end.turned)
        yield Reason(says, Mark.OPEN, rules, ("F1.18",))


def _clause(sentence: str) -> str:
    """A sentence as the end of another."""
    return sentence.rstrip(".")


def _nearest(end: DirectionVerdict) -> Iterator[Reason]:
    """Name the rule that one thing alone keeps from allowing the connection."""
    for rule in end.near_misses[:1]:
        allows = rule.matched is False and rule.rule.action is Action.ALLOW
        if rule.distance == 1 and allows and rule.unmet_paths:
            entries = ", ".join(rule.unmet_paths)
            yield Reason(f"nearest miss: {rule.place} fails only at {entries}")


def _tier_parts(tier: TierResult, end: DirectionVerdict, naming: Naming) -> Iterator[Reason]:
    ruled = {rule.policy.identity for rule in tier.rules}
    for policy in tier.policies:
        if policy.identity not in ruled and end.direction in policy.isolates:
            text = f"{policy.key} has no {end.direction.word} rules, so it allows nothing"
            yield Reason(text, Mark.NO, facts=("F1.16",), source=policy.source)
    for rule in tier.rules:
        yield _rule(rule, end, naming)


def _rule(result: RuleResult, end: DirectionVerdict, naming: Naming) -> Reason:
    source = Source(result.policy.source.file, result.rule.line)
    mark = MARKS[result.matched]
    children = (_ports(result), *_peers(result, end, naming), *_besides(result, end, naming))
    return Reason(result.place + _action(result), mark, children, source=source)


def _action(result: RuleResult) -> str:
    is_plain = result.policy.isolates and result.rule.action is Action.ALLOW
    return "" if is_plain else f" ({result.rule.action.value})"


def _ports(result: RuleResult) -> Reason:
    if result.ports is None:
        return Reason("ports: any", Mark.YES, facts=("F1.6",))
    conditions = tuple(check.conditions[0] for check in result.ports)
    text = f"ports: {ports_sentence(conditions)}" if conditions else "ports: none"
    return Reason(text, MARKS[_matched(result.ports)], facts=_facts(*result.ports))


def _matched(checks: tuple[Check, ...]) -> Truth:
    return any_of(check.matched for check in checks)


def _peers(result: RuleResult, end: DirectionVerdict, naming: Naming) -> Iterator[Reason]:
    is_egress = end.direction is Direction.EGRESS
    side, peer = ("to", "destination") if is_egress else ("from", "source")
    if result.peers is None:
        yield Reason(f"{side}: any {peer}", Mark.YES, facts=("F1.6",))
    elif not result.peers:
        yield Reason(f"{side}: no {peer}", Mark.NO)
    for check in result.peers or ():
        yield Reason(
            f"{check.path}: {_clauses(check, end.peer, naming)}",
            MARKS[check.matched],
            (),
            _facts(check),
        )


def _besides(result: RuleResult, end: DirectionVerdict, naming: Naming) -> Iterator[Reason]:
    """The ports that a rule takes out, what it asks of the policy's own end, and of requests."""
    for check in result.excepted:
        text = f"{check.path}: {ports_sentence(check.conditions)}, which it takes out"
        yield Reason(text, MARKS[not_(check.matched)], facts=_facts(check))
    for check in result.subject or ():
        text = f"{check.path}: {_clauses(check, end.subject, naming)}"
        yield Reason(text, MARKS[check.matched], facts=_facts(check))
    yield from (Reason(text, facts=facts) for text, facts in passing(result))


def _clauses(check: Check, peer: Party, naming: Naming) -> str:
    """Say what fails before what holds: the part that almost matched is the near miss."""
    conditions = sorted(check.conditions, key=lambda condition: condition.holds is True)
    clauses = tuple(_spoken([sentence(each, naming) for each in conditions], naming(peer)))
    failing = sum(condition.holds is not True for condition in conditions)
    parts = ", and ".join(clauses[:failing]), " and ".join(clauses[failing:])
    return ", though ".join(part for part in parts if part)


def _spoken(clauses: list[str], name: str) -> Iterator[str]:
    """The name that a clause begins with becomes "it" where the clause before has it too."""
    for before, clause in pairwise(["", *clauses]):
        again = name in before and clause.startswith(f"{name} ")
        yield f"it{clause.removeprefix(name)}" if again else clause


def _facts(*checks: Check) -> tuple[str, ...]:
    facts = (fact for check in checks for c in check.conditions for fact in c.facts)
    return tuple(dict.fromkeys(facts))
