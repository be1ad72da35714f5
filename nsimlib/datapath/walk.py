"""A connection → the nodes and chains it comes through, and where it is decided.

A packet from a pod to another meets the rules of the first pod's node, and then those of the
second's; on one node it passes them once, with the chains of both pods. To the pod's own node it
passes INPUT, and what a node sends itself passes OUTPUT. A Service's address has been replaced by
that of a backend before any of these rules (F2.19).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.matches import Match
from nsimlib.datapath.meeting import meets
from nsimlib.datapath.packet import Packet, State
from nsimlib.datapath.parsing import parse
from nsimlib.datapath.ruleset import Origin, Ruleset, Table
from nsimlib.datapath.walking import Fate, Passage, Step, pass_through
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.logic import Truth
from nsimlib.evaluation.matching import node_of
from nsimlib.evaluation.verdict import Path
from nsimlib.model.addresses import Address, Family
from nsimlib.model.objects import Node, Party, Pod
from nsimlib.model.shown import Shown

__all__ = ["Hop", "NodeRules", "Walk", "walk_along"]

#: the interface of a node that leads to all others
OUTWARD = "eth0"
NodeRules = Callable[[str, Family], tuple[Ruleset, tuple[IPSet, ...]]]
#: how the node's end of a pod's cable is called
Interface = Callable[[Pod], str]
#: what decides though it is no policy's, by words of the rule that does
BESIDES = {
    "encapped packets originating": "F2.20",
    "Unknown interface": "F2.34",
    "--icmpv6-type": "F2.38",
    "--ctstate RELATED,ESTABLISHED": "F2.18",
    "--ctstate INVALID": "F8.2",
}
#: targets of rules that a packet comes to only if what they are about matters
ENDING = ("ACCEPT", "DROP", "REJECT", "RETURN")
OUTCOMES = {
    Fate.ACCEPT: Outcome.ALLOWED,
    Fate.DROP: Outcome.DENIED,
    Fate.REJECT: Outcome.DENIED,
    Fate.UNKNOWN: Outcome.UNDETERMINED,
}


@dataclass(frozen=True, slots=True)
class Hop:
    """One node that the packet comes through: the chain of the kernel's, the packet, its way."""

    node: str
    hook: str
    packet: Packet
    passage: Passage
    #: the sets of the node
    sets: tuple[IPSet, ...] = field(default=(), repr=False)

    def conditions(self, step: Step) -> tuple[tuple[Match, Truth], ...]:
        """Return the conditions of the rule at a step, and which of them hold."""
        packet = replace(self.packet, mark=step.before)
        by_name = {each.name: each for each in self.sets}
        return tuple((match, meets(match, packet, by_name)) for match in step.line.rule.matches)


