"""Generated clusters, policies, profiles and connections, small and close to every edge.

Alphabets are small on purpose: two namespaces, two label keys, a dozen addresses that the blocks
just hold or just miss. What is written as a tuple here is drawn from; add to it, not to the laws.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeVar

from hypothesis import strategies as st

from nsimlib.cni.profile import Profile, Setting, load_profile
from nsimlib.model.addresses import Address, IPBlock, parse_address, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, End, NodeName, ObjectName
from nsimlib.model.objects import (
    NAME_LABEL,
    ContainerPort,
    Namespace,
    NetworkSet,
    Node,
    OwnDns,
    Place,
    Pod,
    Service,
    ServicePort,
    Workload,
)
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    DomainPeer,
    Entity,
    EntityPeer,
    NodePeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
)
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from nsimlib.model.ports import MAX_PORT, TRANSPORTS, PolicyPort, Port
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement

TCP, UDP, SCTP = TRANSPORTS
T = TypeVar("T")

NAMES = ("shop", "data")
MAX_PODS = 4

# Who exists

LABELS = tuple(
    {key: value for key, value in (("app", app), ("tier", tier)) if value}
    for app, tier in product(("web", "db", ""), ("front", ""))
)
NODES = (
    Node("worker-1", {"zone": "a"}, (parse_address("10.9.0.1"), parse_address("fd09::1"))),
    Node("worker-2", {}, (parse_address("10.9.0.2"),)),
)
PORT_LISTS = (
    (),
    (ContainerPort("http", Port(80)),),
    (ContainerPort("http", Port(8080)), ContainerPort("", Port(443))),
    (ContainerPort("dns", Port(53, UDP)), ContainerPort("dns", Port(53))),
    (ContainerPort("http", Port(80, UDP)), ContainerPort("http", Port(81))),
)
DOMAIN = "db.example.com"
PLACES = (
    Place(
        "partner", "", (parse_cidr("203.0.113.0/24"),), {DOMAIN: (parse_address("203.0.113.7"),)}
    ),
)
SERVICES = (
    Service(
        "shop",
        "front",
        (parse_address("10.96.0.10"), parse_address("fd96::10")),
        (ServicePort("web", Port(80), "http"), ServicePort("names", Port(53, UDP), "dns")),
        {"tier": "front"},
    ),
    Service("data", "all", (parse_address("10.96.0.11"),), (ServicePort("", Port(443), 443),), {}),
)


def namespaces() -> st.SearchStrategy[dict[str, Namespace]]:
    """The namespaces with labels of their own."""
    about: st.SearchStrategy[dict[str, str]] = st.sampled_from(({}, {"team": "a"}, {"team": "b"}))
    return st.tuples(*[about for _ in NAMES]).map(
        lambda found: {
            name: Namespace(name, {NAME_LABEL: name, **labels})
            for name, labels in zip(NAMES, found, strict=True)
        }
    )


#: families of a pod's addresses, in the order in which it has them; some pods have none
SHAPES = (("v4",), ("v4", "v6"), ("v4",), ("v4", "v6"), ("v6",), ("v6", "v4"), ())
ONE_ADDRESS = (("v4",), ("v6",))


@st.composite
def clusters(
    draw: st.DrawFn, shapes: Sequence[tuple[str, ...]] = SHAPES, hosts: bool = True
) -> Cluster:
    """A cluster without policies; no pod is on its node's network unless there are `hosts`."""
    spaces = draw(namespaces())
    pods: list[Pod] = []
    for number in range(draw(st.integers(2, MAX_PODS))):
        pod = draw(_pods(spaces, number, shapes, hosts))
        made_of = draw(st.sampled_from(TEMPLATES)) if pods else ""
        pods.append(_replica(pods[-1], pod, made_of) if made_of else pod)
    return Cluster(
        namespaces=spaces,
        pods=tuple(pods),
        nodes=NODES,
        services=SERVICES,
        places=PLACES,
        network_sets=tuple(_network_sets(spaces)),
    )


