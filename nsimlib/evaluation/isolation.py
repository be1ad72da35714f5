"""Which policy isolates which pod: the switches behind every verdict (F1.9)."""

from collections.abc import Iterator

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.engine import applies
from nsimlib.evaluation.matching import is_judged
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, selects
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.tables import Table

__all__ = ["isolated_by", "isolation", "policy_table"]


def isolation(cluster: Cluster, *, cni: str = "spec") -> Table:
    """Return by which policies each pod is isolated, in each direction (F1.9).

    Egress rules do not isolate by themselves; this policy says `policyTypes: [Ingress]` (F1.11):

    >>> import nsimlib as ns
    >>> policy = ns.policy_files("isolation-is-a-switch")["ingress-type-with-egress-rules"]
    >>> after = ns.scenario("isolation-is-a-switch").with_policies(policy)
    >>> isolation(after).rows[-1]
    ('shop/web', 'not isolated', 'isolated by shop/ingress-type-with-egress-rules')
    """
    profile = profile_for(cluster, cni).within(cluster)
    rows = tuple(
        (pod.key, *(_state(cluster, pod, direction, profile) for direction in Direction))
        for pod in sorted(cluster.pods, key=lambda pod: pod.key)
    )
    return Table("Which pods are isolated", ("pod", "egress", "ingress"), rows)


def _state(cluster: Cluster, pod: Pod, direction: Direction, profile: Profile) -> str:
    if not is_judged(pod, profile):
        return "on its node's network"
    names = [policy.key for policy in isolated_by(cluster, pod, direction, profile)]
    return f"isolated by {', '.join(names)}" if names else "not isolated"


def isolated_by(
    cluster: Cluster, pod: Pod, direction: Direction, profile: Profile
) -> tuple[Policy, ...]:
    """Return the policies that isolate a pod in a direction; none for one that none selects."""
    if not is_judged(pod, profile):
        return ()
    return tuple(
        policy
        for policy in cluster.policies_for(pod.namespace.name)
        if applies(policy, pod, direction) and profile.isolates(policy, direction)
    )


def policy_table(cluster: Cluster) -> Table:
    """Return what each policy selects and isolates, and whose rules have no effect.

    `policyTypes` may be written, or filled in by the API server (F1.10).
    """
    columns = ("policy", "pods", "policyTypes", "isolates", "ingress rules", "egress rules")
    rows = tuple(tuple(_policy_row(cluster, policy)) for policy in cluster.policies)
    return Table("Policies", columns, rows)


def _policy_row(cluster: Cluster, policy: Policy) -> Iterator[object]:
    yield policy.key
    yield sum(selects(policy.subject, pod, policy.namespace) for pod in cluster.pods)
    yield "filled in" if policy.directions_defaulted else "written"
    yield ", ".join(d.value for d in Direction if d in policy.isolates) or "nothing"
    for direction in (Direction.INGRESS, Direction.EGRESS):
        count = len(policy.rules_for(direction))
        yield f"{count}, no effect" if count and direction not in policy.directions else count
