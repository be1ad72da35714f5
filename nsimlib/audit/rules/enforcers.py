"""What depends on who enforces: policies without effect, and what one enforcer reads otherwise."""

from collections import defaultdict
from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys
from nsimlib.model.policy import Policy

__all__ = ["not_enforced"]


@rule(
    "NSIM-N701",
    "not-enforced",
    Severity.CRITICAL,
    facts=("F1.30", "F4.1"),
    references=("flannel-io/flannel#2183",),
)
def not_enforced(context: Context) -> Iterator[Hit]:
    """Policies are there that nobody enforces.

    The API server takes any policy. Whether it has an effect is up to the network plugin, and one
    that does not know the kind says nothing. Staged policies are left out: they are to do nothing.
    """
    ignored = defaultdict[str, list[Policy]](list)
    for policy in context.cluster.policies:
        if not policy.staged and not context.profile.enforces(policy):
            ignored[policy.kind].append(policy)
    if not context.has(Need.PROFILE):
        ignored = defaultdict(list, {"": list(context.cluster.policies)})
    for kind, policies in ignored.items():
        if policies:
            yield _unenforced(context, kind, policies)


def _unenforced(context: Context, kind: str, policies: list[Policy]) -> Hit:
    where = (Where(f"Enforcer {context.profile.name}"), *map(Where.of, policies))
    if not kind:
        says = "It is not said who enforces, so nothing here is sure to have an effect."
        return Hit(where, says, needs=(Need.PROFILE,), confidence=Confidence.MAYBE)
    title, why = context.profile.title, context.profile.ignores.because.rstrip(".")
    return Hit(
        where,
        f"{keys(policies)}: {title} does not enforce {kind}, so they have no effect. {why}.",
        key=kind,
        advice="Run an enforcer of that kind, or write the policies in a kind that is enforced.",
    )
