"""Connections between pods that show a finding; `blocks.opened` has those to addresses outside."""

from collections.abc import Iterable
from itertools import islice, product
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Witness
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.ports import Port

__all__ = ["between", "is_open"]

#: so many pairs are looked at for one that shows it
TRIES: Final = 64


def between(
    context: Context, pods: Iterable[Pod], others: Iterable[Pod], port: Port
) -> Witness | None:
    """Return a connection on a port that both ends allow, from one of these pods to another."""
    for pod, other in islice(product(pods, tuple(others)), TRIES):
        if pod is not other and is_open(context, pod, other, port):
            return Witness(f"{pod.key} -> {other.key}:{port}", Outcome.ALLOWED)
    return None


def is_open(context: Context, pod: Pod, other: Pod, port: Port) -> bool:
    """Whether both ends allow a connection on a port."""
    ways = (context.opens(pod, other), context.lets_in(other, pod))
    return all(port in each.allowed for each in ways)