def _network_sets(spaces: dict[str, Namespace]) -> Iterator[NetworkSet]:
    blocks = IPBlock("10.0.0.0/30"), IPBlock("203.0.113.4/30")
    yield NetworkSet(spaces["shop"], "partners", {"app": "db"}, blocks)
    yield NetworkSet(None, "everywhere", {"app": "web"}, (IPBlock("fd00::/64"),))


#: a pod is made of a template of its own, of the last pod's, or of a newer version of that
TEMPLATES = ("", "the same", "a newer")


def _replica(first: Pod, second: Pod, template: str) -> Pod:
    ports = first.ports if template == "the same" else second.ports
    return replace(
        second,
        namespace=first.namespace,
        labels=first.labels,
        ports=ports,
        workload=first.workload,
    )


def _pods(
    spaces: dict[str, Namespace], number: int, shapes: Sequence[tuple[str, ...]], hosts: bool
) -> st.SearchStrategy[Pod]:
    own = {"v4": parse_address(f"10.0.0.{number + 1}"), "v6": parse_address(f"fd00::{number + 1}")}
    return st.builds(
        _pod,
        st.just(number),
        st.sampled_from(tuple(spaces.values())),
        st.sampled_from(LABELS),
        st.sampled_from([tuple(own[family] for family in shape) for shape in shapes]),
        st.sampled_from(PORT_LISTS),
        st.sampled_from((*NODES, None)),
        st.sampled_from((*(False,) * 5, hosts)),
    )


def _pod(
    number: int,
    namespace: Namespace,
    labels: dict[str, str],
    addresses: tuple[Address, ...],
    ports: tuple[ContainerPort, ...],
    node: Node | None,
    host_network: bool,
) -> Pod:
    on_host = host_network and node is not None
    return Pod(
        namespace,
        f"pod-{number}",
        labels,
        node.addresses if on_host and node else addresses,
        ports,
        node.name if node else None,
        on_host,
        Workload(namespace.name, "Deployment", labels["app"]) if "app" in labels else None,
        dns=OwnDns((parse_address("10.0.0.2"),), ("a.example",)) if number % 3 == 2 else None,
    )


# What is said: selectors, blocks, ports, peers

SELECTORS = (
    EVERYTHING,
    LabelSelector.of(app="web"),
    LabelSelector.of(app="db"),
    LabelSelector.of(app="web", tier="front"),
    LabelSelector((Requirement("app", Operator.IN, ("db", "web")),)),
    LabelSelector((Requirement("app", Operator.NOT_IN, ("web",)),)),
    LabelSelector((Requirement("tier", Operator.EXISTS),)),
    LabelSelector((Requirement("tier", Operator.DOES_NOT_EXIST),)),
)
NAMESPACE_SELECTORS = (
    EVERYTHING,
    LabelSelector.of({NAME_LABEL: "shop"}),
    LabelSelector.of(team="a"),
    LabelSelector((Requirement("team", Operator.NOT_IN, ("a",)),)),
    LabelSelector((Requirement("team", Operator.EXISTS),)),
)
BLOCKS = (
    IPBlock("0.0.0.0/0"),
    IPBlock("0.0.0.0/0", ("10.0.0.0/8",)),
    IPBlock("10.0.0.0/8", ("10.0.0.2/31", "10.9.0.0/16")),
    IPBlock("10.0.0.0/30"),
    IPBlock("10.0.0.2/32"),
    IPBlock("10.9.0.0/31"),
    IPBlock("10.96.0.10/32"),
    IPBlock("128.0.0.0/1", ("203.0.113.0/24", "203.0.113.0/25")),
    IPBlock("203.0.113.0/24", ("203.0.113.7/32",)),
    IPBlock("::/0"),
    IPBlock("::/0", ("fd00::/8",)),
    IPBlock("fd00::/64", ("fd00::2/128",)),
    IPBlock("2001:db8::/32"),
)
#: whom a policy is for: mostly more than one pod
SUBJECTS = (EVERYTHING, EVERYTHING, EVERYTHING, *SELECTORS)
PORTS = (
    PolicyPort(TCP),
    PolicyPort(UDP),
    PolicyPort(TCP, 80),
    PolicyPort(UDP, 53),
    PolicyPort(SCTP, 443),
    PolicyPort(TCP, 1),
    PolicyPort(TCP, MAX_PORT),
    PolicyPort(TCP, 80, 443),
    PolicyPort(UDP, 53, 53),
    PolicyPort(TCP, "http"),
    PolicyPort(UDP, "http"),
    PolicyPort(TCP, "dns"),
)
#: what other dialects can say besides
MORE_PORTS = (*PORTS, PolicyPort(None), PolicyPort(None, 53), PolicyPort(None, "http"))

