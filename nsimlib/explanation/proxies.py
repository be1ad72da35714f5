"""What a proxy does with a connection that a rule sends to it, in words made from kept evidence.

A worked example: two rules allow 80/TCP to the same pods, one of them `GET` requests alone. Through
that rule connections go to a proxy; the other allows them as they are, so all of it passes (F3.13).
"""

from collections.abc import Iterator

from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.evidence import RuleResult
from nsimlib.evaluation.verdict import DirectionVerdict
from nsimlib.model.policy import Layer7

__all__ = ["lifted", "passing"]

#: a sentence with the facts that it rests on
Sentence = tuple[str, tuple[str, ...]]
CILIUM = ("F3.12", "F3.13")
#: where it says what a proxy does, by the kind of policy that sends connections to one
FACTS = {"CiliumNetworkPolicy": CILIUM, "CiliumClusterwideNetworkPolicy": CILIUM}


def passing(result: RuleResult) -> Iterator[Sentence]:
    """Yield what a proxy lets through of the connections that a rule allows."""
    layer7 = result.rule.layer7 or Layer7()
    facts = FACTS.get(result.policy.kind, ("F2.11",))
    if names := ", ".join(dict.fromkeys(name.pattern for name in layer7.dns)):
        yield f"dns: a proxy lets through questions for {names} and refuses others", facts
    if layer7.http:
        yield f"http: a proxy lets through {', '.join(layer7.http)}", facts


def lifted(end: DirectionVerdict) -> Iterator[Sentence]:
    """Yield why a proxy lets everything through, if some rule says what it may and another not."""
    rules = end.decision.rules if end.outcome is Outcome.ALLOWED else ()
    plain = [each for each in rules if each.rule.layer7 is None]
    if plain and len(plain) < len(rules):
        allows = f"{plain[0].place} allows the same without a word about requests"
        yield f"{allows}, so the proxy lets everything through", ("F3.13",)
