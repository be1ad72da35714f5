"""CNI profiles: who enforces, and how it settles what the Kubernetes text leaves open.

A profile is data (`data/cni/*.yaml`). A question that it does not settle has the value None, and a
verdict that depends on it is undetermined and says so. What it `shows` is for people: the rows of
the comparison X1 to X18, which `profile_table` prints.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from nsimlib.errors import UnknownName
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Action, Combination, Direction, Policy, Tier

__all__ = ["Feature", "Profile", "Setting", "Sure", "load_profile", "profile_names"]

#: a policy that is in no tier because it only shows what would be
STAGED = "A staged policy shows what it would do, and does nothing."


@dataclass(frozen=True, slots=True)
class Setting:
    """How one open question is settled: the value, the facts behind it, and why."""

    value: str | bool | None
    facts: tuple[str, ...] = ()
    because: str = ""


class Sure(Enum):
    """How well something is known."""

    VERIFIED = "verified"
    #: concluded from code that was read, and written nowhere
    INFERRED = "inferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Feature:
    """What an enforcer does, in a few words for a table; `says` is None where nobody knows."""

    says: str | None
    sure: Sure
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """What one enforcer does, or what the bare text says.

    `tiers` come in the order in which they are asked, and `kinds` are those in them, each with the
    fact that says so. `ignores` says why other kinds have no effect. `settles` answers the open
    questions; `shows` holds the rows for people. `tiered_kinds` are kinds whose policies name a
    tier that may be an object of the cluster. `chosen` says why it was taken, if it was guessed.
    """

    name: str
    title: str
    version: str
    description: str
    tiers: tuple[Tier, ...]
    kinds: Mapping[str, str]
    ignores: Setting
    settles: Mapping[str, Setting]
    shows: Mapping[str, Feature]
    tiered_kinds: tuple[str, ...] = ()
    chosen: str = ""

    def __getitem__(self, question: str) -> Setting:
        return self.settles[question]

    def ignored(self, policy: Policy) -> Setting | None:
        """Return why a policy has no effect, or None if it has one."""
        if policy.staged:
            return Setting(None, because=STAGED)
        if not any(tier.holds(policy) for tier in self.tiers):
            return self.ignores
        is_refused = self["named_ports"].value == "refused" and _names_a_port(policy)
        return self["named_ports"] if is_refused else None

    def enforces(self, policy: Policy) -> bool:
        """Whether a policy has any effect."""
        return self.ignored(policy) is None

    def isolates(self, policy: Policy, direction: Direction) -> bool:
        """Whether the policy's subject is denied what no rule allows, as far as it is enforced."""
        holding = (tier for tier in self.tiers if tier.holds(policy))
        return self.enforces(policy) and any(t.isolates(policy, direction) for t in holding)

    def within(self, cluster: Cluster) -> "Profile":
        """Return the profile with the tiers that the cluster adds, all in their order (F2.7).

        A tier object of the cluster goes before one of the same name that the enforcer brings.
        """
        if not self.tiered_kinds or not cluster.tiers:
            return self
        tiers = {tier.name: tier for tier in self.tiers}
        for added in cluster.tiers:
            kinds = tuple(f"{kind}/{added.name}" for kind in self.tiered_kinds)
            built_in = tiers.get(added.name)
            tiers[added.name] = (
                replace(built_in, order=added.order, default=added.default)
                if built_in
                else replace(added, kinds=kinds)
            )
        ordered = sorted(tiers.values(), key=lambda tier: (tier.order, tier.name))
        return replace(self, tiers=tuple(ordered))


def _names_a_port(policy: Policy) -> bool:
    ports = (port for rule in policy.rules for port in rule.all_ports)
    return any(isinstance(port.port, str) for port in ports)


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that ship."""
    return shipped_names("data", "cni")


@lru_cache
def load_profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises
    ------
    UnknownName
        If no such profile ships.

    Examples
    --------
    The text does not say whether a Service address is rewritten before policy looks (F1.18):

    >>> print(load_profile("spec")["service_translation"].value)
    None
    """
    if name not in profile_names():
        raise UnknownName("CNI profile", name, profile_names())
    data = cast("dict[str, Any]", read_shipped("data", "cni", f"{name}.yaml"))
    return Profile(
        name=data["name"],
        title=data["title"],
        version=data["version"],
        description=data["description"],
        tiers=tuple(_tier(tier) for tier in data["tiers"]),
        kinds=data["enforces"],
        ignores=_setting({"value": None, **data["ignores"]}),
        settles={question: _setting(answer) for question, answer in data["settles"].items()},
        shows={row: _feature(cell) for row, cell in data["shows"].items()},
        tiered_kinds=tuple(data.get("tiered_kinds", ())),
    )


def _tier(data: dict[str, Any]) -> Tier:
    return Tier(
        name=data["name"],
        combine=Combination(data["combine"]),
        kinds=tuple(data["kinds"]),
        default=Action(data.get("default", Action.PASS.value)),
        order=data.get("order", 0.0),
        orders=tuple(data.get("orders", {}).items()),
        ties_are_open=data.get("ties") == "open",
    )


def _setting(data: dict[str, Any]) -> Setting:
    return Setting(data["value"], tuple(data.get("facts", ())), data.get("because", ""))


def _feature(data: dict[str, Any]) -> Feature:
    return Feature(data["says"], Sure(data["sure"]), tuple(data.get("facts", ())))
