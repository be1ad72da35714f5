"""Ports of databases in one rule: more engines than there are."""

from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.sensitive import DATABASES
from nsimlib.audit.words import listed, workloads
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule

__all__ = ["more_engines"]


@rule("NSIM-P509", "more-engines-than-needed", Severity.LOW, facts=("F5.25",))
def more_engines(context: Context) -> Iterator[Hit]:
    """A rule allows the ports of several databases to the same ends, and one of them is there.

    Such a list was copied for all cases at once. Every port more is one that somebody may listen on
    later. Of pods, the ports that they declare tell which engine it is; of blocks of addresses
    nobody says it, and it is a question.
    """
    for policy, each in context.rules(Direction.EGRESS):
        if each.action is Action.ALLOW and each.peers:
            ports = enumerate(each.ports or ())
            named = {int(p.port): n for n, p in ports if p.port in DATABASES}
            if len(named) > 1:
                yield from _several(context, policy, each, named)


def _several(context: Context, policy: Policy, of: Rule, named: dict[int, int]) -> Iterator[Hit]:
    peers = [peer for peer in of.peers or () if isinstance(peer, PodPeer)]
    pods = [pod for peer in peers for pod in context.selected(peer, policy.namespace)]
    listening = {port.port.number for pod in context.members(pods) for port in pod.ports}
    there = sorted(number for number in DATABASES if number in named and number in listening)
    engines = listed(DATABASES[port] for port in named)
    subjects = context.subjects(policy)
    begun = f"{policy.kind} {policy.key} {of.path} allows the ports of {len(named)} databases"
    if len(peers) < len(of.peers or ()):
        yield Hit(
            (Where.of(policy, of.path),),
            f"{begun}, {engines}. Which is at these addresses? Leave the others out.",
            pods=workloads(subjects),
            advice="Leave out the ports of engines that are not there.",
            needs=(Need.INVENTORY,),
        )
    elif len(there) == 1:
        spare = sorted((n for port, n in named.items() if port != there[0]), reverse=True)
        patch = Patch(f"Leave {there[0]} alone.")
        for number in spare:
            patch = patch.remove(policy, (*steps(of.path), "ports", number))
        yield Hit(
            (Where.of(policy, of.path),),
            f"{begun}, {engines}, and {listed(workloads(pods))} is {DATABASES[there[0]]}. "
            f"Allow {there[0]} alone.",
            confidence=context.confidence(pods),
            pods=workloads(subjects),
            fix=patch if policy.kind == "NetworkPolicy" else None,
            advice="Leave out the ports of engines that are not there.",
        )
