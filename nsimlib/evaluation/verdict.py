"""A verdict is the evidence that was looked at; outcome and reasons are read off it.

::

    Verdict            one question
    └── Case           one way the connection can go: which pod, which endpoint, which family
        └── DirectionVerdict      egress, ingress
            └── TierResult        one tier of policies
                └── RuleResult    one rule
                    └── Check     one entry of `ports` or of `to`/`from`
                        └── Condition     one comparison of two things

Nothing here compares anything, and nothing here is text for people: `engine` fills it in,
`explanation` puts it into words.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from nsimlib.cni.profile import Setting
from nsimlib.evaluation.combination import Decision, Outcome
from nsimlib.evaluation.doubts import Doubt
from nsimlib.evaluation.evidence import RuleResult, TierResult
from nsimlib.model.addresses import Address
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Party, Service
from nsimlib.model.policy import Combination, Direction, Policy
from nsimlib.model.ports import Port
from nsimlib.model.shown import Shown

__all__ = ["Case", "DirectionVerdict", "Exemption", "Ignored", "Path", "Verdict"]


class Exemption(Enum):
    """Why policy has no say at an end; the value is the fact it rests on."""

    NOT_A_POD = "F1.1"
    HOST_NETWORK = "F1.27"
    ITSELF = "F1.26"
    ITSELF_BY_SERVICE = "X18"
    FROM_OWN_NODE = "F1.24"
    TO_OWN_NODE = "F1.25"
    PING = "F4.12"


class Ignored(NamedTuple):
    """A policy that has no effect, and why."""

    policy: Policy
    why: Setting


@dataclass(frozen=True)
class DirectionVerdict:
    """One end of a connection: the subject is judged, the peer is what it talks to.

    `exemption` says why no policy is asked, and `exempt_by` the facts that the profile gives.
    `doubts` are questions that the profile leaves open about this connection, and `otherwise` is
    the verdict if the Service's address is compared, where that is open (F1.18). `ignored` are
    policies for this subject that have no effect.
    """

    direction: Direction
    subject: Party
    peer: Party
    tiers: tuple[TierResult, ...] = ()
    exemption: Exemption | None = None
    exempt_by: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    otherwise: "DirectionVerdict | None" = None
    ignored: tuple[Ignored, ...] = ()

    @cached_property
    def deciding(self) -> TierResult | None:
        """The first tier that decides."""
        return next((tier for tier in self.tiers if tier.decision.outcome is not None), None)

    @property
    def decision(self) -> Decision[RuleResult]:
        """What that tier decides; where none does, the connection is allowed (F1.9)."""
        return self.deciding.decision if self.deciding else Decision(Outcome.ALLOWED)

    @cached_property
    def doubt(self) -> Doubt | None:
        """The open question that could overturn the decision, if there is one."""
        if self.deciding is None or self.decision.outcome in (None, Outcome.UNDETERMINED):
            return None
        tier, outcome = self.deciding.tier, self.decision.outcome
        return next((each for each in self.doubts if each.overturns(tier, outcome)), None)

    @property
    def parts_ways(self) -> bool:
        """Whether the outcome hangs on which address of a Service is compared."""
        return self.otherwise is not None and self.otherwise.outcome is not self._outcome

    @property
    def outcome(self) -> Outcome:
        """Allowed, denied, or undetermined."""
        return Outcome.UNDETERMINED if self.parts_ways else self._outcome

    @cached_property
    def _outcome(self) -> Outcome:
        if self.doubt is not None:
            return Outcome.UNDETERMINED
        return self.decision.outcome or Outcome.ALLOWED

    @property
    def determining(self) -> tuple[RuleResult | Policy, ...]:
        """What settles it: the matching rules, else the isolating policies, else nothing.

        Where it hangs on the address of a Service, the rules that match one way or the other.
        """
        if self.otherwise is None or not self.parts_ways:
            return (*self.decision.rules, *self.decision.policies)
        rules = (*self.decision.rules, *self.otherwise.decision.rules)
        return tuple({rule.place: rule for rule in rules}.values())

    @property
    def isolating(self) -> tuple[Policy, ...]:
        """The policies that isolate the subject in this direction (F1.9)."""
        return tuple(
            policy
            for tier in self.tiers
            for policy in tier.policies
            if tier.tier.isolates(policy, self.direction)
        )

    @property
    def _is_overruled(self) -> bool:
        """Whether a rule denies that wins over every other."""
        wins = self.deciding is not None and self.deciding.tier.combine is Combination.DENY_FIRST
        return wins and self._outcome is Outcome.DENIED and bool(self.decision.rules)

    @property
    def near_misses(self) -> tuple[RuleResult, ...]:
        """Rules that did not match, the nearest first; empty where the outcome is allowed.

        So it is where a denial would win whatever else matched.
        """
        if self.outcome is Outcome.ALLOWED or self._is_overruled:
            return ()
        met_otherwise = {rule.place for rule in self.turned}
        missed = [
            rule
            for tier in self.tiers
            for rule in tier.rules
            if rule.matched is not True and rule.place not in met_otherwise
        ]
        return tuple(sorted(missed, key=lambda rule: rule.distance))

    @property
    def turned(self) -> tuple[RuleResult, ...]:
        """The rules that match otherwise where they are compared with the Service's address."""
        if self.otherwise is None:
            return ()
        ours, theirs = (
            {(rule.place, rule.matched): rule for tier in tiers for rule in tier.rules}
            for tiers in (self.tiers, self.otherwise.tiers)
        )
        return tuple(rule for key, rule in theirs.items() if key not in ours)


