"""One pod's view of what its enforcer has written: the rules of its node, printed and walked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, overload

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.datapath.aws import AwsPod
from nsimlib.datapath.calico import CalicoNode
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.cilium import CiliumPod
from nsimlib.datapath.flannel import FlannelNode
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.kube_router import KubeRouterNode
from nsimlib.datapath.lookups import WORST, MapDatapath, MapWriter
from nsimlib.datapath.nft import nft_text
from nsimlib.datapath.packet import State
from nsimlib.datapath.ruleset import Line, Origin, Ruleset
from nsimlib.datapath.saving import save, save_sets
from nsimlib.datapath.walk import Walk, walk_along
from nsimlib.datapath.weave import WeaveNode
from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import parties, paths
from nsimlib.evaluation.verdict import Path
from nsimlib.model.addresses import Address, Family, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, parse_end
from nsimlib.model.objects import Pod
from nsimlib.model.ports import Port
from nsimlib.model.shown import Shown

__all__ = ["Datapath", "datapath"]

SETTINGS = Settings()


class Writer(Protocol):
    """What an enforcer has written for the pods of one node."""

    def __init__(
        self, cluster: Cluster, pods: tuple[Pod, ...], profile: Profile, settings: Settings
    ) -> None: ...

    def ruleset(self, family: Family, /) -> Ruleset:
        """Return the rules of one family."""

    def sets(self, family: Family, /) -> tuple[IPSet, ...]:
        """Return the sets that they name."""

    def left_out(self, family: Family, /) -> Iterator[tuple[Origin, str]]:
        """Yield what of the policies has no rule, and why."""

    @staticmethod
    def interface(pod: Pod, /) -> str:
        """Return the name of the node's end of a pod's cable."""


WRITERS: Mapping[str, type[Writer]] = {
    "calico": CalicoNode,
    "flannel": FlannelNode,
    "kube-router": KubeRouterNode,
    "weave": WeaveNode,
}
#: enforcers that have maps for each pod, and no rules
MAPS: Mapping[str, type[MapWriter]] = {"aws-vpc-cni": AwsPod, "cilium": CiliumPod}
WithRules = Literal["calico", "flannel", "kube-router", "weave"]
WithMaps = Literal["aws-vpc-cni", "cilium"]
#: where pods without an address are taken to be: a range that policies have no reason to name
ASSUMED = parse_cidr("100.64.0.0/10")
#: the port of a client, which no policy names
CLIENT_PORT = 32768


@overload
def datapath(cni: WithMaps, cluster: Cluster, pod: str) -> MapDatapath: ...
@overload
def datapath(
    cni: WithRules, cluster: Cluster, pod: str, *, settings: Settings = SETTINGS
) -> "Datapath": ...
@overload
def datapath(
    cni: str, cluster: Cluster, pod: str, *, settings: Settings = SETTINGS
) -> "Datapath | MapDatapath": ...
def datapath(
    cni: str, cluster: Cluster, pod: str, *, settings: Settings = SETTINGS
) -> "Datapath | MapDatapath":
    """Return what the enforcer has written for a pod: the rules of its node, or maps of its own.

    Parameters
    ----------
    cni
        Whose rules: `"calico"`, `"kube-router"`, `"weave"`, or `"flannel"`, which has none (F4.1).
        Whose maps: `"cilium"`, `"aws-vpc-cni"`.
    pod
        A pod or a workload by `namespace/name`; of a workload the first pod is taken.
    settings
        How the node's Felix is set.

    Raises
    ------
    UnknownName
        If there is no such pod, or no rules are known for that enforcer.

    Examples
    --------
    What a policy allows it only marks; the packet is accepted at the end of FORWARD (F2.23).

    >>> import nsimlib as ns
    >>> debug = datapath("calico", ns.scenario("shop"), "shop/debug")
    >>> print(debug.walk("shop/debug -> 203.0.113.7:443/TCP").deciding.line.chain)
    FORWARD
    """
    if cni not in WRITERS and cni not in MAPS:
        raise UnknownName("rules in the kernel for the CNI", cni, (*WRITERS, *MAPS))
    found = parties(cluster, parse_end(pod))[0]
    if not isinstance(found, Pod):
        raise UnknownName("pod", pod, (each.key for each in cluster.pods))
    assumed = dict(_assumed(cluster))
    pods = (
        replace(each, addresses=(assumed[each.key],)) if each.key in assumed else each
        for each in cluster.pods
    )
    addressed = replace(cluster, pods=tuple(pods))
    profile = load_profile(cni).within(cluster)
    if cni in MAPS:
        return MapDatapath(addressed, found.key, profile, MAPS[cni], assumed)
    return Datapath(addressed, found.key, profile, settings, assumed)


def _assumed(cluster: Cluster) -> Iterator[tuple[str, Address]]:
    """Addresses for pods that have none: without one there is nothing to put into a set."""
    taken = {*cluster.pods_by_address, *cluster.nodes_by_address}
    free = (Address(Family.IPV4, n) for n in range(ASSUMED.first + 1, ASSUMED.last))
    for pod in cluster.pods:
        if not pod.addresses and not pod.host_network:
            yield pod.key, next(address for address in free if address not in taken)


@dataclass(frozen=True, repr=False)
class Datapath(Shown):
    """The rules of a pod's node, and those of all other nodes that its packets come to.

    `assumed` are the addresses of pods that have none in the input: a verdict that hangs on one of
    them hangs on an assumption.
    """

    cluster: Cluster
    pod: str
    profile: Profile
    settings: Settings
    assumed: Mapping[str, Address]
    _nodes: dict[str, Writer] = field(default_factory=dict, init=False, compare=False)
    _rules: dict[tuple[str, Family], tuple[Ruleset, tuple[IPSet, ...]]] = field(
        default_factory=dict, init=False, compare=False
    )

    @property
    def node(self) -> str:
        """The node that the pod is on, empty where nobody says."""
        return next(pod.node or "" for pod in self.cluster.pods if pod.key == self.pod)

    def ruleset(self, family: Family = Family.IPV4) -> Ruleset:
        """Return the rules of the node for one family."""
        return self._of(self.node, family)[0]

    @property
    def rules(self) -> tuple[Line, ...]:
        """The lines of the node for IPv4."""
        return self.ruleset().lines

    def save(
        self, family: Family = Family.IPV4, *, counters: bool = False, hashes: bool = True
    ) -> str:
        """Return what `iptables-save` prints on the node, or `ip6tables-save`.

        Without `hashes` the notes by which Felix knows its own rules are left out, as one does to
        read them.
        """
        ruleset = self.ruleset(family)
        return save(ruleset if hashes else ruleset.without_comments("cali:"), counters=counters)

    def sets(self, family: Family = Family.IPV4) -> tuple[IPSet, ...]:
        """Return the ipsets that the rules name."""
        return self._of(self.node, family)[1]

    def save_sets(self, family: Family = Family.IPV4) -> str:
        """Return what `ipset save` prints of them."""
        return save_sets(self.sets(family))

    def nft(self, family: Family = Family.IPV4) -> str:
        """Return rules and sets as a table for `nft -f`."""
        return nft_text(self.ruleset(family), self.sets(family))

    def _of(self, node: str, family: Family) -> tuple[Ruleset, tuple[IPSet, ...]]:
        if (node, family) not in self._rules:
            of = self._node(node)
            self._rules[node, family] = of.ruleset(family), of.sets(family)
        return self._rules[node, family]

    def _node(self, node: str) -> Writer:
        if node not in self._nodes:
            pods = tuple(pod for pod in self.cluster.pods if (pod.node or "") == node)
            writer = WRITERS[self.profile.name]
            self._nodes[node] = writer(self.cluster, pods, self.profile, self.settings)
        return self._nodes[node]

    def lines_of(self, policy: str, path: str = "", family: Family = Family.IPV4) -> list[Line]:
        """Return the lines that an entry of a policy caused, or all that the policy caused.

        >>> import nsimlib as ns
        >>> web = datapath("calico", ns.scenario("shop"), "shop/web")
        >>> [line.number for line in web.lines_of("shop/web-egress", "spec.egress[0]")]
        [1, 2]
        """
        return [
            line
            for line in self.ruleset(family).lines
            if (origin := line.rule.origin)
            and origin.policy.key == policy
            and path in ("", origin.path)
        ]

    def origin_of(self, text: str, family: Family = Family.IPV4) -> Origin | None:
        """Return what caused a line of `save`, None for one that is there for no policy.

        Raises
        ------
        UnknownName
            If the node has no such line.
        """
        ruleset = self.ruleset(family)
        for whole, plain in zip(
            ruleset.lines, ruleset.without_comments("cali:").lines, strict=True
        ):
            if text.strip() in (str(whole), str(plain)):
                return whole.rule.origin
        raise UnknownName("line", text, map(str, ruleset.lines))

    def left_out(self, family: Family = Family.IPV4) -> tuple[tuple[Origin, str], ...]:
        """Return the entries of policies that Felix has no rule for, or not every one, and why.

        Where there are some, a walk may end otherwise than the policies say.
        """
        return tuple(self._node(self.node).left_out(family))

    def walk(self, connection: Connection | str, *, state: State = State.NEW) -> Walk:
        """Return the walk of a connection; of several ways it can go, one that is denied first.

        Raises
        ------
        ConnectionSyntaxError, UnknownName
            If the connection cannot be read, names something that is not there, or has an end
            without an address.
        """
        walks = self.walks(connection, state=state)
        return min(walks, key=lambda walk: WORST.index(walk.outcome))

    def walks(self, connection: Connection | str, *, state: State = State.NEW) -> tuple[Walk, ...]:
        """Return a walk for each way the connection can go: each pod, each backend, each family."""
        asked = Connection.parse(connection) if isinstance(connection, str) else connection
        found = [path for path in paths(self.cluster, asked) if _shares_a_family(path)]
        if not found:
            ends = f"{asked.source} and {asked.destination}"
            raise UnknownName("addresses of one family for", ends, ())
        if asked.reply:
            found, state = [_back(path) for path in found], State.ESTABLISHED
        interface = WRITERS[self.profile.name].interface
        return tuple(walk_along(path, self._of, interface, state) for path in found)


def _shares_a_family(path: Path) -> bool:
    ours, theirs = path.source_address, path.destination_address
    return ours is not None and theirs is not None and ours.family is theirs.family


def _back(path: Path) -> Path:
    """The way of the answers: to a port of the client's, with nothing left to translate."""
    return Path(
        path.destination,
        path.source,
        Port(CLIENT_PORT, path.port.protocol),
        path.destination_address,
        path.source_address,
    )
