"""How policies are kept: where they land, whose they are, and what has outlived its time."""

from collections import defaultdict
from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.owners import has_word
from nsimlib.audit.patches import Patch, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed
from nsimlib.model.policy import Policy

__all__ = ["missing_namespace", "no_owner_or_purpose"]


@rule("NSIM-H906", "missing-namespace", Severity.MEDIUM, references=("Cyclonus lint",))
def missing_namespace(context: Context) -> Iterator[Hit]:
    """A policy does not say which namespace it is for.

    It lands in whatever namespace is current when somebody applies it, and a policy selects pods of
    its own namespace alone. In the wrong one it protects nobody, and says nothing about that. What
    a live cluster holds has its namespace.
    """
    for policy in context.given.policies:
        is_silent = policy.namespace is not None and policy.written is not None
        if is_silent and not written(policy, "metadata.namespace"):
            yield Hit(
                (Where.of(policy, "metadata"),),
                f"{policy.kind} {policy.key}: no metadata.namespace, so it lands in whatever "
                f"namespace is current; `{policy.namespace}` is assumed here. Write the namespace.",
                fix=Patch("Say the namespace that is assumed here.").put(
                    policy, "metadata.namespace", policy.namespace
                ),
                advice="Write the namespace that it is meant for.",
            )


@rule(
    "NSIM-H907",
    "no-owner-or-purpose",
    Severity.INFO,
    needs=(Need.OWNERS,),
    references=("PCI DSS 4.0.1, 1.2: a purpose for each allowed flow",),
)
def no_owner_or_purpose(context: Context) -> Iterator[Hit]:
    """Some policies of a namespace say whose they are or what for, and others do not.

    Nobody dares to remove a policy that nobody owns. Where no policy at all says it, the rule is
    not asked; where none of a namespace does, that is how its people work.
    """
    spaces = defaultdict[str, list[Policy]](list)
    for policy in context.given.policies:
        if policy.written is not None and policy.namespace is not None:
            spaces[policy.namespace].append(policy)
    for namespace, policies in sorted(spaces.items()):
        silent = [each for each in policies if not has_word(each)]
        if 0 < len(silent) < len(policies):
            yield Hit(
                tuple(Where.of(each, "metadata") for each in silent),
                f"Namespace {namespace}: {listed(each.key for each in silent)} say neither an "
                f"owner nor a purpose, as {len(policies) - len(silent)} others do. Add them.",
                advice="Add a label `team`, or an annotation `purpose`.",
            )
