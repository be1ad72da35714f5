"""DNS by the address of its Service, or of a cache on the node: what policy sees instead."""

from collections.abc import Callable, Iterator

from nsimlib.audit.blocks import DNS, end_text, is_dns_rule, tried
from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Address
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port, Protocol

__all__ = ["dns_service_ip_only", "dns_target_port", "node_cache_uncovered"]

Found = dict[tuple[str, str, str], tuple[Policy, Rule, list[Pod]]]


def _dns_rules(
    context: Context, is_it: Callable[[Policy, Rule], bool], concerns: Callable[[Pod], bool]
) -> Found:
    """Rules that allow DNS alone, with the isolated pods that they are for."""
    found: Found = {}
    for group in context.groups(Direction.EGRESS):
        pods = [pod for pod in group.pods if concerns(pod)] if group.isolating else []
        for policy in group.policies if pods else ():
            for each in policy.rules_for(Direction.EGRESS):
                if each.action is Action.ALLOW and is_it(policy, each):
                    key = (*policy.identity, each.path)
                    found.setdefault(key, (policy, each, []))[2].extend(pods)
    return found


def _asks(context: Context, pod: Pod, end: Pod | Address, port: Port) -> bool:
    return context.opens(pod, end).outcome(port) is not Outcome.DENIED


def _asks_servers(context: Context, pod: Pod) -> bool:
    port = Port(context.resolvers.ports[Protocol.UDP], Protocol.UDP)
    return any(_asks(context, pod, each, port) for each in context.resolvers.pods)


@rule(
    "NSIM-D304",
    "nodelocal-dns-uncovered",
    Severity.HIGH,
    facts=("F5.5", "F5.6"),
    references=("kubernetes/kubernetes#70555", "gardener/gardener#2745"),
)
def node_cache_uncovered(context: Context) -> Iterator[Hit]:
    """A DNS cache runs on every node, and pods may ask the DNS pods and not the cache.

    With NodeLocal DNSCache questions end on the pod's own node, at 169.254.20.10 or at the address
    of the DNS Service, which the cache takes over. A rule that selects the DNS pods then allows
    what nobody asks. Without a cache among the pods of the input, nothing is said.
    """
    ends = context.resolvers.node_addresses
    port = Port(DNS, Protocol.UDP)

    def is_cut_off(pod: Pod) -> bool:
        reaches = any(_asks(context, pod, each, port) for each in ends)
        return not reaches and _asks_servers(context, pod)

    if ends:
        for policy, each, pods in _dns_rules(
            context, _selects_servers(context), is_cut_off
        ).values():
            yield _uncovered(context, policy, each, pods)


def _selects_servers(context: Context) -> Callable[[Policy, Rule], bool]:
    servers = set(context.resolvers.pods)

    def selects(policy: Policy, of: Rule) -> bool:
        peers = [peer for peer in of.peers or () if isinstance(peer, PodPeer)]
        return is_dns_rule(of) and any(
            servers.intersection(context.selected(peer, policy.namespace)) for peer in peers
        )

    return selects


def _uncovered(context: Context, policy: Policy, of: Rule, pods: list[Pod]) -> Hit:
    ends = context.resolvers.node_addresses
    path, count = (*steps(of.path), "to"), len(of.peers or ())
    fix = Patch("Allow the cache on the node too.")
    for number, address in enumerate(ends, count):
        fix = fix.insert(policy, (*path, number), {"ipBlock": {"cidr": address.cidr}})
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: {listed(workloads(pods))} ask the cache on their "
        f"node, at {listed(map(str, ends))}, and DNS is allowed to the DNS pods alone. Allow it.",
        confidence=Confidence.LIKELY,
        pods=workloads(pods),
        witness=Witness(f"{pods[0].key} -> {end_text(ends[0])}:{DNS}/UDP", Outcome.DENIED),
        fix=fix if policy.kind == "NetworkPolicy" else None,
        advice="Allow the address of the cache, as a block of one address.",
    )


