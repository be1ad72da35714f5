"""What learners often believe, by name: bets and exercises say which of these an answer shows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from nsimlib.errors import UnknownName
from nsimlib.lessons.entries import Entry
from nsimlib.manifests.shipped import read_shipped
from nsimlib.views.catalogue import say

__all__ = ["Misconception", "misconception", "misconceptions"]


@dataclass(frozen=True)
class Misconception:
    """A belief that leads to wrong policies, what is so instead, and the facts for that."""

    id: str
    belief: str
    instead: str
    facts: tuple[str, ...] = ()

    def __str__(self) -> str:
        cited = f" ({', '.join(self.facts)})" if self.facts else ""
        return say("misconception.named", belief=self.belief, instead=self.instead) + cited


def misconception(name: str) -> Misconception:
    """Return the misconception of that name, or raise `UnknownName`.

    >>> misconception("later-policy-wins").instead
    'They only add up. What one of them allows stays allowed.'
    """
    found = misconceptions()
    if name not in found:
        raise UnknownName("misconception", name, found)
    return found[name]


@lru_cache
def misconceptions() -> dict[str, Misconception]:
    """Return all misconceptions by name."""
    listed = cast("list[Entry]", read_shipped("data", "misconceptions.yaml"))
    return {
        each["id"]: Misconception(each["id"], each["belief"], each["instead"], tuple(each["facts"]))
        for each in listed
    }
