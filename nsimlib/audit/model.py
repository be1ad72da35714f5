"""What a rule yields: what it saw, where, how bad and how sure that is, and what would mend it."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from nsimlib.audit.patches import Patch, Steps, line_of, steps
from nsimlib.errors import Problem
from nsimlib.evaluation.combination import Outcome
from nsimlib.manifests.nodes import dotted
from nsimlib.model.policy import NOWHERE, Policy, Source

__all__ = ["Confidence", "Hit", "Need", "Severity", "Where", "Witness"]


class Severity(IntEnum):
    """How bad it is if it is so; how sure that is, `Confidence` says."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The severity in a word."""
        return self.name.lower()


class Confidence(IntEnum):
    """How sure it is that it is so, however bad."""

    #: a pattern that often means it; more input would tell
    MAYBE = 0
    #: the pattern, and input that bears it out
    LIKELY = 1
    #: it follows from the API and from what was given
    CERTAIN = 2

    @property
    def word(self) -> str:
        """The confidence in a word."""
        return self.name.lower()


class Need(Enum):
    """What a rule has to be given; the value says what to add to the input."""

    PODS = "pods or workloads"
    NAMESPACES = "namespaces with their labels"
    SERVICES = "Services"
    NODES = "nodes with their addresses"
    PROFILE = "the enforcer: audit(…, cni=…)"
    INVENTORY = "places outside: objects of kind Place"
    AGENT = "the DaemonSet aws-node, whose variables say how its agent is set"
    OWNERS = "an owner on some policy: a label `team`, or an annotation `purpose`"
    EXPECTATIONS = "what is to be denied: audit(…, expect=…)"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the input: an object such as `NetworkPolicy shop/web`, a path in it, a line."""

    object: str
    path: str = ""
    source: Source = NOWHERE

    @classmethod
    def of(cls, policy: Policy, path: str | Steps = "") -> "Where":
        """Return a place in a policy, with the line of the nearest part whose line is known."""
        way = steps(path) if isinstance(path, str) else path
        source = policy.source._replace(line=line_of(policy, way))
        return cls(f"{policy.kind} {policy.key}", dotted(way), source)

    @classmethod
    def at(cls, problem: Problem) -> "Where":
        """Return the place of what the API server refuses, or warns about."""
        return cls(problem.about, problem.path, Source(problem.file, problem.line))

    def __str__(self) -> str:
        place = f"  [{self.source}]" if self.source.file else ""
        return " ".join(part for part in (self.object, self.path) if part) + place


@dataclass(frozen=True, slots=True)
class Witness:
    """A connection that shows the finding, and how the rule says that it ends now."""

    connection: str
    now: Outcome


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule function yields.

    `where` names the places, the one to mend first. `message` says object, field, consequence and
    next step in one line. `key` tells two hits at the same place apart, whatever the order of
    lists. `pods` are the pods or workloads concerned. A hit that `needs` something is a question
    and no finding. Left out, severity is the rule's.
    """

    where: tuple[Where, ...]
    message: str
    severity: Severity | None = None
    confidence: Confidence = Confidence.CERTAIN
    key: str = ""
    pods: tuple[str, ...] = ()
    witness: Witness | None = None
    fix: Patch | None = None
    #: what to do where no patch can be given, or besides it
    advice: str = ""
    needs: tuple[Need, ...] = ()

    @property
    def objects(self) -> frozenset[str]:
        """The objects that it is about."""
        return frozenset(place.object for place in self.where)