POD_PEERS: tuple[Peer, ...] = tuple(
    PodPeer(inside, which)
    for inside, which in product((None, *NAMESPACE_SELECTORS), (None, *SELECTORS))
    if (inside, which) != (None, None)
)
BLOCK_PEERS: tuple[Peer, ...] = tuple(map(BlockPeer, BLOCKS))
OTHER_PEERS: tuple[Peer, ...] = (
    *map(EntityPeer, Entity),
    DomainPeer(DOMAIN),
    DomainPeer("*.example.com"),
    NodePeer(EVERYTHING),
    NodePeer(LabelSelector.of(zone="a")),
)
PEERS = st.one_of(st.sampled_from(POD_PEERS), st.sampled_from(BLOCK_PEERS))
BY_NAME = st.sampled_from(OTHER_PEERS)
#: peers that stand for others, which only the cluster knows
STANDING_FOR_OTHERS: tuple[Peer, ...] = (
    PodPeer(None, LabelSelector.of(app="db"), with_sets=True),
    PodPeer(EVERYTHING, EVERYTHING, with_sets=True, with_global_sets=True),
    ServicePeer("shop", "front"),
    ServicePeer(None, labels=EVERYTHING),
    ServicePeer("data", "nobody"),
    UnknownPeer("who that is"),
)
ALONE = st.one_of(PEERS, BY_NAME, st.sampled_from(STANDING_FOR_OTHERS))
PARTS = st.lists(ALONE, max_size=2).map(tuple)
MORE_PEERS = st.one_of(
    PEERS, BY_NAME, ALONE, st.builds(AllOf, PARTS), st.builds(AnyOf, PARTS), st.builds(Not, ALONE)
)


def rules(
    peers: st.SearchStrategy[Peer] = PEERS,
    ports: Sequence[PolicyPort] = PORTS,
    actions: Sequence[Action] = (Action.ALLOW,),
) -> st.SearchStrategy[Rule]:
    """Rules for any, for some and for no peers and ports; paths are for `policies` to fill in."""
    return st.builds(
        Rule,
        st.sampled_from(Direction),
        _entries(st.sampled_from(ports), (None, None, None, ())) | st.none(),
        _entries(peers, (None, ())),
        st.sampled_from(actions),
        except_ports=st.just(()) if ports is PORTS else _few(st.sampled_from(MORE_PORTS)),
        subject=st.none() if ports is PORTS else st.none() | _few(peers),
    )


