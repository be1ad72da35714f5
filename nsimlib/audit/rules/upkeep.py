"""How policies are kept: where they land, whose they are, and what has outlived its time."""

from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, written
from nsimlib.audit.registry import rule

__all__ = ["missing_namespace"]


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
