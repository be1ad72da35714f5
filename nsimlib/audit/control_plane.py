"""The API server, which most pods of the system cannot do without."""

from nsimlib.audit.blocks import end_text
from nsimlib.audit.context import Context
from nsimlib.audit.model import Witness
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod

__all__ = ["refused_api"]


def refused_api(context: Context, pod: Pod) -> Witness | None:
    """Return a connection to the API server that is denied; None if one of its ends is open.

    Where the input has no endpoints of `default/kubernetes`, nobody knows where it is.
    """
    api = next((s for s in context.cluster.services if s.key == "default/kubernetes"), None)
    ends = [(address, port) for _, address, port in (api.endpoints or ())] if api else []
    closed = [(a, p) for a, p in ends if p not in context.opens(pod, a).allowed]
    if not ends or len(closed) < len(ends):
        return None
    address, port = closed[0]
    return Witness(f"{pod.key} -> {end_text(address)}:{port}", Outcome.DENIED)