def _few(of: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """Mostly none."""
    return st.one_of(st.just(()), st.just(()), st.lists(of, max_size=2).map(tuple))


def _entries(
    of: st.SearchStrategy[T], otherwise: Sequence[tuple[T, ...] | None]
) -> st.SearchStrategy[tuple[T, ...] | None]:
    """Mostly one or two entries."""
    # `one_of` takes a strategy that it is given twice for one.
    some = [st.lists(of, min_size=1, max_size=2).map(tuple) for _ in range(3)]
    return st.one_of(*some, st.sampled_from(otherwise))


DIRECTIONS = tuple(
    frozenset(some)
    for some in ({Direction.EGRESS, Direction.INGRESS}, {Direction.EGRESS}, {Direction.INGRESS})
)


@st.composite
def network_policies(
    draw: st.DrawFn, name: str = "policy", peers: st.SearchStrategy[Peer] = PEERS
) -> Policy:
    """A NetworkPolicy with its policy types spelled out; rules may stand in a type it has not."""
    directions = draw(st.sampled_from(DIRECTIONS))
    return Policy(
        "NetworkPolicy",
        draw(st.sampled_from(NAMES)),
        name,
        PodPeer(pods=draw(st.sampled_from(SUBJECTS))),
        directions,
        directions,
        with_paths(draw(st.lists(rules(peers), max_size=3))),
    )


@st.composite
def tier_policies(
    draw: st.DrawFn,
    kind: str,
    actions: Sequence[Action],
    name: str,
    peers: st.SearchStrategy[Peer] = MORE_PEERS,
) -> Policy:
    """A cluster-scoped policy of an ordered tier; it isolates nobody (F1.52)."""
    subject = PodPeer(
        draw(st.sampled_from(NAMESPACE_SELECTORS)), draw(st.sampled_from((None, *SELECTORS)))
    )
    found = draw(st.lists(rules(peers, MORE_PORTS, actions), max_size=3))
    order = draw(st.sampled_from((0.0, 1.0, 2.0)))
    directions = draw(st.sampled_from(DIRECTIONS))
    return Policy(kind, None, name, subject, directions, frozenset(), with_paths(found), order)


@st.composite
def deny_policies(draw: st.DrawFn, name: str = "policy") -> Policy:
    """A namespaced policy whose rules allow and deny, and that may isolate or not."""
    directions = draw(st.sampled_from(DIRECTIONS))
    return Policy(
        "Denying",
        draw(st.sampled_from(NAMES)),
        name,
        PodPeer(pods=draw(st.sampled_from(SUBJECTS))),
        directions,
        draw(st.sampled_from((directions, frozenset()))),
        with_paths(
            draw(st.lists(rules(MORE_PEERS, MORE_PORTS, (Action.ALLOW, Action.DENY)), max_size=3))
        ),
    )


def with_paths(found: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules with the paths that a file would give them."""
    counts = dict.fromkeys(Direction, -1)
    return tuple(_with_path(rule, counts) for rule in found)


def _with_path(rule: Rule, counts: dict[Direction, int]) -> Rule:
    counts[rule.direction] += 1
    side = "to" if rule.direction is Direction.EGRESS else "from"
    return replace(
        rule,
        path=f"spec.{rule.direction.word}[{counts[rule.direction]}]",
        ports=rule.ports
        and tuple(replace(port, path=f"ports[{i}]") for i, port in enumerate(rule.ports)),
        peers=rule.peers
        and tuple(replace(peer, path=f"{side}[{i}]") for i, peer in enumerate(rule.peers)),
    )


@st.composite
def guarded(
    draw: st.DrawFn,
    shapes: Sequence[tuple[str, ...]] = SHAPES,
    hosts: bool = True,
    most: int = 3,
    peers: st.SearchStrategy[Peer] = PEERS,
) -> Cluster:
    """A cluster with one to `most` NetworkPolicies."""
    number = draw(st.integers(1, most))
    found = [draw(network_policies(f"policy-{i}", peers)) for i in range(number)]
    return replace(draw(clusters(shapes, hosts)), policies=tuple(found))


@st.composite
def like(draw: st.DrawFn, policy: Policy, number: int = 9) -> Policy:
    """A policy for the same pods and directions as another, with rules of its own."""
    found = draw(st.lists(rules(), min_size=1, max_size=3))
    return replace(policy, name=f"policy-{number}", rules=with_paths(found))


ADMIN_ACTIONS = (Action.ALLOW, Action.DENY, Action.PASS, Action.LOG)


@st.composite
def tiered(draw: st.DrawFn, peers: st.SearchStrategy[Peer] = MORE_PEERS) -> Cluster:
    """A cluster with policies of every kind that `PROFILES` know."""

    def of_tier(kind: str, actions: Sequence[Action], most: int) -> list[Policy]:
        numbers = draw(_upto(most))
        return [draw(tier_policies(kind, actions, f"{kind}-{i}".lower(), peers)) for i in numbers]

    policies = [
        *of_tier("Admin", ADMIN_ACTIONS, 2),
        *(draw(network_policies(f"policy-{i}")) for i in draw(_upto(2))),
        *(draw(deny_policies(f"denying-{i}")) for i in draw(_upto(1))),
        *of_tier("Baseline", (Action.ALLOW, Action.DENY), 1),
    ]
    return replace(draw(clusters()), policies=tuple(policies))


#: what Calico's own rules say of an end
#: pods of Calico's datapath have addresses
CALICO_SHAPES = (("v4",), ("v4", "v6"), ("v6", "v4"), ("v6",))
CALICO_SETS: tuple[Peer, ...] = (
    PodPeer(None, LabelSelector.of(app="db"), with_sets=True),
    PodPeer(EVERYTHING, EVERYTHING, with_sets=True, with_global_sets=True),
)
CALICO_PLAIN = st.one_of(PEERS, st.sampled_from(CALICO_SETS))
CALICO_PARTS = st.lists(CALICO_PLAIN, max_size=2).map(tuple)
CALICO_PEERS = st.one_of(
    CALICO_PLAIN,
    st.builds(AllOf, CALICO_PARTS),
    st.builds(AnyOf, CALICO_PARTS),
    st.builds(Not, CALICO_PLAIN),
    st.builds(Not, st.builds(AllOf, CALICO_PARTS)),
)
MINE = Tier("mine", Combination.FIRST_MATCH, (), Action.DENY, order=500.0)
CALICO_TIERS = st.sampled_from(("kube-admin", "default", "kube-baseline", MINE.name))


@st.composite
def calico_clusters(draw: st.DrawFn) -> Cluster:
    """A cluster with policies of Calico's own in several tiers, and NetworkPolicies among them."""
    policies = []
    for number in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            name = f"own-{number}"
            kind = tier_policies("GlobalNetworkPolicy", ADMIN_ACTIONS, name, CALICO_PEERS)
            policies.append(replace(draw(kind), tier=draw(CALICO_TIERS)))
        else:
            policies.append(draw(network_policies(f"policy-{number}")))
    return replace(draw(clusters(CALICO_SHAPES)), policies=tuple(policies), tiers=(MINE,))


def _upto(most: int) -> st.SearchStrategy[range]:
    return st.integers(0, most).map(range)


# How it is read

SPEC, WORKLOADS = load_profile("spec"), load_profile("workloads")
UNION = Tier("NetworkPolicy", Combination.UNION, ("NetworkPolicy",))
ADMIN = Tier("Admin", Combination.FIRST_MATCH, ("Admin",))
BASELINE = Tier("Baseline", Combination.FIRST_MATCH, ("Baseline",))
TIERED = replace(SPEC, name="tiered", tiers=(ADMIN, UNION, BASELINE))
#: a tier that ends in a denial, as Calico's do
CLOSED = replace(TIERED, name="closed", tiers=(replace(ADMIN, default=Action.DENY), UNION))
DENY_FIRST = replace(
    SPEC,
    name="deny-first",
    tiers=(Tier("both", Combination.DENY_FIRST, ("NetworkPolicy", "Denying")),),
)
PROFILES = (SPEC, WORKLOADS, TIERED, CLOSED, DENY_FIRST)
ANSWERS: dict[str, tuple[str | bool | None, ...]] = {
    "ipblock_matches_pods": (True, False, None),
    "ipblock_matches_nodes": (True, False, None),
    "service_translation": ("before", "after", None),
    "learns_names_from_dns": (True, False),
    "host_network_pods": ("node", "pod"),
    "node_to_own_pod": ("allowed", "policy"),
    "pod_to_own_node": ("allowed", "policy", None),
    "pod_to_itself": ("allowed", "policy", None),
    "pod_to_itself_by_service": ("allowed", "policy", None),
    "named_ports": ("by-protocol", "first-by-name", "not-for-blocks", "refused"),
    "end_port": ("range", "first"),
    "icmp": ("rules", "pings-pass", None),
    "sctp": ("rules", "unsupported", None),
    "ipv6": ("rules", None),
}


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """A profile of the shelf, sometimes with one question settled otherwise."""
    profile = draw(st.sampled_from(PROFILES))
    if draw(st.booleans()):
        return profile
    question = draw(st.sampled_from(sorted(ANSWERS)))
    setting = Setting(draw(st.sampled_from(ANSWERS[question])))
    return replace(profile, settles={**profile.settles, question: setting})


# What is asked

#: addresses on both sides of every edge of a block, whoever has them; Services are asked apart
EDGES = tuple(
    dict.fromkeys(
        Address(piece.family, value)
        for block in BLOCKS
        for cidr in (block.cidr, *block.except_)
        for piece in (parse_cidr(cidr),)
        for value in (piece.first - 1, piece.first, piece.last, piece.last + 1)
        if 0 <= value < 1 << piece.family.bits
        if not any(Address(piece.family, value) in each.cluster_ips for each in SERVICES)
    )
)
ASKED_PORTS = (
    *(Port(number) for number in (80, 443, 53, 8080, 1, 79, 81, 444, MAX_PORT)),
    *(Port(number, UDP) for number in (53, 80, 1)),
    Port(443, SCTP),
)


@st.composite
def connections(draw: st.DrawFn, cluster: Cluster) -> Connection:
    """A connection with a pod of the cluster at one end at least, mostly at both."""
    pods = [name_of(pod) for pod in cluster.pods]
    here: End = draw(st.sampled_from(pods))
    neighbours = [pod for pod in pods if pod != here]
    itself_or_node = [here, *(NodeName(node.name) for node in cluster.nodes)]
    there = draw(
        st.one_of(
            [st.sampled_from(some) for some in (neighbours, neighbours, itself_or_node, EDGES)]
        )
    )
    source, destination = draw(st.sampled_from(((here, there), (there, here))))
    return Connection(source, destination, draw(st.sampled_from(ASKED_PORTS)))


def some_connections(cluster: Cluster) -> st.SearchStrategy[list[Connection]]:
    """Four connections."""
    return st.lists(connections(cluster), min_size=4, max_size=4)


@st.composite
def pod_connections(draw: st.DrawFn, cluster: Cluster) -> Connection:
    """A connection from a pod to another pod."""
    source, destination = draw(st.permutations(cluster.pods))[:2]
    return Connection(name_of(source), name_of(destination), draw(st.sampled_from(ASKED_PORTS)))


@st.composite
def service_connections(draw: st.DrawFn, cluster: Cluster) -> Connection:
    """A connection from a pod to a Service of the cluster, by its name or by its address."""
    source = draw(st.sampled_from(cluster.pods))
    service = draw(st.sampled_from(cluster.services))
    by_name = ObjectName(service.namespace, service.name, "service")
    ends: tuple[End, ...] = by_name, *service.cluster_ips
    port = draw(st.sampled_from(service.ports)).port
    return Connection(name_of(source), draw(st.sampled_from(ends)), port)


def name_of(pod: Pod) -> ObjectName:
    """The pod as a connection names it."""
    return ObjectName(pod.namespace.name, pod.name, "pod")


@st.composite
def asked(
    draw: st.DrawFn,
    of: st.SearchStrategy[Cluster],
    connections: Callable[[Cluster], st.SearchStrategy[Connection]] = connections,
) -> tuple[Cluster, Connection]:
    """A cluster and a connection to ask about."""
    cluster = draw(of)
    return cluster, draw(connections(cluster))
