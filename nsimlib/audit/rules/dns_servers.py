"""The DNS servers themselves, cut off by policies that select them."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from nsimlib.audit.context import Context, Group
from nsimlib.audit.control_plane import refused_api
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import Port, Protocol

__all__ = ["dns_server_cut_off"]

#: so many clients that are kept out are named
NAMED: Final = 3


@rule(
    "NSIM-D310",
    "dns-server-cut-off",
    Severity.CRITICAL,
    needs=(Need.PODS,),
    follows=("NSIM-N733",),
    facts=("F1.9", "F1.13", "F5.17"),
    references=("projectcalico/calico#10168", "tigera/operator#4940"),
)
def dns_server_cut_off(context: Context) -> Iterator[Hit]:
    """Policies isolate the DNS pods, so that pods cannot ask them, or they cannot ask anybody.

    One policy for all of kube-system does that. Names then fail in the whole cluster, with whatever
    depends on them. Clients count that may send questions, and are not let in; of the way out,
    whether anything is open at all, and whether the API server is, as far as it is known.
    """
    servers = set(context.resolvers.pods) - {
        pod for pod in context.resolvers.pods if pod.key in context.known.invented
    }
    for direction in Direction:
        for group in context.groups(direction):
            own = [pod for pod in group.pods if pod in servers]
            if own and group.isolating:
                found = _kept_out if direction is Direction.INGRESS else _kept_in
                yield from found(context, group, own[0])


def _kept_out(context: Context, group: Group, server: Pod) -> Iterator[Hit]:
    port = Port(context.resolvers.ports[Protocol.UDP], Protocol.UDP)
    out = (
        pod
        for each in context.groups(Direction.EGRESS)
        for pod in each.pods
        if pod.key != server.key
        and port in context.opens(pod, server).allowed
        and port not in context.lets_in(server, pod).allowed
    )
    pods = list(islice(out, NAMED))
    if pods:
        says = f"{listed(workloads(pods))} and perhaps others are not let in"
        witness = Witness(f"{pods[0].key} -> {server.key}:{port}", Outcome.DENIED)
        yield _cut_off(group, server, says, "Let pods in on port 53", witness)


def _kept_in(context: Context, group: Group, server: Pod) -> Iterator[Hit]:
    if context.is_closed(server, Direction.EGRESS):
        says = "they may open nothing, and ask neither the API server nor other resolvers"
        yield _cut_off(group, server, says, "Allow both", None)
        return
    if witness := refused_api(context, server):
        end = witness.connection.partition(" -> ")[2]
        says = f"they cannot ask the API server, {end}, what there is"
        yield _cut_off(group, server, says, "Allow it", witness)


def _cut_off(group: Group, server: Pod, says: str, then: str, witness: Witness | None) -> Hit:
    return Hit(
        tuple(map(Where.of, sorted(group.isolating, key=lambda policy: policy.identity))),
        f"{keys(group.isolating)} isolates {server.owner} for {group.direction.word}, and with it "
        f"names for the whole cluster: {says}. {then}.",
        key=group.direction.value,
        pods=workloads([server]),
        witness=witness,
        advice="Leave the DNS pods out of the policy, or write the rules that they need first.",
    )
