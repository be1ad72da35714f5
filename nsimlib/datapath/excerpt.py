"""A node's rules → the part of them that is about one pod.

A node of thirty pods has thousands of lines. About one pod are those that its policies caused, each
under the entry that it is there for; the pod's own chains, which ask the policies and drop the
rest; and the sets that all of these name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nsimlib.datapath.calico_names import interface_of
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import InSet, Interface, Net
from nsimlib.datapath.ruleset import Line, Rule, Ruleset
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy

__all__ = ["Caused", "Excerpt", "excerpt", "sets_in"]


@dataclass(frozen=True)
class Caused:
    """A policy for the pod and the lines that are there for it, by path of the entry.

    Under an empty path are those for the policy as a whole. Entries without a line are there too.
    """

    policy: Policy
    lines: Mapping[str, tuple[Line, ...]]


@dataclass(frozen=True)
class Excerpt:
    """What its policies caused, the lines of the pod's own chains, and the sets that both name."""

    family: Family
    caused: tuple[Caused, ...]
    own: tuple[Line, ...]
    sets: tuple[IPSet, ...]


def excerpt(of: Datapath) -> Excerpt:
    """Return the part of the rules that is about the pod, of the family of its first address.

    >>> import nsimlib as ns
    >>> about_web = excerpt(ns.datapath("calico", ns.scenario("shop"), "shop/web"))
    >>> [(path, len(lines)) for path, lines in about_web.caused[0].lines.items()]
    [('spec.egress[0]', 2), ('spec.egress[1]', 2), ('spec.egress[2]', 1)]
    """
    pod = next(each for each in of.cluster.pods if each.key == of.pod)
    family = next((address.family for address in pod.addresses), Family.IPV4)
    ruleset = of.ruleset(family)
    names = frozenset(_own_chains(ruleset, pod))
    own = tuple(line for line in ruleset.lines if line.chain in names)
    asked = _led_to(ruleset, names) - names if names else {line.chain for line in ruleset.lines}
    others = [line for line in ruleset.lines if line.chain in asked]
    policies = (policy for policy in of.cluster.policies if _is_for(policy, pod))
    caused = tuple(_caused(others, policy) for policy in policies)
    lines = (line for each in caused for lines in each.lines.values() for line in lines)
    return Excerpt(family, caused, own, sets_in((*own, *lines), of.sets(family)))


def _is_for(policy: Policy, pod: Pod) -> bool:
    return any(applies(policy, pod, direction) for direction in Direction)


def _caused(lines: Iterable[Line], policy: Policy) -> Caused:
    found: dict[str, list[Line]] = {rule.path: [] for rule in policy.rules}
    for line in lines:
        origin = line.rule.origin
        if origin is not None and origin.policy.identity == policy.identity:
            found.setdefault(origin.path, []).append(line)
    return Caused(policy, {path: tuple(those) for path, those in found.items()})


def _own_chains(ruleset: Ruleset, pod: Pod) -> Iterator[str]:
    """The chains that only rules about the pod lead to, but for those of its policies."""
    led: dict[str, bool] = {}
    for line in ruleset.lines:
        if line.rule.target is not None:
            name = line.rule.target.name
            led[name] = led.get(name, True) and _is_about(line.rule, pod)
    of_policies = {
        line.chain for line in ruleset.lines if line.rule.origin and line.rule.origin.path
    }
    chains = {line.chain for line in ruleset.lines} - of_policies
    yield from (name for name, only in led.items() if only and name in chains)


def _led_to(ruleset: Ruleset, names: Iterable[str]) -> set[str]:
    """All chains that a packet may come to from these."""
    targets: dict[str, set[str]] = {}
    for line in ruleset.lines:
        if line.rule.target is not None:
            targets.setdefault(line.chain, set()).add(line.rule.target.name)
    found, new = set[str](), set(names)
    while new:
        found |= new
        new = {name for chain in new for name in targets.get(chain, ())} - found
    return found


def _is_about(rule: Rule, pod: Pod) -> bool:
    """Whether a rule asks for the pod's interface or address."""
    cable = interface_of(pod.namespace.name, pod.name)
    addresses = {f"{address}/{address.family.bits}" for address in pod.addresses}
    return any(
        (isinstance(match, Interface) and match.name == cable)
        or (isinstance(match, Net) and match.cidr in addresses)
        for match in rule.matches
    )


def sets_in(lines: Iterable[Line], sets: Iterable[IPSet]) -> tuple[IPSet, ...]:
    """Return those of the sets that some of the lines name."""
    matches = (match for line in lines for match in line.rule.matches)
    named = {match.name for match in matches if isinstance(match, InSet)}
    return tuple(each for each in sets if each.name in named)
