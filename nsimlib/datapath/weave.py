"""What Weave Net's policy controller writes on a node (F4.6-F4.10).

::

    FORWARD -i weave, INPUT -i weave ── WEAVE-NPC-EGRESS ──── open connections: accepted
                                        ├── to the node itself: let through (F4.9)
                                        ├── -DEFAULT   pods without egress policy: marked
                                        └── -CUSTOM    what policies allow: marked; the rest: DROP
    FORWARD -o weave ─────────────────── WEAVE-NPC ──── open connections: accepted
                                        ├── -DEFAULT   pods without ingress policy: accepted
                                        └── -INGRESS   what policies allow: accepted; the rest: DROP

Names are the real ones. Two things are not as on a node. `-m state --state`, which Weave Net
writes, is said by its younger name `-m conntrack --ctstate`. And the rules by which a node leaves
what comes through the bridge's port to other nodes to those are not there: here such a packet goes
out by another interface than the bridge, with the same end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nsimlib.cni.profile import Profile
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import AddressType, Comment, Conntrack, InSet, Interface, Mark, Net
from nsimlib.datapath.ruleset import Chain, Origin, Rule, Ruleset, Table, Target
from nsimlib.datapath.weave_rules import (
    ACCEPT,
    CHAINS,
    EGRESS_ACCEPT,
    RETURN,
    PolicyRules,
    left_out,
    policy_rules,
)
from nsimlib.datapath.weave_sets import default_allow
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy

__all__ = ["WeaveNode"]

BRIDGE = "weave"
EGRESS_MARK = 0x40000
MAIN, EGRESS = "WEAVE-NPC", "WEAVE-NPC-EGRESS"
DEFAULTS = {Direction.EGRESS: "WEAVE-NPC-EGRESS-DEFAULT", Direction.INGRESS: "WEAVE-NPC-DEFAULT"}
DROP = Target("DROP")
NOTE_DENIED = Target("NFLOG", "--nflog-group 86")
NEW, OPEN = Conntrack(("NEW",)), Conntrack(("RELATED", "ESTABLISHED"))
UNMARKED = Mark(EGRESS_MARK, EGRESS_MARK, negated=True)
MULTICAST = Net("dst", "224.0.0.0/4")
IN, OUT = Interface("in", BRIDGE), Interface("out", BRIDGE)
#: in what the text is not as on a node
HEAD = ("# -m state is said as -m conntrack; rules about the port to other nodes are left out.",)
FIRST = Comment("NOTE: this must go before '-j KUBE-FORWARD'")


@dataclass(frozen=True)
class WeaveNode:
    """What is on a node with Weave Net: rules and sets are the same on all of them."""

    cluster: Cluster
    pods: tuple[Pod, ...]
    profile: Profile
    settings: Settings

    @cached_property
    def _policies(self) -> tuple[Policy, ...]:
        return tuple(each for each in self.cluster.policies if self.profile.enforces(each))

    @cached_property
    def _by_policies(self) -> dict[Direction, tuple[PolicyRules, ...]]:
        return {
            direction: tuple(
                each
                for policy in self._policies
                if direction in policy.directions
                for each in policy_rules(policy, direction, self.cluster)
            )
            for direction in Direction
        }

    @cached_property
    def _defaults(self) -> dict[Direction, dict[str, IPSet]]:
        """By namespace, the pods that no policy isolates."""
        return {
            direction: {
                name: default_allow(name, direction, self.cluster, self._isolated(name, direction))
                for name in sorted(self.cluster.namespaces)
            }
            for direction in Direction
        }

    def _isolated(self, namespace: str, direction: Direction) -> Iterator[Pod]:
        policies = [each for each in self._policies if each.namespace == namespace]
        for pod in self.cluster.pods_by_namespace.get(namespace, ()):
            if any(applies(policy, pod, direction) for policy in policies):
                yield pod

    def ruleset(self, family: Family) -> Ruleset:
        """Return the filter table; there is nothing in that of IPv6."""
        called = (("INPUT", _input()), ("FORWARD", _forward()), ("OUTPUT", ()))
        chains = [Chain(name, rules, "ACCEPT") for name, rules in called]
        if family is Family.IPV6:
            chains = [Chain(chain.name, policy="ACCEPT") for chain in chains]
        else:
            chains += sorted(self._chains(), key=lambda chain: chain.name)
        return Ruleset((Table("filter", tuple(chains), HEAD),), family)

    def _chains(self) -> Iterator[Chain]:
        yield Chain(MAIN, _main())
        # Egress is not looked at until some policy is about it (F4.8).
        is_asked = any(Direction.EGRESS in policy.directions for policy in self._policies)
        yield Chain(EGRESS, _egress() if is_asked else ())
        marked = Target("MARK", f"--set-xmark {EGRESS_MARK:#x}/{EGRESS_MARK:#x}")
        yield Chain(EGRESS_ACCEPT, (Rule(target=marked),))
        for direction in Direction:
            rules = (rule for each in self._by_policies[direction] for rule in each.rules)
            # Policies that say the same share a rule.
            yield Chain(CHAINS[direction], tuple(dict.fromkeys(rules)))
            yield Chain(DEFAULTS[direction], tuple(self._default_rules(direction)))

    def _default_rules(self, direction: Direction) -> Iterator[Rule]:
        outward = direction is Direction.EGRESS
        targets = (Target(EGRESS_ACCEPT), RETURN) if outward else (ACCEPT,)
        for namespace, found in self._defaults[direction].items():
            note = f"DefaultAllow {direction.word} isolation for namespace: {namespace}"
            matches = InSet(found.name, ("src" if outward else "dst",)), Comment(note)
            yield from (Rule(matches, target) for target in targets)

    def sets(self, family: Family) -> tuple[IPSet, ...]:
        """Return all sets; those that name others come behind them."""
        if family is Family.IPV6:
            return ()
        found = [each for sets in self._defaults.values() for each in sets.values()]
        found += (each for some in self._by_policies.values() for one in some for each in one.sets)
        by_name = {each.name: each for each in found}
        return tuple(
            sorted(by_name.values(), key=lambda each: (each.type == "list:set", each.name))
        )

    def left_out(self, family: Family) -> Iterator[tuple[Origin, str]]:
        """Yield what of the policies has no rule, and why."""
        for policy in self.cluster.policies:
            for direction in Direction:
                origin = Origin(policy, direction)
                if not any(applies(policy, pod, direction) for pod in self.cluster.pods):
                    continue
                if family is Family.IPV6:
                    yield origin, "there are no rules for IPv6"
                elif (ignored := self.profile.ignored(policy)) is not None:
                    yield origin, ignored.because
                else:
                    for rule in policy.rules_for(direction):
                        for why in left_out(rule):
                            yield Origin(policy, direction, rule), why

    @staticmethod
    def interface(_: Pod) -> str:
        """The node's end of a pod's cable: all hang on one bridge."""
        return BRIDGE


def _input() -> tuple[Rule, ...]:
    return (Rule((IN,), Target(EGRESS)),)


def _forward() -> tuple[Rule, ...]:
    return (
        Rule((IN, FIRST), Target(EGRESS)),
        Rule((OUT, FIRST), Target(MAIN)),
        Rule((OUT, NEW), NOTE_DENIED),
        Rule((OUT,), DROP),
        Rule((IN, Interface("out", BRIDGE, negated=True)), ACCEPT),
        Rule((OUT, OPEN), ACCEPT),
    )


def _main() -> tuple[Rule, ...]:
    return (
        Rule((OPEN,), ACCEPT),
        Rule((MULTICAST,), ACCEPT),
        Rule((NEW,), Target(DEFAULTS[Direction.INGRESS])),
        Rule((NEW,), Target(CHAINS[Direction.INGRESS])),
    )


def _egress() -> tuple[Rule, ...]:
    return (
        Rule((OPEN,), ACCEPT),
        Rule((AddressType("dst"),), RETURN),
        Rule((MULTICAST,), RETURN),
        Rule((NEW,), Target(DEFAULTS[Direction.EGRESS])),
        Rule((NEW, UNMARKED), Target(CHAINS[Direction.EGRESS])),
        Rule((NEW, UNMARKED), NOTE_DENIED),
        Rule((UNMARKED,), DROP),
    )
