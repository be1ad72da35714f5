"""What was looked at to judge one end of a connection: comparisons, kept and never summed up.

Nothing here compares anything, and nothing here is text for people: `matching` fills it in,
`explanation` puts it into words.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from nsimlib.evaluation.combination import Decision, combine
from nsimlib.evaluation.logic import Truth, all_of, any_of, not_
from nsimlib.model.policy import Direction, Policy, Rule, Tier

__all__ = ["Check", "Comparison", "Condition", "RuleResult", "TierResult", "place_of"]


class Comparison(Enum):
    """What a condition compares."""

    PORT = "port"
    IS_POD = "is a pod"
    OWN_NAMESPACE = "own namespace"
    NAMESPACE_LABELS = "namespace labels"
    POD_LABELS = "pod labels"
    #: a Service stands where its backend will be, and its selector for the labels of that
    SERVICE_SELECTOR = "service selector"
    BLOCK = "block"
    BLOCK_MEETS_PODS = "block meets pods"
    DOMAIN = "domain"
    ENTITY = "entity"
    NODE_LABELS = "node labels"
    BLOCK_MEETS_NODES = "block meets nodes"
    #: the addresses of a name are learned from answers that pass a proxy
    NAME_LEARNED = "name learned"
    UNKNOWN = "unknown"
    ANY_OF = "any of"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: what the policy wants, what the connection has, whether it holds.

    `holds` is None where a fact is missing or the profile leaves the question open; `facts` are
    the numbers of the facts that the comparison rests on.
    """

    comparison: Comparison
    holds: Truth
    wanted: object
    given: object
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of a rule's ports or peers; it matches when all its conditions hold."""

    path: str
    conditions: tuple[Condition, ...]

    @property
    def matched(self) -> Truth:
        """Whether the entry matches."""
        return all_of(condition.holds for condition in self.conditions)


@dataclass(frozen=True)
class RuleResult:
    """One rule and all that was checked; `ports` or `peers` None means the rule names none: any.

    `excepted` are the ports that it takes out, `subject` what it asks of the policy's own end.
    """

    policy: Policy
    rule: Rule
    ports: tuple[Check, ...] | None
    peers: tuple[Check, ...] | None
    excepted: tuple[Check, ...] = ()
    subject: tuple[Check, ...] | None = None

    @cached_property
    def matched(self) -> Truth:
        """Whether some port and some peer match (F1.6), and no port that is taken out."""
        asked = [
            any_of(check.matched for check in checks)
            for checks in (self.ports, self.peers, self.subject)
            if checks is not None
        ]
        return all_of((*asked, not_(any_of(check.matched for check in self.excepted))))

    @property
    def distance(self) -> int:
        """How many conditions stand between the rule and a match, counting its nearest entries."""
        return sum(
            min((_unmet(check) for check in checks), default=1)
            for checks in (self.ports, self.peers, self.subject)
            if checks is not None
        ) + sum(check.matched is not False for check in self.excepted)

    @property
    def unmet_paths(self) -> tuple[str, ...]:
        """The entries that come nearest to a match in those of `ports` and `peers` that fail."""
        return tuple(
            min(checks, key=_unmet).path
            for checks in (self.ports, self.peers, self.subject)
            if checks and any_of(check.matched for check in checks) is not True
        )

    @property
    def place(self) -> str:
        """Where the rule is written, such as `shop/web-egress spec.egress[0]`."""
        return f"{self.policy.key} {self.rule.path}"


def place_of(determining: "RuleResult | Policy") -> str:
    """Return where something that settles an outcome is written."""
    return determining.place if isinstance(determining, RuleResult) else determining.key


def _unmet(check: Check) -> int:
    return sum(condition.holds is not True for condition in check.conditions)


@dataclass(frozen=True)
class TierResult:
    """What one tier says about one direction: its policies that apply, and all their rules."""

    tier: Tier
    direction: Direction
    policies: tuple[Policy, ...]
    rules: tuple[RuleResult, ...]

    @cached_property
    def decision(self) -> Decision[RuleResult]:
        """How the tier combines its rules."""
        return combine(self.tier, self.direction, self.policies, self.rules)
