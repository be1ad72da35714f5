"""Which pods are isolated, namespace by namespace: the first table of any audit."""

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.engine import applies
from nsimlib.evaluation.matching import is_judged
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction
from nsimlib.model.tables import Table

__all__ = ["coverage"]


def coverage(cluster: Cluster, *, cni: str = "spec") -> Table:
    """Return how many pods of each namespace are isolated in each direction (F1.9).

    Pods on their node's network are counted apart: no policy selects them (F1.27).

    >>> import nsimlib as ns
    >>> table = coverage(ns.scenario("isolation-is-a-switch"))
    >>> table.columns[:3]
    ('namespace', 'pods', 'isolated for egress')
    """
    columns = ("namespace", "pods", "isolated for egress", "isolated for ingress", "host network")
    profile = profile_for(cluster, cni).within(cluster)
    rows = tuple(_row(cluster, name, profile) for name in sorted(cluster.namespaces))
    return Table("Pods that policies isolate", columns, rows)


def _row(cluster: Cluster, namespace: str, profile: Profile) -> tuple[object, ...]:
    pods = [pod for pod in cluster.pods if pod.namespace.name == namespace]
    judged = [pod for pod in pods if is_judged(pod, profile)]
    isolated = (sum(_isolated(cluster, pod, d, profile) for pod in judged) for d in Direction)
    return (namespace, len(pods), *isolated, len(pods) - len(judged))


def _isolated(cluster: Cluster, pod: Pod, direction: Direction, profile: Profile) -> bool:
    return any(
        profile.isolates(policy, direction) and applies(policy, pod, direction)
        for policy in cluster.policies
    )
