"""The chains of pods under kube-router, and those that lead a packet to them (F4.11-F4.13)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nsimlib.datapath.kube_router_names import pod_chain, policy_chain, signed
from nsimlib.datapath.kube_router_policies import ALLOWED, allow
from nsimlib.datapath.matches import (
    AddressType,
    Comment,
    Conntrack,
    IcmpType,
    Mark,
    Match,
    Multiport,
    Net,
    Proto,
    Verbatim,
)
from nsimlib.datapath.ruleset import Chain, Origin, Rule, Target
from nsimlib.evaluation.engine import applies
from nsimlib.model.addresses import Family
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Protocol

__all__ = ["PodRules", "called", "pod_rules", "shared_chains"]

ACCEPT, DROP, RETURN = Target("ACCEPT"), Target("DROP"), Target("RETURN")
#: the bit of the mark that the chains of pods set on what they let through
COMPLIES = 0x20000
UNMARKED = Mark(ALLOWED, ALLOWED, negated=True)
TOP = "KUBE-ROUTER-"
HOOKS = ("INPUT", "FORWARD", "OUTPUT")
COMMON, DEFAULT = "KUBE-NWPLCY-COMMON", "KUBE-NWPLCY-DEFAULT"
#: the ranges that kube-router takes Services and their node ports to have unless told otherwise
SERVICES, NODE_PORTS = "10.96.0.0/12", (30000, 32767)
#: types of ICMP that pass whatever policies say; the last three are for finding neighbours
PASSING = {
    Family.IPV4: (
        (8, "echo requests"),
        (3, "destination unreachable messages"),
        (11, "time exceeded messages"),
    ),
    Family.IPV6: (
        (128, "echo requests"),
        (1, "destination unreachable messages"),
        (3, "time exceeded messages"),
        (135, "neighbor solicitation messages"),
        (136, "neighbor advertisement messages"),
        (129, "echo reply messages"),
    ),
}
UNREACHABLE = {Family.IPV4: "icmp-port-unreachable", Family.IPV6: "icmp6-port-unreachable"}


@dataclass(frozen=True, slots=True)
class PodRules:
    """The chain of one pod for one family, and the address by which packets come to it."""

    pod: Pod
    address: str
    chain: Chain

    def jump(self, side: str) -> Rule:
        """Return the rule that leads there what has the pod's address at one side."""
        way = "traffic from" if side == "src" else "traffic destined to"
        about = f"POD name:{self.pod.name} namespace: {self.pod.namespace}"
        note = Comment(f"rule to jump {way} {about} to chain {self.chain.name}")
        return Rule((Net(side, self.address), note), Target(self.chain.name))


def pod_rules(pod: Pod, policies: Iterable[Policy], family: Family) -> PodRules | None:
    """Return the chain of a pod, None if it has no address of the family."""
    address = next((each for each in pod.addresses if each.family is family), None)
    if address is None:
        return None
    name = pod_chain(pod.namespace.name, pod.name)
    rules = tuple(_rules(pod, address.cidr, policies, family))
    return PodRules(pod, address.cidr, Chain(name, rules))


def _rules(pod: Pod, cidr: str, policies: Iterable[Policy], family: Family) -> Iterator[Rule]:
    yield Rule(target=Target(COMMON))
    own = "rule to permit the traffic traffic to pods when source is the pod's local node"
    yield Rule((Net("dst", cidr), Comment(own), AddressType("src")), ACCEPT)
    yield from _policies(pod, cidr, policies, family)
    about = f"POD name:{pod.name} namespace: {pod.namespace}"
    limit = Verbatim("-m limit --limit 10/min --limit-burst 10")
    noted = Target("NFLOG", "--nflog-group 100")
    refused = Target("REJECT", f"--reject-with {UNREACHABLE[family]}")
    yield Rule((Comment(f"rule to log dropped traffic {about}"), UNMARKED, limit), noted)
    yield Rule((Comment(f"rule to REJECT traffic destined for {about}"), UNMARKED), refused)
    yield Rule(target=Target("MARK", f"--set-xmark 0x0/{ALLOWED:#x}"))
    note = Comment("set mark to ACCEPT traffic that comply to network policies")
    yield Rule((note,), allow(COMPLIES))


