"""CNI profiles: who enforces, and how it settles what the Kubernetes text leaves open.

A profile is data (`data/cni/*.yaml`). A question that it does not settle has the value None, and a
verdict that depends on it is undetermined and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from nsimlib.errors import UnknownName
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.model.policy import Action, Combination, Policy, Tier

__all__ = ["Profile", "Setting", "load_profile", "profile_names"]


@dataclass(frozen=True, slots=True)
class Setting:
    """How one open question is settled: the value, the facts behind it, and why."""

    value: str | bool | None
    facts: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class Profile:
    """What one enforcer does, or what the bare text says.

    `tiers` come in the order in which they are asked. `settles` answers the open questions.
    """

    name: str
    title: str
    description: str
    tiers: tuple[Tier, ...]
    settles: Mapping[str, Setting]

    def __getitem__(self, question: str) -> Setting:
        return self.settles[question]

    def enforces(self, policy: Policy) -> bool:
        """Whether policies of this kind have any effect."""
        return any(policy.kind in tier.kinds for tier in self.tiers)


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
        description=data["description"],
        tiers=tuple(_tier(tier) for tier in data["tiers"]),
        settles={question: _setting(answer) for question, answer in data["settles"].items()},
    )


def _tier(data: dict[str, Any]) -> Tier:
    default = Action(data.get("default", Action.PASS.value))
    return Tier(data["name"], Combination(data["combine"]), tuple(data["kinds"]), default)


def _setting(data: dict[str, Any]) -> Setting:
    return Setting(data["value"], tuple(data.get("facts", ())), data.get("because", ""))
