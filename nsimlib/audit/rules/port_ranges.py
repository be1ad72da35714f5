"""Ranges of ports."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.patches import Patch, Steps, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import MAX_PORT, PolicyPort

__all__ = ["endport_unsupported", "wide_range"]

#: a list of more ports than this is no repair
LISTED: Final = 20
#: a range wider than this is hardly one application's
WIDE: Final = 1000
#: a range wider than this leaves hardly anything out
VERY_WIDE: Final = 30000


def _ranges(context: Context) -> Iterator[tuple[Policy, Rule, PolicyPort, Steps]]:
    for policy, each in context.rules():
        for number, port in enumerate(each.ports or ()):
            if isinstance(port.port, int) and port.end_port is not None:
                yield policy, each, port, (*steps(each.path), "ports", number)


@rule(
    "NSIM-P506",
    "endport-unsupported",
    Severity.HIGH,
    needs=(Need.PROFILE,),
    facts=("F1.8", "X10"),
    references=("kubernetes/kubernetes#110868", "cilium/cilium#28684"),
)
def endport_unsupported(context: Context) -> Iterator[Hit]:
    """A rule has a range of ports, and the enforcer takes the first alone.

    Nothing says so: the API server accepts the range, and connections to the other ports time out.
    Up to 20 ports can be listed instead.
    """
    setting = context.profile["end_port"]
    if setting.value == "range" or setting.value is None:
        return
    for policy, each, port, path in _ranges(context):
        assert isinstance(port.port, int)
        last = port.end_port or port.port
        if last > port.port:
            pods = context.subjects(policy)
            yield Hit(
                (Where.of(policy, path),),
                f"{policy.kind} {policy.key} {each.path}: {context.profile.title} has no ranges, "
                f"so of {port} only {port.port} is allowed. List the ports.",
                key=str(port),
                pods=workloads(pods),
                fix=_each_port(policy, port, path),
                advice="List the ports, or choose an enforcer that has ranges.",
            )


def _each_port(policy: Policy, port: PolicyPort, path: Steps) -> Patch | None:
    assert isinstance(port.port, int)
    last = port.end_port or port.port
    if policy.kind != "NetworkPolicy" or last - port.port >= LISTED or port.protocol is None:
        return None
    patch = Patch("List the ports.").remove(policy, (*path, "endPort"))
    for more, number in enumerate(range(port.port + 1, last + 1), int(path[-1]) + 1):
        entry = {"port": number, "protocol": port.protocol.value}
        patch = patch.insert(policy, (*path[:-1], more), entry)
    return patch


@rule("NSIM-P505", "wide-range", Severity.LOW, facts=("F1.8",))
def wide_range(context: Context) -> Iterator[Hit]:
    """A rule allows egress on a range of more than 1000 ports.

    Hardly any application listens on so many. Ranges of clients are not needed for answers: those
    pass by themselves. A range of more than 30,000 ports is a medium finding; all ports are P501.
    """
    for policy, each, port, path in _ranges(context):
        if each.action is not Action.ALLOW or each.direction is not Direction.EGRESS:
            continue
        (_, (first, last)), *_ = port.numbers()
        width = last - first + 1
        if WIDE < width < MAX_PORT:
            pods = context.subjects(policy)
            yield Hit(
                (Where.of(policy, path),),
                f"{policy.kind} {policy.key} {each.path}: {port} is {width} ports, for "
                f"{listed(workloads(pods)) or 'whoever it selects'}. Answers need no rule: list "
                "what the other end listens on.",
                severity=Severity.MEDIUM if width > VERY_WIDE else Severity.LOW,
                key=str(port),
                pods=workloads(pods),
                advice="List the ports that the other end listens on.",
            )
