"""The two doors of each workload on the map: which policies shut them."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsimlib.cni.choosing import profile_for
from nsimlib.evaluation.isolation import isolated_by
from nsimlib.evaluation.matching import is_judged
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Direction
from nsimlib.views.catalogue import say
from nsimlib.views.choices import workload_names

__all__ = ["Doors", "doors"]


@dataclass(frozen=True, slots=True)
class Doors:
    """What stands at a workload's ends: the policies that isolate it, by direction."""

    pods: int
    by: Mapping[Direction, tuple[str, ...]]
    #: whether policies speak of it at all; pods on their node's network have no doors
    are_there: bool = True

    def shut(self, direction: Direction) -> bool:
        """Whether some policy isolates the workload in that direction (F1.9)."""
        return bool(self.by[direction])

    @property
    def says(self) -> str:
        """The doors in words, for those who do not see them."""
        if not self.are_there:
            return say("map.door-none")
        return ", ".join(self._one(direction) for direction in Direction)

    def _one(self, direction: Direction) -> str:
        key = "map.door-closed" if self.shut(direction) else "map.door-open"
        return say(key, direction=direction.value, policies=" and ".join(self.by[direction]))


def doors(cluster: Cluster, cni: str = "spec") -> dict[str, Doors]:
    """Return the doors of every workload, by the name that a connection gives it.

    A door is shut if some pod of the workload is isolated.

    >>> import nsimlib as ns
    >>> doors(ns.scenario("shop"))["shop/web"].says
    'Egress isolated by shop/web-egress, Ingress not isolated'
    """
    profile = profile_for(cluster, cni).within(cluster)
    found, names = {}, workload_names(cluster)
    for workload, pods in cluster.workloads.items():
        by = {
            direction: tuple(
                dict.fromkeys(
                    policy.key
                    for pod in pods
                    for policy in isolated_by(cluster, pod, direction, profile)
                )
            )
            for direction in Direction
        }
        judged = any(is_judged(pod, profile) for pod in pods)
        found[names[workload]] = Doors(len(pods), by, judged)
    return found
