"""Which enforcer a cluster has, read from what runs in it.

A worked example: DaemonSets `kube-flannel-ds` and `calico-node`. Flannel only carries packets, so
Calico enforces: a pair that is known as Canal. With `cilium` as well there would be two enforcers,
and no answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.model.cluster import Cluster
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table

__all__ = ["AUTO", "Guess", "guess", "profile_for"]

#: asks for the profile that the cluster suggests
AUTO = "auto"
DAEMON_SETS = {
    "calico-node": "calico",
    "canal": "calico",
    "cilium": "cilium",
    "kube-flannel": "flannel",
    "kube-flannel-ds": "flannel",
    "weave-net": "weave",
    "kube-router": "kube-router",
    "antrea-agent": "antrea",
    "aws-node": "aws-vpc-cni",
    "kube-network-policies": "",
}
#: API groups of the objects that an enforcer keeps for itself
GROUPS = {
    "crd.projectcalico.org": "calico",
    "projectcalico.org": "calico",
    "operator.tigera.io": "calico",
    "cilium.io": "cilium",
    "crd.antrea.io": "antrea",
    "networking.k8s.aws": "aws-vpc-cni",
    "crd.k8s.amazonaws.com": "aws-vpc-cni",
}
#: what the kinds of policies that one enforcer alone has begin with, or end with
KINDS = {"Cilium": "cilium", "projectcalico.org": "calico", "GlobalNetworkPolicy": "calico"}
#: networks that leave policy to another where there is another
CARRIERS = ("flannel", "aws-vpc-cni")
REMARKS = {
    "aws-vpc-cni": "its policy agent is off unless it was switched on (F4.23)",
    "calico": "whether its eBPF dataplane is on cannot be seen here",
    "flannel": "it enforces nothing (F4.1)",
}


@dataclass(frozen=True, repr=False)
class Guess(Shown):
    """The profile that a cluster suggests, None if there is none or more than one; and why."""

    profile: str | None
    evidence: tuple[str, ...]
    conclusion: str

    def to_table(self) -> Table:
        """Return the evidence, under the conclusion."""
        about = f"{self.profile or 'No enforcer to name'}: {self.conclusion}"
        return Table(about, ("evidence",), tuple((each,) for each in self.evidence))


@dataclass(frozen=True, slots=True)
class Sign:
    """Something in a cluster that an enforcer leaves; `profile` is empty for one that has none."""

    profile: str
    says: str


def profile_for(cluster: Cluster, cni: str) -> Profile:
    """Return the profile of a name; for `"auto"`, the one that the cluster suggests.

    Where it suggests none, that is the Kubernetes text, and the profile says so.

    Raises
    ------
    UnknownName
        If no such profile ships.
    """
    if cni != AUTO:
        return load_profile(cni)
    found = guess(cluster)
    return replace(load_profile(found.profile or "spec"), chosen=found.conclusion)


def guess(cluster: Cluster) -> Guess:
    """Return which enforcer a cluster has, with the evidence.

    DaemonSets tell who runs. Without any, the objects that enforcers keep tell who once did.

    >>> import nsimlib as ns
    >>> guess(ns.loads("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")).conclusion
    'nothing here tells the enforcer, so this is what the Kubernetes text says'
    """
    signs = tuple(_daemon_sets(cluster)) or tuple(_left_behind(cluster))
    found = tuple(dict.fromkeys(sign.profile for sign in signs))
    enforcing = tuple(name for name in found if name not in CARRIERS) or found
    profile = enforcing[0] if len(enforcing) == 1 and enforcing[0] else None
    evidence = tuple(sign.says for sign in signs)
    return Guess(profile, evidence, _conclusion(profile, found, evidence))


def _daemon_sets(cluster: Cluster) -> Iterator[Sign]:
    for workload in cluster.workloads:
        if workload.kind == "DaemonSet" and workload.name in DAEMON_SETS:
            yield Sign(DAEMON_SETS[workload.name], f"DaemonSet {workload}")


def _left_behind(cluster: Cluster) -> Iterator[Sign]:
    for kind, count in cluster.report.unmodelled:
        if profile := GROUPS.get(kind.rpartition("/")[0]):
            yield Sign(profile, f"{count} {kind}")
    for kind in sorted({policy.kind for policy in cluster.policies}):
        for part, profile in KINDS.items():
            if kind.startswith(part) or kind.endswith(part):
                yield Sign(profile, f"policies of kind {kind}")
                break


def _conclusion(profile: str | None, found: tuple[str, ...], evidence: tuple[str, ...]) -> str:
    if not evidence:
        return "nothing here tells the enforcer, so this is what the Kubernetes text says"
    seen = ", ".join(evidence)
    if profile is None:
        many = "an enforcer without a profile" if "" in found else "more than one enforcer"
        return f"{many} ({seen}), so this is what the Kubernetes text says"
    carriers = [name for name in found if name in CARRIERS and name != profile]
    beside = f", which enforces while {carriers[0]} carries the packets" if carriers else ""
    remark = f"; {REMARKS[profile]}" if profile in REMARKS else ""
    return f"{profile} by {seen}{beside}{remark}"