def _policies(pod: Pod, cidr: str, policies: Iterable[Policy], family: Family) -> Iterator[Rule]:
    """The policies of the pod; for a direction in which it has none, the chain that allows all."""
    held = {
        policy: directions
        for policy in policies
        if (directions := [each for each in Direction if applies(policy, pod, each)])
    }
    sides = {Direction.EGRESS: Net("src", cidr), Direction.INGRESS: Net("dst", cidr)}
    for direction, side in sides.items():
        if not any(direction in directions for directions in held.values()):
            note = Comment(f"run through default {direction.word} network policy  chain")
            yield Rule((side, note), Target(DEFAULT))
    for policy, directions in held.items():
        only = () if len(directions) > 1 else (sides[directions[0]],)
        note = Comment(f"run through nw policy {policy.name}")
        origin = Origin(policy, directions[0])
        yield Rule((*only, note), Target(policy_chain(policy, family)), origin=origin)


def called() -> Iterator[Chain]:
    """Yield the chains that the kernel calls, each of which leads to one of kube-router's."""
    for name in HOOKS:
        target = Target(f"{TOP}{name}")
        words = signed(name, "kube-router netpol", "-mcomment--comment", f"-j{target.name}")
        yield Chain(name, (Rule((Comment(words),), target),), "ACCEPT")


def shared_chains(pods: Sequence[PodRules], family: Family) -> Iterator[Chain]:
    """Yield the chains that are no pod's and no policy's own."""
    explicit = Comment("rule to explicitly ACCEPT traffic that comply to network policies")
    accepted = Rule((explicit, Mark(COMPLIES, COMPLIES)), ACCEPT)
    for name in HOOKS:
        first = tuple(_input(family)) if name == "INPUT" else ()
        chain = (*first, *_jumps(pods, inward=name != "INPUT"), accepted)
        yield Chain(f"{TOP}{name}", chain)
    yield Chain(COMMON, tuple(_common(family)))
    marking = Comment("rule to mark traffic matching a network policy")
    yield Chain(DEFAULT, (Rule((marking,), allow(ALLOWED)),))


def _jumps(pods: Sequence[PodRules], *, inward: bool) -> Iterator[Rule]:
    for each in pods:
        if inward:
            yield each.jump("dst")
        yield each.jump("src")


def _input(family: Family) -> Iterator[Rule]:
    """What goes to a Service's address comes by again when it is translated (F4.16)."""
    chain = f"{TOP}INPUT"
    if family is Family.IPV4:
        note = "allow traffic to primary/secondary cluster IP range"
        words = signed(chain, note, "-mcomment--comment", f"-d{SERVICES}-jRETURN")
        yield Rule((Net("dst", SERVICES), Comment(words)), RETURN)
    for name in ("tcp", "udp"):
        ports = Multiport("dst", (NODE_PORTS,))
        after = f"-maddrtype--dst-typeLOCAL{str(ports).replace(' ', '')}-jRETURN"
        note = f"allow LOCAL {name.upper()} traffic to node ports"
        words = signed(chain, note, f"-p{name}-mcomment--comment", after)
        yield Rule((Proto(name), Comment(words), AddressType("dst"), ports), RETURN)


def _common(family: Family) -> Iterator[Rule]:
    """What passes, or does not, before any policy is asked (F4.12)."""
    invalid = Comment("rule to drop invalid state for pod")
    yield Rule((invalid, Conntrack(("INVALID",))), DROP)
    known = Comment("rule for stateful firewall for pod")
    yield Rule((known, Conntrack(("RELATED", "ESTABLISHED"))), ACCEPT)
    icmp = Protocol.ICMP if family is Family.IPV4 else Protocol.ICMPV6
    protocol = Proto("icmp" if family is Family.IPV4 else "ipv6-icmp")
    for number, what in PASSING[family]:
        matches: tuple[Match, ...] = Comment(f"allow icmp {what}"), IcmpType(icmp, number)
        yield Rule((protocol, *matches), ACCEPT)