@dataclass(frozen=True, repr=False)
class Walk(Shown):
    """One way of a connection through all nodes on it; it ends at the first that denies it.

    Without any hop nothing is asked: a pod reaches its own address inside itself.
    """

    path: Path
    hops: tuple[Hop, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every rule that was looked at, in order."""
        return tuple(step for hop in self.hops for step in hop.passage.steps)

    @property
    def fate(self) -> Fate:
        """What became of the packet."""
        return self.hops[-1].passage.fate if self.hops else Fate.ACCEPT

    @property
    def outcome(self) -> Outcome:
        """The same as an answer to whether the connection is allowed."""
        return OUTCOMES[self.fate]

    @property
    def deciding(self) -> Step | None:
        """The rule that decided, None where none was asked."""
        return self.hops[-1].passage.deciding if self.hops else None

    @property
    def besides_policy(self) -> str | None:
        """The number of the fact behind the rule that decided, where policies had no say in it.

        There a walk may end otherwise than the verdict, which is about policies alone.
        """
        rule = str(self.deciding.line.rule) if self.deciding else ""
        return next((fact for words, fact in BESIDES.items() if words in rule), None)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The entries of policies whose rules set a mark, went back or decided, each once."""
        found = (step.line.rule.origin for step in self.steps if step.met and _acts(step))
        return tuple(dict.fromkeys(each for each in found if each is not None and each.rule))

    @property
    def translation(self) -> str:
        """What kube-proxy did to the destination before, empty if nothing."""
        path = self.path
        if not path.is_translated or path.service is None:
            return ""
        before = f"{path.service_address or path.service.key}:{path.service_port}"
        return f"{before} -> {path.destination_address}:{path.port} (Service {path.service.key})"

    def through(self, text: str, sets: Iterable[IPSet] = ()) -> "Walk":
        """Return the walk of the same packet through other rules, as `iptables-save` printed them.

        They stand in for those of the first node, and the walk ends there. `sets` are those that
        the rules name, besides the ones of that node.

        Raises
        ------
        RulesetSyntaxError
            If a line cannot be read.
        UnknownName
            If the text has no chain that the packet comes to, or the packet comes to none at all.
        """
        if not self.hops:
            raise UnknownName("rules on the way of", str(self.path.source), ())
        first = self.hops[0]
        ruleset = parse(text, first.packet.source.family)
        chains = ruleset.by_name.get("filter", Table("filter")).by_name
        if first.hook not in chains:
            raise UnknownName("chain of the table filter", first.hook, chains)
        known = (*first.sets, *sets)
        passage = pass_through(ruleset, known, first.packet, first.hook)
        return Walk(self.path, (replace(first, passage=passage, sets=known),))


def _acts(step: Step) -> bool:
    target = step.line.rule.target
    return step.before != step.after or (target is not None and target.name in ENDING)


def walk_along(
    path: Path, rules_of: NodeRules, interface: Interface, state: State = State.NEW
) -> Walk:
    """Return the walk along a path, whose two ends must have addresses of one family.

    Raises
    ------
    UnknownName
        If the address of an end is not known.
    """
    hops: list[Hop] = []
    for node, hook, coming_in, going_out in _stretches(path, interface):
        packet = _packet(path, node, coming_in, going_out, state)
        ruleset, sets = rules_of(node, packet.source.family)
        hops.append(Hop(node, hook, packet, pass_through(ruleset, sets, packet, hook), sets))
        if hops[-1].passage.fate is not Fate.ACCEPT:
            break
    return Walk(path, tuple(hops))


def _packet(path: Path, node: str, coming_in: str, going_out: str, state: State) -> Packet:
    ends = path.source, path.destination
    here = (end for end in ends if _is_on_host(end) and _place(end) == node)
    return Packet(
        _known(path.source_address, path.source),
        _known(path.destination_address, path.destination),
        path.port,
        coming_in,
        going_out,
        state,
        translated=path.is_translated,
        local=frozenset(address for end in here for address in end.addresses),
    )


def _is_on_host(party: Party) -> bool:
    """Whether the addresses of a party are its node's own."""
    return isinstance(party, Node) or (isinstance(party, Pod) and party.host_network)


def _known(address: Address | None, party: Party) -> Address:
    if address is None:
        raise UnknownName("address of", str(party), ())
    return address


Stretch = tuple[str, str, str, str]


def _stretches(path: Path, interface: Interface) -> Iterator[Stretch]:
    """Each node on the way: its chain of the kernel's, and the interfaces in and out."""
    source, destination = path.source, path.destination
    if source is destination and not path.is_translated:
        return
    here, there = _place(source), _place(destination)
    leaving, entering = _cable(source, interface), _cable(destination, interface)
    if here is not None and here == there:
        yield here, _hook(leaving, entering), leaving, entering
        return
    if here is not None:
        yield here, "FORWARD" if leaving else "OUTPUT", leaving, OUTWARD
    if there is not None:
        yield there, "FORWARD" if entering else "INPUT", OUTWARD, entering


def _hook(leaving: str, entering: str) -> str:
    if not entering:
        return "INPUT"
    return "FORWARD" if leaving else "OUTPUT"


def _place(party: Party) -> str | None:
    """The node that a party is on; pods whose node nobody says are taken to be on one node."""
    return (node_of(party) or "") if isinstance(party, Pod) else node_of(party)


def _cable(party: Party, interface: Interface) -> str:
    """The interface of a pod on its node, empty for the node itself and what shares its network."""
    if isinstance(party, Pod) and not party.host_network:
        return interface(party)
    return ""
