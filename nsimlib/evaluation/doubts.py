"""What a profile leaves open about a connection, and which decisions an answer could overturn.

Some open questions are about an exemption: a pod and its own node (F1.25), a pod that reaches
itself through a Service. An answer can only turn a denial into a pass. Others are about traffic
that policy may not treat as written, such as ICMP (F1.22): whatever is decided may be otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nsimlib.cni.profile import Profile, Setting
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.matching import on_own_node
from nsimlib.model.addresses import Address, Family
from nsimlib.model.objects import Party, Service
from nsimlib.model.policy import Combination, Direction, Tier
from nsimlib.model.ports import Protocol

__all__ = ["Doubt", "end_doubts", "family_doubts", "itself", "protocol_doubts"]

#: what policy may not treat as written; TCP and UDP it does
PROTOCOLS = {Protocol.SCTP: "sctp", Protocol.ICMP: "icmp", Protocol.ICMPV6: "icmp"}
#: questions to which the answer can be a pass, and nothing else
EXEMPTIONS = ("pod_to_own_node", "pod_to_itself", "pod_to_itself_by_service")
#: an enforcer that does not support something may drop it or let it through
UNSETTLED = (None, "unsupported")


@dataclass(frozen=True)
class Doubt:
    """A question that a profile leaves open, with what the profile says about it."""

    question: str
    setting: Setting

    def overturns(self, tier: Tier, outcome: Outcome) -> bool:
        """Return whether an answer could overturn what a tier decided.

        Only NetworkPolicy leaves ICMP undefined (F1.22); a rule of the admin kinds without ports
        means all traffic (F1.62).
        """
        if self.question in EXEMPTIONS:
            return outcome is Outcome.DENIED
        return self.question != "icmp" or tier.combine is not Combination.FIRST_MATCH


def end_doubts(
    subject: Party, peer: Party, direction: Direction, profile: Profile, by: Service | None = None
) -> tuple[Doubt, ...]:
    """Return what is open about two ends; `by` is the Service that the source asked, if any."""
    return tuple(_unsettled(profile, *_end_questions(subject, peer, direction, by)))


def _end_questions(
    subject: Party, peer: Party, direction: Direction, by: Service | None
) -> Iterator[str]:
    if direction is Direction.EGRESS and on_own_node(subject, peer):
        yield "pod_to_own_node"
    if subject is peer:
        yield itself(by)


def itself(by: Service | None) -> str:
    """Return the question that a pod's way to itself comes under: direct, or through a Service."""
    return "pod_to_itself" if by is None or by.headless else "pod_to_itself_by_service"


def protocol_doubts(protocol: Protocol, profile: Profile) -> tuple[Doubt, ...]:
    """Return what is open about all traffic of a protocol."""
    question = PROTOCOLS.get(protocol)
    return tuple(_unsettled(profile, question)) if question else ()


def family_doubts(address: Address | None, profile: Profile) -> tuple[Doubt, ...]:
    """Return what is open about all traffic with an address of this family."""
    is_ipv6 = address is not None and address.family is Family.IPV6
    return tuple(_unsettled(profile, "ipv6")) if is_ipv6 else ()


def _unsettled(profile: Profile, *questions: str) -> Iterator[Doubt]:
    for question in questions:
        if profile[question].value in UNSETTLED:
            yield Doubt(question, profile[question])
