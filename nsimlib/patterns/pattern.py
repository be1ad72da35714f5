"""Egress policies toward a database: written, explained rule by rule, and tried before they go out.

What is tried is the policies alone: the application looks its database up and connects to every
name, wherever in the subnets that may lead; then to what is near and none of its business. If one
connection ends otherwise than it should, there is no pattern but an error that says why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nsimlib.cni.choosing import profile_for
from nsimlib.dns.layout import NODE_CACHE, Layout, layout_of
from nsimlib.errors import ExpectationsNotMet, UnknownName
from nsimlib.evaluation.ends import backends, parties
from nsimlib.evaluation.evidence import place_of
from nsimlib.manifests import loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.objects import Pod, Service, Workload
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import LabelSelector
from nsimlib.model.tables import Table
from nsimlib.patterns.clauses import Drafted
from nsimlib.patterns.database_files import read_database
from nsimlib.patterns.databases import Database
from nsimlib.patterns.dialects import DIALECTS
from nsimlib.patterns.goals import Goal
from nsimlib.patterns.trials import Trial, tried
from nsimlib.patterns.writing import reasons_table, written

__all__ = ["Pattern", "dialect_names", "pattern"]


def dialect_names() -> tuple[str, ...]:
    """Return the dialects that a pattern can be written in."""
    return tuple(DIALECTS)


@dataclass(frozen=True, repr=False)
class Pattern:
    """Manifests to apply, with why they are as they are and what became of every connection tried.

    `selects` are the workloads that they are for. `alone` are the trials of these policies and no
    others, and `together` the same in the cluster with all its policies, which may open more, or
    close what is needed.
    """

    database: Database
    dialect: str
    yaml: str
    selects: tuple[str, ...]
    drafted: tuple[Drafted, ...]
    profile: str = ""
    alone: tuple[Trial, ...] = ()
    together: tuple[Trial, ...] = ()

    @cached_property
    def objects(self) -> Cluster:
        """The policies and network sets, as they are read from the manifests."""
        return loads(self.yaml, name=self.dialect)

    @property
    def reasons(self) -> Table:
        """Why each object and each rule is there."""
        return reasons_table(self.objects.policies, self.drafted)

    @property
    def checked(self) -> Table:
        """Every connection that is to be allowed or denied, and how it ends."""
        asked = tuple(each for each in self.alone if each.wanted)
        return _trials(f"{len(asked)} connections tried alone ({self.profile})", asked)

    @property
    def remains(self) -> Table:
        """What stays open besides the database, as no rule of this dialect tells it from that."""
        left = tuple(each for each in self.alone if not each.wanted)
        return _trials("Open besides, as the rules cannot tell it apart", left)

    @property
    def besides(self) -> tuple[Trial, ...]:
        """The trials that end otherwise because of the cluster's other policies."""
        return tuple(each for each in self.together if not each.is_met)

    def applied_to(self, cluster: Cluster) -> Cluster:
        """Return the cluster with these objects in it, as `kubectl apply` would put them there."""
        made = self.objects
        added = {str(each) for each in made.network_sets}
        kept = (each for each in cluster.network_sets if str(each) not in added)
        sets = (*kept, *made.network_sets)
        return replace(cluster.with_policies(*made.policies), network_sets=sets)

    def __repr__(self) -> str:
        lines = [f"Selects {', '.join(self.selects)}.", f"{self.checked.title}: all as wanted."]
        lines += (f"Open besides: {row[0]}, {row[1]}" for row in self.remains.rows)
        lines += (f"With the cluster's other policies: {_otherwise(each)}" for each in self.besides)
        return "\n".join((self.yaml, *lines))


def _trials(title: str, trials: Sequence[Trial]) -> Table:
    rows = (
        (
            str(each.verdict.connection),
            each.says,
            each.wanted.value if each.wanted else "",
            each.found.value,
        )
        for each in trials
    )
    return Table(title, ("connection", "to", "wanted", "found"), tuple(rows))


def _otherwise(trial: Trial) -> str:
    by = ", ".join(dict.fromkeys(map(place_of, trial.verdict.determining)))
    return f"{trial.verdict.connection} is {trial.found.value}" + (f" by {by}" if by else "")


