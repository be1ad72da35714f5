"""The laws of the model, each held against generated clusters; the names are the documentation."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.cni.profile import Profile, Setting
from nsimlib.evaluation import rows
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.classes import outside, pod_classes
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import parties, party_at
from nsimlib.evaluation.engine import evaluate
from nsimlib.evaluation.evidence import RuleResult, place_of
from nsimlib.evaluation.logic import any_of, not_
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.verdict import DirectionVerdict, Verdict
from nsimlib.explanation.reasons import MARKS, OUTCOME_MARKS, Reason, explain
from nsimlib.manifests import dump, loads
from nsimlib.model.addresses import Address, AddressRange, Family, IPBlock, cut
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import External, Node, Pod
from nsimlib.model.policy import NOWHERE, Action, Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, MAX_PORT, NO_PORTS, Port, PortSet, Protocol
from tests import strategies as make
from tests.builders import policy, rule
from tests.reference import isolates, reference
from tests.strategies import CLOSED, DENY_FIRST, SPEC, TIERED

pytestmark = pytest.mark.laws

EGRESS, INGRESS = Direction
ALLOWED, DENIED, UNDETERMINED = Outcome
Asked = tuple[Cluster, Connection]

asked = make.asked(make.guarded())
asked_of_tiers = make.asked(make.tiered())
#: between two pods that are not on their node's network, and so always judged at both ends
guarded = make.guarded(shapes=make.ONE_ADDRESS, hosts=False)
asked_of_pods = make.asked(make.guarded(hosts=False), make.pod_connections)
blocks = st.sampled_from(make.BLOCK_PEERS)
#: rules name nothing but addresses, and some pods have none
guarded_by_blocks = make.guarded((("v4",), ()), peers=blocks)
#: ... and all pods have two, which may be treated differently
of_two_families = make.guarded((("v4", "v6"), ("v6", "v4")), hosts=False, peers=blocks)
COMMON_PORTS = Port(80), Port(53, Protocol.UDP), Port(443)
#: the two laws on which all else rests are held against more
thoroughly = settings(max_examples=300)


def judged(question: Asked, profile: Profile = SPEC) -> Verdict:
    cluster, connection = question
    return evaluate(cluster, connection, profile)


def outcome(question: Asked, profile: Profile = SPEC) -> Outcome:
    return judged(question, profile).outcome


def places(verdict: Verdict) -> frozenset[str]:
    return frozenset(map(place_of, verdict.determining))


def ends(question: Asked, profile: Profile = SPEC) -> Iterator[DirectionVerdict]:
    """Every end that policies are asked about."""
    for case in judged(question, profile).cases:
        yield from (end for end in case.directions if end.exemption is None)


def isolating(cluster: Cluster, end: DirectionVerdict) -> set[str]:
    """The policies that isolate it, found in another way than the engine does."""
    assert isinstance(end.subject, Pod)
    found = (each for each in cluster.policies if isolates(each, end.subject, end.direction))
    return {policy.key for policy in found}


def between_pods(cluster: Cluster) -> Iterator[Connection]:
    """Every pod asks every other one."""
    for (source, destination), port in product(permutations(cluster.pods, 2), COMMON_PORTS):
        yield Connection(make.name_of(source), make.name_of(destination), port)


def pairs(cluster: Cluster, *wanted: Outcome) -> Iterator[Asked]:
    """A question for each two pods, where the answer is one of those wanted."""
    for connection in between_pods(cluster):
        if outcome((cluster, connection)) in wanted:
            yield cluster, connection


def rewritten(question: Asked, change: Callable[[Policy], Policy]) -> Asked:
    cluster, connection = question
    return replace(cluster, policies=tuple(map(change, cluster.policies))), connection


def with_policies(question: Asked, policies: Iterable[Policy]) -> Asked:
    cluster, connection = question
    return replace(cluster, policies=tuple(policies)), connection


# Isolation and rules (F1.9-F1.16)


@given(asked)
def test_non_isolated_pods_are_allowed(question: Asked) -> None:
    for end in ends(question):
        if not isolating(question[0], end):
            assert (end.outcome, end.determining) == (ALLOWED, ())


@given(asked_of_pods)
def test_isolated_pods_are_denied_unless_a_rule_matches(question: Asked) -> None:
    without_rules = rewritten(question, lambda policy: replace(policy, rules=()))
    for end in ends(without_rules):
        if by := isolating(question[0], end):
            assert (end.outcome, {place_of(each) for each in end.determining}) == (DENIED, by)


@given(asked_of_pods)
def test_allowed_iff_non_isolated_or_some_rule_matches(question: Asked) -> None:
    for end in ends(question):
        matching = [rule for tier in end.tiers for rule in tier.rules if rule.matched is True]
        free = not isolating(question[0], end)
        assert (end.outcome is ALLOWED) == bool(free or matching)
        assert end.determining == tuple(matching) or end.outcome is not ALLOWED


@given(asked_of_pods)
def test_a_connection_needs_both_ends(question: Asked) -> None:
    def only(direction: Direction) -> Asked:
        some = frozenset({direction})
        return rewritten(
            question,
            lambda policy: replace(
                policy, directions=policy.directions & some, isolates=policy.isolates & some
            ),
        )

    both = outcome(only(EGRESS)) is ALLOWED and outcome(only(INGRESS)) is ALLOWED
    assert (outcome(question) is ALLOWED) == both


@given(asked_of_pods)
def test_order_and_duplicates_do_not_matter(question: Asked) -> None:
    def shuffled(policy: Policy) -> Policy:
        return replace(policy, rules=tuple(doubled(rule) for rule in reversed(policy.rules * 2)))

    def doubled(rule: Rule) -> Rule:
        return replace(
            rule,
            ports=rule.ports and (rule.ports * 2)[::-1],
            peers=rule.peers and (rule.peers * 2)[::-1],
        )

    policies = [shuffled(each) for each in reversed(question[0].policies * 2)]
    one, other = judged(question), judged(with_policies(question, policies))
    assert (one.outcome, places(one)) == (other.outcome, places(other))


@given(guarded, st.data())
def test_adding_a_rule_never_denies(cluster: Cluster, data: st.DataObject) -> None:
    first, *others = cluster.policies
    more = replace(first, rules=(*first.rules, data.draw(make.rules())))
    for question in pairs(cluster, ALLOWED):
        assert outcome(with_policies(question, [more, *others])) is ALLOWED


@given(guarded, st.data())
def test_adding_a_policy_never_denies_an_already_isolated_pod(
    cluster: Cluster, data: st.DataObject
) -> None:
    one_more = data.draw(make.like(cluster.policies[0]))
    for question in pairs(cluster, ALLOWED):
        assert outcome(with_policies(question, [*cluster.policies, one_more])) is ALLOWED


@given(asked_of_pods)
def test_policies_that_do_not_apply_change_nothing(question: Asked) -> None:
    cluster, connection = question
    (source, *_), (destination, *_) = (
        parties(cluster, end) for end in (connection.source, connection.destination)
    )
    assert isinstance(source, Pod)
    assert isinstance(destination, Pod)
    applying = [
        each
        for each in cluster.policies
        if isolates(each, source, EGRESS) or isolates(each, destination, INGRESS)
    ]
    one, other = judged(question), judged(with_policies(question, applying))
    assert (one.outcome, places(one)) == (other.outcome, places(other))


@given(guarded)
def test_determining_rules_alone_give_the_same_verdict(cluster: Cluster) -> None:
    for question in pairs(cluster, ALLOWED, DENIED):
        determining = judged(question).determining
        rules = {each.rule for each in determining if isinstance(each, RuleResult)}
        keys = {place_of(each).split()[0] for each in determining}
        alone = [
            replace(each, rules=tuple(rule for rule in each.rules if not rules or rule in rules))
            for each in cluster.policies
            if each.key in keys
        ]
        assert outcome(with_policies(question, alone)) is outcome(question)


@given(guarded)
def test_an_isolated_pod_loses_the_connection_with_its_determining_rules(cluster: Cluster) -> None:
    for question in pairs(cluster, ALLOWED):
        determining = judged(question).determining
        rules = {each.rule for each in determining if isinstance(each, RuleResult)}
        lost = [
            replace(each, rules=tuple(rule for rule in each.rules if rule not in rules))
            for each in cluster.policies
        ]
        assert not rules or outcome(with_policies(question, lost)) is not ALLOWED


@given(st.sampled_from(make.BLOCKS), st.sampled_from(make.EDGES))
def test_except_wins_inside_its_block(cidrs: IPBlock, address: Address) -> None:
    inside, *excepted = (
        ip_address(str(address)) in ip_network(cidr) for cidr in (cidrs.cidr, *cidrs.except_)
    )
    assert cidrs.contains(address) == (inside and not any(excepted))
    assert (cidrs.exception_for(address) is not None) == any(excepted)


@given(make.clusters(hosts=False), st.data())
def test_an_empty_rule_list_denies_and_an_empty_rule_allows(
    cluster: Cluster, data: st.DataObject
) -> None:
    question = cluster, data.draw(make.pod_connections(cluster))
    isolated = [policy(f"{name}/p", directions=(EGRESS,)) for name in make.NAMES]
    opened = [replace(each, rules=(rule(),)) for each in isolated]
    assert outcome(with_policies(question, isolated)) is DENIED
    assert outcome(with_policies(question, opened)) is ALLOWED


@given(asked)
def test_replies_have_the_verdict_of_their_opening(question: Asked) -> None:
    cluster, connection = question
    opening, reply = judged(question), judged((cluster, replace(connection, reply=True)))
    assert reply.cases == opening.cases


# Tiers (F1.48-F1.60, F2.2, F3.38)


@given(asked_of_pods, st.sampled_from(Direction))
def test_deny_wins_in_deny_first(question: Asked, direction: Direction) -> None:
    deny = rule(action=Action.DENY, direction=direction)
    denying = [
        policy(f"{name}/deny", deny, directions=(direction,), isolates=False, kind="Denying")
        for name in make.NAMES
    ]
    policies = [*question[0].policies, *denying]
    assert outcome(with_policies(question, policies), DENY_FIRST) is DENIED


@given(
    make.asked(make.clusters(hosts=False), make.pod_connections),
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(make.ADMIN_ACTIONS)), min_size=1, max_size=4
    ),
)
def test_order_decides_in_first_match(question: Asked, said: list[tuple[int, Action]]) -> None:
    policies = [
        policy(f"p{i}", rule(action=action), isolates=False, kind="Admin", order=order)
        for i, (order, action) in enumerate(said)
    ]
    ranked = [action for _, action in sorted(said, key=lambda each: each[0])]
    first = next((action for action in ranked if action is not Action.LOG), Action.PASS)
    wanted = DENIED if first is Action.DENY else ALLOWED
    assert outcome(with_policies(question, policies), TIERED) is wanted


@given(asked_of_tiers)
def test_pass_falls_through(question: Asked) -> None:
    passing = policy(
        "first", rule(action=Action.PASS), rule(action=Action.PASS, direction=INGRESS),
        directions=Direction, isolates=False, kind="Admin", order=-1,
    )  # fmt: skip
    policies = question[0].policies
    without = [each for each in policies if each.kind != "Admin"]
    one, other = with_policies(question, [*policies, passing]), with_policies(question, without)
    assert outcome(one, TIERED) is outcome(other, TIERED)


@given(asked_of_tiers, st.sampled_from([(), (Action.LOG,)]))
def test_an_admin_policy_isolates_nobody(question: Asked, actions: tuple[Action, ...]) -> None:
    rules = [rule(action=action, direction=d) for action in actions for d in Direction]
    silent = policy("a", *rules, directions=Direction, isolates=False, kind="Admin", order=-1)
    policies = question[0].policies
    assert outcome(with_policies(question, [silent, *policies]), TIERED) is outcome(
        question, TIERED
    )


@given(asked_of_tiers)
def test_a_closed_tier_denies_what_none_of_its_rules_decides(question: Asked) -> None:
    for end in ends(question, CLOSED):
        tier = end.tiers[0]
        silent = all(rule.matched is False or rule.rule.action is Action.LOG for rule in tier.rules)
        if tier.policies and silent:
            assert (end.decision.outcome, end.decision.policies) == (DENIED, tier.policies)


# Evaluators and explanations agree


@thoroughly
@given(make.guarded(), st.data())
def test_engine_agrees_with_reference(cluster: Cluster, data: st.DataObject) -> None:
    for connection in (*between_pods(cluster), *data.draw(make.some_connections(cluster))):
        verdict = evaluate(cluster, connection, SPEC)
        for case in verdict.cases:
            path, alone = case.path, replace(verdict, cases=(case,))
            addresses = path.source_address, path.destination_address
            wanted = reference(cluster, (path.source, path.destination), addresses, path.port)
            assert (alone.outcome.value, places(alone)) == wanted


@thoroughly
@given(make.tiered() | of_two_families, make.profiles(), st.data())
def test_reachability_agrees_with_engine(
    cluster: Cluster, profile: Profile, data: st.DataObject
) -> None:
    reach = Reachability(cluster, profile)
    for connection in (*between_pods(cluster), *data.draw(make.some_connections(cluster))):
        (source,), (destination,) = (
            parties(cluster, end) for end in (connection.source, connection.destination)
        )
        found = reach.between(source, destination).outcome(connection.port)
        assert found is evaluate(cluster, connection, profile).outcome


@given(make.tiered() | of_two_families, make.profiles(), st.sampled_from(COMMON_PORTS))
def test_flows_say_what_all_and_what_some_pods_may_do(
    cluster: Cluster, profile: Profile, port: Port
) -> None:
    found = {flow[:2]: flow for flow in Reachability(cluster, profile).flows()}
    for (source, ours), (destination, theirs) in permutations(cluster.workloads.items(), 2):
        outcomes = [
            evaluate(cluster, Connection(make.name_of(a), make.name_of(b), port), profile).outcome
            for a, b in product(ours, theirs)
        ]
        flow = found.get((source, destination))
        every, some = (flow.every, flow.some) if flow else (Ports(NO_PORTS), Ports(NO_PORTS))
        assert every.outcome(port) is min(outcomes, key=(DENIED, UNDETERMINED, ALLOWED).index)
        assert some.outcome(port) is min(outcomes, key=(ALLOWED, UNDETERMINED, DENIED).index)


@given(make.tiered(), make.tiered() | st.none(), make.profiles(), st.sampled_from((rows.MANY, 1.0)))
def test_a_revised_reachability_is_the_one_worked_out_anew(
    cluster: Cluster, other: Cluster | None, profile: Profile, many: float
) -> None:
    # What the old policies named is known; others may name more.
    old = cluster.policies
    known = [replace(a, name="new", subject=b.subject) for a, b in zip(old, old[::-1], strict=True)]
    changed = replace(cluster, policies=(*old[::2], *(other.policies if other else known[1::2])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "MANY", many)
        revised = Reachability(cluster, profile).after(changed)
        anew = Reachability(changed, profile)
        for source, destination in product(cluster.pods, repeat=2):
            assert revised.between(source, destination) == anew.between(source, destination)
        assert senders(revised) == senders(anew)


def senders(reach: Reachability) -> dict[tuple[str, str], Ports]:
    """Who may reach whom, by the rows from which flows and matrices are made."""
    classes = reach.universe.classes
    return {
        (source.key, destination.key): reach.rows.ports(cell.allowed, cell.possible)
        for number, there in enumerate(classes)
        for cell in reach.rows.into(number)
        for here in cell.ends
        if here < len(classes)
        for source, destination in product(classes[here].members, there.members)
    }


@given(of_two_families)
def test_rows_say_what_pairs_say(cluster: Cluster) -> None:
    reach = Reachability(cluster, SPEC)
    found = senders(reach)
    for source, destination in permutations(cluster.pods, 2):
        row = found.get((source.key, destination.key), Ports(NO_PORTS))
        assert row == reach.between(source, destination)


@given(make.tiered() | make.tiered(make.BY_NAME), make.profiles(), st.data())
def test_classes_tell_apart_what_policies_tell_apart(
    cluster: Cluster, profile: Profile, data: st.DataObject
) -> None:
    for each in pod_classes(cluster, cluster.policies):
        others = [pod for pod in cluster.pods if pod not in each.members]
        outside = [party_at(cluster, address) for address in make.EDGES]
        peers = st.sampled_from([*others, *(p for p in outside if not isinstance(p, Node))])
        peer, port = data.draw(peers), data.draw(st.sampled_from(make.ASKED_PORTS))
        end = make.name_of(peer) if isinstance(peer, Pod) else peer.addresses[0]
        found = {
            outcome((cluster, Connection(make.name_of(pod), end, port)), profile)
            for pod in each.members
        }
        assert len(found) == 1


def is_outside(cluster: Cluster, address: Address) -> bool:
    of_service = address in cluster.services_by_address
    return isinstance(party_at(cluster, address), External) and not of_service


@given(
    make.tiered() | make.tiered(make.BY_NAME), make.profiles(), st.sampled_from(make.ASKED_PORTS)
)
def test_all_addresses_of_an_outside_range_are_judged_alike(
    cluster: Cluster, profile: Profile, port: Port
) -> None:
    source = make.name_of(cluster.pods[0])
    edges = [address for address in make.EDGES if is_outside(cluster, address)]
    for piece in outside(cluster, cluster.policies, [EGRESS], Family):
        inside = {
            outcome((cluster, Connection(source, address, port)), profile)
            for address in edges
            if address in piece
        }
        assert len(inside) <= 1


@thoroughly
@given(make.asked(guarded_by_blocks, make.service_connections))
def test_what_is_settled_does_not_hang_on_an_open_question(question: Asked) -> None:
    verdict = judged(question)
    if verdict.outcome is not UNDETERMINED:
        for answer in ("before", "blocks-after"):
            settles = {**SPEC.settles, "service_translation": Setting(answer)}
            assert outcome(question, replace(SPEC, settles=settles)) is verdict.outcome


def tree(reason: Reason) -> Iterator[Reason]:
    yield reason
    for child in reason.children:
        yield from tree(child)


@given(asked_of_tiers, st.sampled_from(make.PROFILES))
def test_explanation_leaves_agree_with_checks(question: Asked, profile: Profile) -> None:
    verdict = judged(question, profile)
    directions = [end for case in verdict.cases for end in case.directions]
    rules = [rule for end in directions for tier in end.tiers for rule in tier.rules]
    explained = list(tree(explain(verdict)))
    shown = [each for each in explained if each.children and each.children[0].text[:6] == "ports:"]
    for reason, result in zip(shown, rules, strict=True):
        ports, *peers = reason.children
        assert reason.text.startswith(result.place)
        assert reason.mark is MARKS[result.matched]
        assert (
            ports.mark
            is MARKS[result.ports is None or any_of(port.matched for port in result.ports)]
        )
        named = [True] if result.peers is None else [check.matched for check in result.peers]
        named = named or [False]  # none at all
        excepted = [not_(check.matched) for check in result.excepted]
        own = [check.matched for check in result.subject or ()]
        assert [peer.mark for peer in peers] == [
            MARKS[truth] for truth in (*named, *excepted, *own)
        ]
    heads = [each for each in explained if each.text.startswith(("Egress: ", "Ingress: "))]
    assert [head.mark for head in heads] == [OUTCOME_MARKS[end.outcome] for end in directions]


# Addresses, ports, notations

RANGES = st.sampled_from([cidr.range for cidr in make.BLOCKS])


@given(st.sampled_from(Family), st.lists(RANGES, max_size=5))
def test_cut_pieces_partition_the_space(family: Family, blocks: list[AddressRange]) -> None:
    pieces = tuple(cut(family.everything, blocks))
    edges = [edge for piece in pieces for edge in (piece.first - 1, piece.last)]
    assert (pieces[0].first, pieces[-1].last) == (0, family.everything.last)
    assert edges[1:-1:2] == edges[2::2]
    assert all(b.covers(piece) or not b.overlaps(piece) for b in blocks for piece in pieces)


NUMBERS = st.sampled_from((1, 2, 79, 80, 81, 443, MAX_PORT - 1, MAX_PORT))
SPANS = st.lists(st.tuples(NUMBERS, NUMBERS).map(lambda pair: (min(pair), max(pair))), max_size=3)
PORT_SETS = st.fixed_dictionaries(dict.fromkeys(Protocol, SPANS)).map(PortSet)


@given(PORT_SETS, PORT_SETS)
def test_port_sets_commute(a: PortSet, b: PortSet) -> None:
    assert (a | b, a & b) == (b | a, b & a)


@given(PORT_SETS, PORT_SETS, PORT_SETS)
def test_port_sets_associate_and_distribute(a: PortSet, b: PortSet, c: PortSet) -> None:
    assert (a | (b | c), a & (b & c)) == ((a | b) | c, (a & b) & c)
    assert (a & (b | c), a | (b & c)) == ((a & b) | (a & c), (a | b) & (a | c))


@given(PORT_SETS)
def test_port_sets_have_identities_and_complements(a: PortSet) -> None:
    rest = ALL_PORTS - a
    assert (a | NO_PORTS, a & ALL_PORTS, a | a, a & a) == (a, a, a, a)
    assert (a | rest, a & rest, ALL_PORTS - rest) == (ALL_PORTS, NO_PORTS, a)


@given(PORT_SETS, PORT_SETS)
def test_de_morgan_holds_for_port_sets(a: PortSet, b: PortSet) -> None:
    assert ALL_PORTS - (a | b) == (ALL_PORTS - a) & (ALL_PORTS - b)
    assert ALL_PORTS - (a & b) == (ALL_PORTS - a) | (ALL_PORTS - b)


@given(PORT_SETS, PORT_SETS, NUMBERS, st.sampled_from(Protocol))
def test_port_sets_hold_what_their_parts_hold(
    a: PortSet, b: PortSet, number: int, protocol: Protocol
) -> None:
    port = Port(number, protocol)
    found = tuple(port in each for each in (a | b, a & b, a - b))
    left, right = port in a, port in b
    assert found == (left or right, left and right, left and not right)


@given(asked, st.booleans())
def test_a_connection_reads_back_as_it_is_written(question: Asked, reply: bool) -> None:
    connection = replace(question[1], reply=reply)
    assert Connection.parse(str(connection)) == connection


def bare(policy: Policy) -> Policy:
    """The policy without what only a file can say."""
    rules = tuple(replace(rule, line=0) for rule in policy.rules)
    return replace(policy, rules=rules, source=NOWHERE)


def sayable(policy: Policy) -> Policy:
    """The policy with only such rules as a manifest can say: an empty list there means any."""
    rules = [replace(r, ports=r.ports or None, peers=r.peers or None) for r in policy.rules]
    by_direction = sorted(rules, key=lambda rule: tuple(Direction).index(rule.direction))
    return replace(policy, rules=make.with_paths(by_direction))


@given(make.guarded())
def test_parse_of_dump_is_identity(cluster: Cluster) -> None:
    said = replace(cluster, policies=tuple(map(sayable, cluster.policies)))
    read = loads(dump(said))
    assert tuple(map(bare, read.policies)) == said.policies
    assert (read.pods, read.nodes, read.namespaces) == (said.pods, said.nodes, said.namespaces)


@given(make.network_policies("p").map(sayable))
def test_missing_policy_types_default_as_the_api_says(said: Policy) -> None:
    written = dump(Cluster(policies=(replace(said, directions_defaulted=True),)))
    (read,) = loads(written).policies
    wanted = frozenset(Direction) if said.rules_for(EGRESS) else frozenset({INGRESS})
    assert read.directions_defaulted
    assert (read.directions, read.isolates) == (wanted, wanted)