@rule(
    "NSIM-D307",
    "dns-service-ip-only",
    Severity.HIGH,
    needs=(Need.SERVICES,),
    facts=("F1.18", "F2.19", "F3.17", "F4.29"),
    references=("projectcalico/calico#5170", "kubernetes/kubernetes#70555"),
)
def dns_service_ip_only(context: Context) -> Iterator[Hit]:
    """DNS is allowed to the address of its Service, and not to the pods behind it.

    Most enforcers look after the address was replaced by that of a pod, so nothing is allowed. The
    AWS agent looks before, and a cache on the node takes the address itself: there the rule is
    silent. Where it is not known who enforces, it may be.
    """
    servers = context.resolvers
    own = servers.service.cluster_ips if servers.service else ()
    if servers.node_addresses or context.profile["service_translation"].value == "after":
        return

    def names_it(_: Policy, of: Rule) -> bool:
        blocks = [peer.block for peer in of.peers or () if isinstance(peer, BlockPeer)]
        return is_dns_rule(of) and any(b.contains(address) for b in blocks for address in own)

    found = _dns_rules(context, names_it, lambda pod: not _asks_servers(context, pod))
    for policy, each, pods in found.values():
        yield _by_address(context, policy, each, pods)


def _by_address(context: Context, policy: Policy, of: Rule, pods: list[Pod]) -> Hit:
    service, server = context.resolvers.service, context.resolvers.pods[0]
    assert service is not None
    blocks = (peer for peer in of.peers or () if isinstance(peer, BlockPeer))
    named = next(b for b in blocks if any(map(b.block.contains, service.cluster_ips)))
    is_sure = context.profile["service_translation"].value == "before"
    path = (*steps(of.path), *steps(named.path))
    fix = Patch("Select the DNS pods.").put(policy, path, context.resolvers.peers[0])
    says = "does not see" if is_sure else "may not see"
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: DNS is allowed to {named.block.cidr}, the address "
        f"of Service {service.key}, which policy {says}: {listed(workloads(pods))} find no names. "
        "Select the DNS pods.",
        confidence=Confidence.CERTAIN if is_sure else Confidence.MAYBE,
        pods=workloads(pods),
        witness=tried(context, f"{pods[0].key} -> {server.key}:{DNS}/UDP"),
        fix=fix if policy.kind == "NetworkPolicy" else None,
        advice="Select the DNS pods by their labels.",
    )


@rule(
    "NSIM-D308",
    "dns-target-port",
    Severity.HIGH,
    needs=(Need.SERVICES,),
    facts=("F1.18",),
    references=("nmstate/kubernetes-nmstate#1570", "kubernetes/kubernetes#102286"),
)
def dns_target_port(context: Context) -> Iterator[Hit]:
    """DNS is allowed on port 53 of the DNS pods, and these listen on another one.

    The Service takes questions on 53 and passes them on, with OpenShift to 5353. Policy looks after
    that, so a rule with 53 allows nothing that anybody uses. The AWS agent looks before.
    """
    servers = context.resolvers
    number = servers.ports[Protocol.UDP]
    if number == DNS or context.profile["service_translation"].value == "after":
        return
    port = Port(DNS, Protocol.UDP)

    def is_cut_off(pod: Pod) -> bool:
        by_address = any(_asks(context, pod, end, port) for end in servers.addresses)
        return not by_address and not _asks_servers(context, pod)

    for policy, each, pods in _dns_rules(context, _selects_servers(context), is_cut_off).values():
        yield _other_port(context, policy, each, pods)


def _other_port(context: Context, policy: Policy, of: Rule, pods: list[Pod]) -> Hit:
    servers = context.resolvers
    server, path = servers.pods[0], (*steps(of.path), "ports")
    fix = Patch("Allow the ports of the pods.")
    for more, (protocol, number) in enumerate(servers.ports.items(), len(of.ports or ())):
        fix = fix.insert(policy, (*path, more), {"port": number, "protocol": protocol.value})
    number = servers.ports[Protocol.UDP]
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: {server.owner} listens on {number}, not on 53, and "
        f"policy sees that port: {listed(workloads(pods))} find no names. Allow {number} too.",
        confidence=context.confidence((*pods, server)),
        pods=workloads(pods),
        witness=tried(context, f"{pods[0].key} -> {server.key}:{number}/UDP"),
        fix=fix if policy.kind == "NetworkPolicy" else None,
        advice=f"Allow {number} over UDP and TCP.",
    )