def pattern(
    database: str | Database,
    *,
    dialect: str,
    cluster: Cluster,
    app: Mapping[str, str],
    namespace: str,
    port: int | None = None,
    cni: str | None = None,
    layout: Layout | None = None,
) -> Pattern:
    """Return the narrowest policies with which an application reaches its database, and no more.

    Parameters
    ----------
    database
        What it connects to: a `Database`, the path of a file, or the name of one that ships.
    dialect
        How the policies are written; `dialect_names` lists the dialects.
    cluster, namespace, app
        Where the application runs, and the labels that it is selected by.
    port
        Where the database listens, if elsewhere than its file says.
    cni
        The profile that the policies are tried under; by default one that enforces the dialect.
    layout
        Who answers DNS; by default what `layout_of` finds.

    Raises
    ------
    UnknownName
        If there is no such database, dialect, profile, namespace, or no pod with these labels, or
        the cluster shows no DNS Service with a selector.
    ManifestError
        If the database's file is wrong, or the API server would refuse what comes out.
    ExpectationsNotMet
        If a connection ends otherwise than it should; the dialect cannot say it under the profile.

    Examples
    --------
    >>> import nsimlib as ns
    >>> shop, api = ns.scenario("shop"), {"app": "api"}
    >>> found = pattern("rds", dialect="cilium", cluster=shop, app=api, namespace="shop")
    >>> [rule[1] for rule in found.reasons.rows]
    ['', 'spec.egress[0]', 'spec.egress[1]']

    To Cilium, an address of a node is no block, so a NetworkPolicy cannot allow a cache on the
    node (F3.14, F5.5):

    >>> caching = ns.layout_of(shop, node_local=True)
    >>> pattern("rds", dialect="networkpolicy", cluster=shop, app=api, namespace="shop",
    ...         cni="cilium", layout=caching)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nsimlib.errors.ExpectationsNotMet: DNS, from node-cache should be allowed
    shop/...
    """
    if dialect not in DIALECTS:
        raise UnknownName("dialect", dialect, DIALECTS)
    found = read_database(database) if isinstance(database, str) else database
    found = replace(found, port=port or found.port)
    layout = layout or layout_of(cluster)
    pods = _selected(cluster, namespace, app)
    goal = _goal(cluster, pods, app, found, layout)
    drafted = tuple(DIALECTS[dialect].draft(goal))
    text = written(drafted)
    given = Pattern(found, dialect, text, tuple(map(str, _owners(pods))), drafted)
    profile = profile_for(cluster, cni or DIALECTS[dialect].cni)
    source, patterns = _called(cluster, pods[0]), DIALECTS[dialect].patterns
    made = (replace(cluster, policies=(), network_sets=()), cluster)
    alone, together = (
        tried(given.applied_to(each), source, goal, layout, profile, patterns) for each in made
    )
    if unmet := [each for each in alone if not each.is_met]:
        raise ExpectationsNotMet(map(_unmet, unmet))
    return replace(given, profile=profile.name, alone=alone, together=together)


def _unmet(trial: Trial) -> str:
    wanted = trial.wanted.value if trial.wanted else "as it is"
    return f"{trial.says} should be {wanted}\n{trial.verdict}"


def _selected(cluster: Cluster, namespace: str, app: Mapping[str, str]) -> tuple[Pod, ...]:
    """The pods that are meant; to select nobody is legal, and never what was wanted (F1.47)."""
    if namespace not in cluster.namespaces:
        raise UnknownName("namespace", namespace, cluster.namespaces)
    there = [pod for pod in cluster.pods_by_namespace.get(namespace, ()) if not pod.host_network]
    found = tuple(pod for pod in there if LabelSelector.of(app).matches(pod.labels))
    if not found:
        known = (str(LabelSelector.of({k: pod.labels.get(k, "") for k in app})) for pod in there)
        raise UnknownName(f"pod in namespace {namespace} with", str(LabelSelector.of(app)), known)
    return found


def _owners(pods: Iterable[Pod]) -> tuple[Workload, ...]:
    return tuple(sorted({pod.owner for pod in pods}))


def _goal(
    cluster: Cluster,
    pods: tuple[Pod, ...],
    app: Mapping[str, str],
    database: Database,
    layout: Layout,
) -> Goal:
    first, *more = _owners(pods)
    if not layout.service.selector:
        raise UnknownName("selector of the DNS Service", layout.service.key, ())
    caches = (NODE_CACHE, layout.nameserver, *layout.service.cluster_ips)
    return Goal(
        name=f"to-{database.name}" if more else f"{first.name}-to-{database.name}",
        namespace=pods[0].namespace,
        app=app,
        database=database,
        dns=layout.service,
        dns_ports=tuple(dict.fromkeys(_behind(cluster, layout.service))),
        node_caches=tuple(dict.fromkeys(caches)) if layout.node_local else (),
    )


def _behind(cluster: Cluster, service: Service) -> Iterator[Port]:
    """The ports of the pods behind the DNS Service, which need not be those of the Service."""
    for protocol in (Protocol.UDP, Protocol.TCP):
        asked = Port(53, protocol)
        ports = tuple(port for _, port in backends(cluster, service, asked))
        yield from ports or (asked,)


def _called(cluster: Cluster, pod: Pod) -> str:
    """The workload of a pod, by its kind too if its name alone means something else."""
    short = str(pod.owner)
    if pod in parties(cluster, parse_end(short)):
        return short
    return f"{pod.owner.namespace}/{pod.owner.kind.lower()}/{pod.owner.name}"