@dataclass(frozen=True, slots=True)
class Path:
    """One way a connection goes: from whom to whom, with the addresses used.

    Where a Service is asked, `destination` and `port` are those behind it, and `service`,
    `service_address` (None if it is not known) and `service_port` what the source asked for.
    """

    source: Party
    destination: Party
    port: Port
    source_address: Address | None = None
    destination_address: Address | None = None
    service: Service | None = None
    service_address: Address | None = None
    service_port: Port | None = None

    @property
    def is_translated(self) -> bool:
        """Whether address and port change on the way; a headless Service changes nothing."""
        return self.service is not None and not self.service.headless


@dataclass(frozen=True, slots=True)
class Case:
    """One way a connection can go, judged; `others` counts further ways judged just alike."""

    path: Path
    egress: DirectionVerdict
    ingress: DirectionVerdict
    others: int = 0

    @property
    def outcome(self) -> Outcome:
        """Denied if either end denies, else undetermined if either is, else allowed (F1.13)."""
        outcomes = {self.egress.outcome, self.ingress.outcome}
        for outcome in (Outcome.DENIED, Outcome.UNDETERMINED):
            if outcome in outcomes:
                return outcome
        return Outcome.ALLOWED

    @property
    def directions(self) -> tuple[DirectionVerdict, DirectionVerdict]:
        """Egress and ingress: both are always judged."""
        return self.egress, self.ingress


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """The outcome of one connection, with everything behind it.

    A connection between two pods has one case. A workload, a Service or two address families can
    give several; where they differ the outcome is undetermined, and `cases` shows each.
    """

    connection: Connection
    profile: str
    cases: tuple[Case, ...]
    #: why this profile was taken, if it was guessed
    chosen: str = ""

    @property
    def outcome(self) -> Outcome:
        """What happens to the connection; undetermined where its cases differ or there is none."""
        outcomes = {case.outcome for case in self.cases}
        return outcomes.pop() if len(outcomes) == 1 else Outcome.UNDETERMINED

    @property
    def case(self) -> Case:
        """The case to look at first: one that is denied, else undetermined, else the first."""
        worst = (Outcome.DENIED, Outcome.UNDETERMINED, Outcome.ALLOWED)
        return min(self.cases, key=lambda case: worst.index(case.outcome))

    @property
    def ends(self) -> tuple[DirectionVerdict, ...]:
        """Egress and ingress of `case`; empty where nothing answers."""
        return self.case.directions if self.cases else ()

    @property
    def egress(self) -> DirectionVerdict:
        """The source's end of `case`."""
        return self.case.egress

    @property
    def ingress(self) -> DirectionVerdict:
        """The destination's end of `case`."""
        return self.case.ingress

    @property
    def determining(self) -> tuple[RuleResult | Policy, ...]:
        """What settles the outcome: of the ends that share it, egress first."""
        ends = [end for end in self.ends if end.outcome is self.case.outcome]
        return tuple(each for end in ends for each in end.determining)

    @property
    def near_misses(self) -> tuple[RuleResult, ...]:
        """Rules that almost allowed it, nearest first; egress before ingress at equal distance."""
        missed = (rule for end in self.ends for rule in end.near_misses)
        return tuple(sorted(missed, key=lambda rule: rule.distance))
