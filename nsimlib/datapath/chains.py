"""One pod's view of the rules that its enforcer has written on its node: printed and walked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nsimlib.cni.profile import Profile
from nsimlib.datapath.calico_settings import Settings
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.lookups import WORST
from nsimlib.datapath.nft import nft_text
from nsimlib.datapath.packet import State
from nsimlib.datapath.ruleset import Line, Origin, Ruleset
from nsimlib.datapath.saving import save, save_sets
from nsimlib.datapath.walk import Walk, walk_along
from nsimlib.datapath.writers import WRITERS, Writer
from nsimlib.errors import UnknownName
from nsimlib.evaluation.ends import paths
from nsimlib.evaluation.verdict import Path
from nsimlib.model.addresses import Address, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.ports import Port
from nsimlib.model.shown import Shown

__all__ = ["Datapath"]

#: the port of a client, which no policy names
CLIENT_PORT = 32768


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
        >>> web = ns.datapath("calico", ns.scenario("shop"), "shop/web")
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
