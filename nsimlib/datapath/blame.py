"""Counters of a real node → which policy dropped the packets.

The drop is not in the chain of the policy, it is at the end of the tier in the chain of the pod
(F2.24). So whoever looks for a rule with a policy's name and DROP finds none: the policies that a
drop belongs to are those that the same tier asked before, and let the packet go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from nsimlib.datapath.calico_names import calico_kind, interface_of
from nsimlib.datapath.parsing import parse
from nsimlib.datapath.ruleset import Chain, Counters, Line, Rule, Table
from nsimlib.errors import RulesetSyntaxError
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.shown import Shown

__all__ = ["Dropped", "Drops", "Reason", "which_policy_dropped"]

DENIALS = ("DROP", "REJECT")
DIRECTIONS = {"cali-fw-": Direction.EGRESS, "cali-tw-": Direction.INGRESS}
POLICY_CHAINS, GROUP_CHAINS = ("cali-po-", "cali-pi-"), ("cali-go-", "cali-gi-")
#: the note on the first rule of a policy's chain, in all releases (F2.31)
NOTE = re.compile(r"(?P<kind>\w+) (?P<key>\S+) (?:egress|ingress)")
OLD_KEY = re.compile(r"(?P<namespace>[^/]+)/knp\.default\.(?P<name>.+)")


class Reason(Enum):
    """Why a packet was dropped."""

    #: policies apply, and none of them let it through (F2.24)
    NO_POLICY_ALLOWED = "no policy of the tier let it through"
    DENY_RULE = "a rule denies it"
    INVALID = "connection tracking takes it for invalid"
    TUNNEL = "a pod may not open a tunnel of its own (F2.20)"
    UNKNOWN_INTERFACE = "the interface is not known yet: pods start closed (F2.34)"
    NO_PROFILE = "no profile let it through"
    OTHER = "a rule that is none of Calico's for pods"


@dataclass(frozen=True, slots=True, repr=False)
class Dropped(Shown):
    """A rule that dropped packets, with the pod and the policies behind it.

    `names` are what the notes call the policies, such as `NetworkPolicy shop/web-egress`. `pod` and
    `policies` are found where a cluster was given.
    """

    line: Line
    reason: Reason
    direction: Direction | None = None
    interface: str = ""
    names: tuple[str, ...] = ()
    pod: Pod | None = None
    policies: tuple[Policy, ...] = ()

    @property
    def counters(self) -> Counters:
        """How many packets and bytes."""
        return self.line.rule.counters or Counters()

    def __str__(self) -> str:
        whom = str(self.pod or self.interface or self.line.chain)
        where = f"{self.direction.word} of {whom}" if self.direction else whom
        by = f": {', '.join(self.names)}" if self.names else ""
        return f"{self.counters.packets} packets, {where}, {self.reason.value}{by}"


class Drops(Shown, tuple[Dropped, ...]):
    """All rules of a node that dropped packets, the most packets first."""

    __slots__ = ()


def which_policy_dropped(
    text: str, cluster: Cluster | None = None, family: Family = Family.IPV4
) -> Drops:
    """Return what dropped packets on a node, the most packets first.

    Parameters
    ----------
    text
        What `iptables-save -c` printed there.
    cluster
        Gives names to interfaces, and files and lines to policies.

    Raises
    ------
    RulesetSyntaxError
        If a line cannot be read, or no rule has counters.
    """
    table = parse(text, family).by_name.get("filter", Table("filter"))
    if all(line.rule.counters is None for line in table.lines):
        raise RulesetSyntaxError(text.partition("\n")[0], 1, "counters: use iptables-save -c")
    found = [_dropped(line, table, cluster) for line in table.lines if _drops(line.rule)]
    return Drops(sorted(found, key=lambda each: -each.counters.packets))


def _drops(rule: Rule) -> bool:
    is_denial = rule.target is not None and rule.target.name in DENIALS
    return is_denial and rule.counters is not None and rule.counters.packets > 0


def _dropped(line: Line, table: Table, cluster: Cluster | None) -> Dropped:
    direction = DIRECTIONS.get(line.chain[:8])
    interface = line.chain[8:] if direction else ""
    if line.chain.startswith(POLICY_CHAINS):
        direction = Direction.EGRESS if line.chain.startswith("cali-po-") else Direction.INGRESS
    reason = _reason(line)
    chains = tuple(dict.fromkeys(_asked(line, reason, table)))
    names = tuple(name for chain in chains if (name := _name(chain)))
    return Dropped(
        line,
        reason,
        direction,
        interface,
        names,
        _pod(interface, cluster) if cluster else None,
        tuple(_policies(names, cluster)) if cluster else (),
    )


def _reason(line: Line) -> Reason:
    notes = " ".join(line.rule.comments)
    conditions = str(line.rule)
    if line.chain.startswith(POLICY_CHAINS):
        return Reason.DENY_RULE
    for words, reason in (
        ("no policies passed packet", Reason.NO_POLICY_ALLOWED),
        ("encapped packets originating", Reason.TUNNEL),
        ("Unknown interface", Reason.UNKNOWN_INTERFACE),
        ("no profiles matched", Reason.NO_PROFILE),
    ):
        if words in notes:
            return reason
    is_invalid = line.chain[:8] in DIRECTIONS and "--ctstate INVALID" in conditions
    return Reason.INVALID if is_invalid else Reason.OTHER


def _asked(line: Line, reason: Reason, table: Table) -> Iterator[Chain]:
    """The chains of the policies behind a drop: its own, or all that the tier asked before."""
    chain = table.by_name[line.chain]
    if reason is Reason.DENY_RULE:
        yield chain
    elif reason is Reason.NO_POLICY_ALLOWED:
        for rule in reversed(chain.rules[: line.number - 1]):
            if any(note.startswith("Start of") for note in rule.comments):
                return
            yield from _policy_chains(rule, table)


def _policy_chains(rule: Rule, table: Table) -> Iterator[Chain]:
    found = table.by_name.get(rule.target.name) if rule.target else None
    if found is not None and found.name.startswith(GROUP_CHAINS):
        for inner in found.rules:
            yield from _policy_chains(inner, table)
    elif found is not None and found.name.startswith(POLICY_CHAINS):
        yield found


def _name(chain: Chain) -> str:
    """The kind and key of the policy that a chain is for, by the note on its first rule."""
    notes = (note for rule in chain.rules[:1] for note in rule.comments)
    match = next((found for note in notes if (found := NOTE.fullmatch(note))), None)
    if match is None:
        return ""
    old = OLD_KEY.fullmatch(match["key"])
    if match["kind"] == "KubernetesNetworkPolicy" or old:
        key = f"{old['namespace']}/{old['name']}" if old else match["key"]
        return f"NetworkPolicy {key}"
    return f"{match['kind']} {match['key']}"


def _pod(interface: str, cluster: Cluster) -> Pod | None:
    pods = (p for p in cluster.pods if interface_of(p.namespace.name, p.name) == interface)
    return next(pods, None)


def _policies(names: tuple[str, ...], cluster: Cluster) -> Iterator[Policy]:
    for policy in cluster.policies:
        kind = policy.kind if policy.kind == "NetworkPolicy" else calico_kind(policy)
        if f"{kind} {policy.key}" in names:
            yield policy
