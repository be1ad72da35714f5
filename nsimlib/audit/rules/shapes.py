"""What the API server refuses, or soon will, for its shape: ranges, peers, lists, selectors."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, Steps, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.schema import refusal, refused
from nsimlib.model.addresses import parse_cidr
from nsimlib.model.peers import BlockPeer
from nsimlib.model.policy import Direction, Policy

__all__ = [
    "bad_label_selector",
    "bad_policy_types",
    "end_port_misuse",
    "except_not_subset",
    "non_canonical_cidr",
    "peer_mixes_ip_block",
    "wrong_container_type",
]

KIND: Final = "NetworkPolicy"
TYPES: Final = tuple(direction.value for direction in Direction)


@rule("NSIM-V103", "endport-misuse", Severity.HIGH, references=("kubernetes/website#26714",))
def end_port_misuse(context: Context) -> Iterator[Hit]:
    """A range of ports has no number to begin with, or ends before it begins.

    `endPort` is the last of the range that a number in `port` begins. A name of a port has no
    range. The API server refuses the whole object.
    """
    for problem in refused(context, KIND, r"ports\[\d+\]\.endPort$", "Invalid"):
        yield refusal(problem, "Write the first port as a number in port, the last in endPort.")


@rule("NSIM-V104", "peer-mixes-ipblock", Severity.HIGH)
def peer_mixes_ip_block(context: Context) -> Iterator[Hit]:
    """One peer has a block of addresses and a selector.

    A peer is the one or the other, and the API server refuses both. Two peers of a list mean that
    either is allowed, which is more than both at once.
    """
    for problem in refused(context, KIND, r"\.(to|from)\[\d+\]$", "Forbidden.*ipBlock"):
        yield refusal(problem, "Make two peers of it, which mean either; or keep the narrower.")


@rule("NSIM-V107", "non-canonical-cidr", Severity.MEDIUM, facts=("F1.46",))
def non_canonical_cidr(context: Context) -> Iterator[Hit]:
    """A block is written in another way than its network: 10.0.2.7/24, leading zeros, mapped IPv6.

    It means the network, and looks like one address. The API server warns, and newer ones may
    refuse it.
    """
    for policy, each in context.rules():
        for peer in each.peers or ():
            if isinstance(peer, BlockPeer) and policy.kind == KIND and not peer.via:
                path = (*steps(each.path), *steps(peer.path), "ipBlock")
                for number, block in enumerate(peer.block.except_):
                    yield from _rewritten(policy, (*path, "except", number), block)
                yield from _rewritten(policy, (*path, "cidr"), peer.block.cidr)


def _rewritten(policy: Policy, path: Steps, block: str) -> Iterator[Hit]:
    text, (meant,) = written(policy, path), parse_cidr(block).cidrs
    if text and text != meant:
        yield Hit(
            (Where.of(policy, path),),
            f"{policy.kind} {policy.key}: {text} means {meant}, and a newer API server may refuse "
            f"it. Write {meant}, or the one address with its full length.",
            key=text,
            fix=Patch(f"Write {meant}.").put(policy, path, meant),
        )


@rule("NSIM-V108", "except-not-subset", Severity.HIGH, facts=("F1.19",))
def except_not_subset(context: Context) -> Iterator[Hit]:
    """An exception is not within its block, is all of it, or is of the other family.

    An exception takes addresses out of the block that it stands in. The API server refuses one
    that is no part of it, and with it the whole object.
    """
    for problem in refused(context, KIND, r"except\[\d+\]$", "Invalid.*strict subset"):
        yield refusal(problem, "Put it into the block that holds it, or take it out.")


@rule("NSIM-V109", "bad-policytypes", Severity.HIGH, facts=("F1.10",))
def bad_policy_types(context: Context) -> Iterator[Hit]:
    """`policyTypes` has a word that is no direction, more than two, or one of them twice.

    The directions are `Ingress` and `Egress`. The API server refuses other words and longer lists.
    A direction that stands there twice means nothing more, and is a low finding.
    """
    for problem in refused(context, KIND, r"policyTypes\[\d+\]$", "Unsupported"):
        near = get_close_matches(problem.value.title(), TYPES, n=1)
        fix = Patch(f"Write {near[0]}.").put(problem, problem.path, near[0]) if near else None
        yield refusal(problem, f"Write {near[0] if near else 'Ingress or Egress'}.", fix)
    for problem in refused(context, KIND, "policyTypes$", "Invalid.*two policyTypes"):
        yield refusal(problem, "Write each direction once.")
    for policy in context.given.policies:
        said = written(policy, "spec.policyTypes") if policy.kind == KIND else None
        if said and len(set(said)) < len(said):
            yield _twice(policy, said)


def _twice(policy: Policy, said: list[str]) -> Hit:
    patch = Patch("Write each direction once.")
    for number in reversed(range(len(said))):
        if said[number] in said[:number]:
            patch = patch.remove(policy, ("spec", "policyTypes", number))
    return Hit(
        (Where.of(policy, "spec.policyTypes"),),
        f"{policy.kind} {policy.key}: policyTypes has {said[0]} twice. Write it once.",
        severity=Severity.LOW,
        fix=patch,
    )


@rule("NSIM-V110", "wrong-container-type", Severity.HIGH)
def wrong_container_type(context: Context) -> Iterator[Hit]:
    """A value is of another kind than its field: a mapping for a list, a truth for a label's text.

    The API server refuses the whole object. `to: {}` was perhaps to mean anybody, which is said by
    leaving `to` out; a label's value such as `true` wants quotes.
    """
    for problem in refused(context, KIND, "", r"(Invalid value: .*: )?cannot unmarshal"):
        path = steps(problem.path)
        is_label = len(path) > 1 and path[-2] == "matchLabels" and bool(problem.value)
        fix = Patch("Quote it.").put(problem, path, problem.value) if is_label else None
        meant = "Quote it." if fix else problem.remedy or "Write a value of the field's own kind."
        yield refusal(problem, meant, fix)


@rule("NSIM-V111", "bad-label-selector", Severity.HIGH, facts=("F1.33",))
def bad_label_selector(context: Context) -> Iterator[Hit]:
    """A selector has an operator without its values, values that it must not have, or no label.

    `In` and `NotIn` take values, `Exists` and `DoesNotExist` take none, and keys and values have
    the form of labels. The API server refuses the whole object.
    """
    ways = (
        (r"matchExpressions\[\d+\]\.", "Required|Forbidden|Invalid"),
        (r"matchLabels$", "Invalid"),
    )
    found = chain.from_iterable(refused(context, KIND, path, detail) for path, detail in ways)
    for problem in found:
        meant = problem.remedy or "Correct the operator, its values, or the label."
        yield refusal(problem, meant)
