"""Services that a cloud has at addresses of its own: excepted too little, or too much."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import METADATA, end_text, is_anywhere, written_blocks
from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Address, parse_address, parse_cidr
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.ports import Port

__all__ = ["link_local_blanket", "metadata_v6_not_excepted", "other_cloud_metadata"]

HTTP: Final = Port(80)
V4, V6 = METADATA
LINK_LOCAL: Final = parse_cidr("169.254.0.0/16")
#: further endpoints with credentials or configuration, by a label that the cloud puts on nodes
OTHERS: Final = {
    "kubernetes.azure.com/": parse_address("168.63.129.16"),
    "alibabacloud.com/": parse_address("100.100.100.200"),
}


def _open(context: Context, policy: Policy, to: Address) -> tuple[Pod, ...]:
    """Pods of a policy that may ask an address on port 80."""
    pods = context.subjects(policy)
    return tuple(pod for pod in pods if HTTP in context.opens(pod, to).allowed)


def _except(policy: Policy, of: Rule, peer: BlockPeer, cidr: str) -> Patch | None:
    if policy.kind != "NetworkPolicy":
        return None
    path = (*steps(of.path), *steps(peer.path), "ipBlock", "except")
    patch, known = Patch(f"Except {cidr}."), written(policy, path)
    if known is None:
        return patch.put(policy, path, [cidr])
    return patch.insert(policy, (*path, len(known)), cidr)


@rule(
    "NSIM-C412",
    "imds-v6-not-excepted",
    Severity.HIGH,
    facts=("F6.1", "F6.3"),
    references=("openshift/assisted-service#10670", "curie-eng/curie#207"),
)
def metadata_v6_not_excepted(context: Context) -> Iterator[Hit]:
    """A policy excepts the metadata service of AWS in IPv4, and allows it in IPv6.

    On Nitro instances the service also answers at fd00:ec2::254, and an exception of one family
    says nothing about the other. Whoever excepted the one meant both.
    """
    excepting = {
        policy.identity
        for policy, _, peer in written_blocks(context)
        if peer.block.range.covers(V4.range) and not peer.block.contains(V4)
    }
    for policy, each, peer in written_blocks(context):
        if policy.identity in excepting and peer.block.contains(V6):
            pods = _open(context, policy, V6)
            if pods:
                yield _second(context, policy, each, peer, V6, pods)


def _second(
    context: Context,
    policy: Policy,
    of: Rule,
    peer: BlockPeer,
    address: Address,
    pods: tuple[Pod, ...],
) -> Hit:
    is_sure = address is not V6 or context.profile.name == "aws-vpc-cni"
    sure = context.confidence(pods) if is_sure else Confidence.LIKELY
    return Hit(
        (Where.of(policy, (*steps(of.path), *steps(peer.path))),),
        f"{policy.kind} {policy.key} {of.path}: 169.254.169.254 is excepted and "
        f"{address}, where the cloud answers too, is open to {listed(workloads(pods))}. "
        "Except it as well.",
        confidence=min(sure, context.confidence(pods)),
        key=str(address),
        pods=workloads(pods),
        witness=Witness(f"{pods[0].key} -> {end_text(address)}:{HTTP}", Outcome.ALLOWED),
        fix=_except(policy, of, peer, address.cidr),
        advice="Except it, and give pods credentials of their own.",
    )


@rule(
    "NSIM-C416",
    "other-cloud-metadata",
    Severity.LOW,
    needs=(Need.NODES,),
    references=("kubernetes-sigs/cluster-api-provider-azure#1682",),
)
def other_cloud_metadata(context: Context) -> Iterator[Hit]:
    """A policy excepts the metadata service, and not the second one that the cloud has.

    Azure's agents ask 168.63.129.16 for their configuration, Alibaba's service is at
    100.100.100.200. Labels of the nodes say which cloud it is; without such labels nothing is said.
    """
    keys = [key for node in context.cluster.nodes for key in node.labels]
    others = [a for prefix, a in OTHERS.items() if any(prefix in key for key in keys)]
    for policy, each, peer in written_blocks(context):
        if not is_anywhere(peer.block) or peer.block.contains(V4):
            continue
        for address in others:
            pods = _open(context, policy, address) if peer.block.contains(address) else ()
            if pods:
                yield _second(context, policy, each, peer, address, pods)


@rule(
    "NSIM-C415",
    "link-local-blanket",
    Severity.MEDIUM,
    needs=(Need.INVENTORY,),
    facts=("F6.4", "F5.5"),
    references=("Portkey-AI/helm#192",),
)
def link_local_blanket(context: Context) -> Iterator[Hit]:
    """A rule for the web excepts all link-local addresses, and with them one that pods need.

    Not only the metadata service is there: so is the agent of EKS Pod Identity, at 169.254.170.23.
    Told of are known places (kind Place) at link-local addresses, other than the metadata service,
    that pods can then not ask on port 80.
    """
    ends = [
        (place.name, cidr.start)
        for place in context.cluster.places
        for cidr in place.cidrs
        if LINK_LOCAL.covers(cidr) and cidr.start != V4
    ]
    for policy, each, peer in written_blocks(context):
        is_web = each.ports is None or any(HTTP in port.numbers() for port in each.ports)
        is_blanket = any(parse_cidr(c).covers(LINK_LOCAL) for c in peer.block.except_)
        for name, address in ends if is_web and is_blanket else ():
            pods = context.subjects(policy)
            closed = [p for p in pods if context.opens(p, address).outcome(HTTP) is Outcome.DENIED]
            if closed:
                yield _blanket(policy, each, peer, name, address, closed)


def _blanket(
    policy: Policy,
    of: Rule,
    peer: BlockPeer,
    name: str,
    address: Address,
    pods: list[Pod],
) -> Hit:
    path = (*steps(of.path), *steps(peer.path), "ipBlock", "except")
    found = written(policy, path) or []
    number = next((n for n, c in enumerate(found) if parse_cidr(c) == LINK_LOCAL), None)
    fix = Patch("Except the metadata service alone.")
    is_plain = policy.kind == "NetworkPolicy" and number is not None
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: all link-local addresses are excepted, {name} "
        f"({address}) too, which {listed(workloads(pods))} may need. Except {V4.cidr} alone.",
        confidence=Confidence.MAYBE,
        key=name,
        pods=workloads(pods),
        witness=Witness(f"{pods[0].key} -> {end_text(address)}:{HTTP}", Outcome.DENIED),
        fix=fix.put(policy, (*path, number or 0), V4.cidr) if is_plain else None,
        advice=f"Except {V4.cidr} alone, or allow {address.cidr} in a rule of its own.",
    )
