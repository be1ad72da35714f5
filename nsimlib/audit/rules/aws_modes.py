"""Modes of the AWS agent: whom it leaves open, and whom closed, whatever policies say."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.aws_services import is_aws
from nsimlib.audit.rules.hygiene import EXEMPT
from nsimlib.audit.words import listed, workloads
from nsimlib.model.addresses import Family
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction

__all__ = ["startup_window", "strict_uncovered", "v4_egress"]

MODE: Final = "NETWORK_POLICY_ENFORCING_MODE"
V4_EGRESS: Final = "ENABLE_V4_EGRESS"
#: kinds whose pods connect as soon as they start
SHORT_LIVED: Final = ("Job", "CronJob")


@rule(
    "NSIM-N754",
    "vpccni-startup-window",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    facts=("F4.24",),
    references=("aws/aws-network-policy-agent#186", "aws/aws-network-policy-agent#345"),
)
def startup_window(context: Context) -> Iterator[Hit]:
    """Under the AWS agent, pods of Jobs are isolated that connect as soon as they start.

    In the standard mode a new pod may open anything until its policies are there, a second or two
    later. A Job may be done by then.
    """
    if not is_aws(context) or (context.agent or {}).get(MODE) == "strict":
        return
    for policy, pods in [(p, context.subjects(p)) for p in context.policies]:
        early = [pod for pod in context.members(pods) if pod.owner.kind in SHORT_LIVED]
        if early and Direction.EGRESS in policy.isolates:
            yield Hit(
                (Where.of(policy),),
                f"{policy.kind} {policy.key} is for {listed(workloads(early))}, which connect at "
                "once: in the standard mode of the AWS agent their first seconds are open. Use "
                "the strict mode.",
                confidence=Confidence.LIKELY if context.agent is None else Confidence.CERTAIN,
                pods=workloads(early),
                advice="Use the strict mode, or let an init container wait until a test is denied.",
            )


@rule(
    "NSIM-N755",
    "vpccni-strict-uncovered",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F4.24",),
    references=("aws/aws-network-policy-agent#271",),
)
def strict_uncovered(context: Context) -> Iterator[Hit]:
    """Under the AWS agent in its strict mode, pods are selected by no policy.

    They are closed until one selects them. Without the DaemonSet of the agent in the input it is a
    question.
    """
    if not is_aws(context) or (context.agent is not None and context.agent.get(MODE) != "strict"):
        return
    free = defaultdict[str, list[Pod]](list)
    for group in context.groups(Direction.EGRESS):
        free[group.namespace] += () if group.policies else context.members(group.pods)
    for namespace, pods in sorted(free.items()):
        if pods and namespace not in EXEMPT:
            yield Hit(
                (Where(f"Namespace {namespace}"),),
                f"Namespace {namespace}: no policy selects {listed(workloads(pods))}. In its "
                "strict mode the AWS agent closes them until one does. Add a policy for them.",
                confidence=context.confidence(pods),
                pods=workloads(pods),
                advice="Add a policy for the whole namespace that says what its pods may do.",
                needs=(Need.AGENT,) if context.agent is None else (),
            )


@rule(
    "NSIM-N756",
    "vpccni-ipv6-egress-v4",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F4.28",),
    references=("aws/containers-roadmap#2440",),
)
def v4_egress(context: Context) -> Iterator[Hit]:
    """In an IPv6 cluster under the AWS agent, pods have a way out in IPv4 that no policy covers.

    Each pod gets a second interface for IPv4, and the agent does not look there. The metadata
    service is one of what is reached that way. Without the DaemonSet in the input it is a question.
    """
    addresses = [each for pod in context.given.pods for each in pod.addresses]
    is_v6 = bool(addresses) and all(each.family is Family.IPV6 for each in addresses)
    is_off = (context.agent or {}).get(V4_EGRESS) == "false"
    if is_aws(context) and is_v6 and not is_off:
        yield Hit(
            (Where(f"Enforcer {context.profile.name}"),),
            f"Enforcer {context.profile.name}: in this IPv6 cluster pods also leave in IPv4, past "
            f"every policy, to the metadata service too. Set {V4_EGRESS}=false.",
            advice=f"Set {V4_EGRESS}=false on aws-node, or the hop limit of the metadata to 1.",
            needs=(Need.AGENT,) if context.agent is None else (),
        )
