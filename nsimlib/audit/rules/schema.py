"""What the API server would refuse, said before it does.

The reading of manifests finds these, in the server's words (`manifests.faults`); a rule here knows
its own by the path and the words, and says what was probably meant.
"""

import re
from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.errors import Problem
from nsimlib.model.ports import TRANSPORTS

__all__ = ["unsupported_protocol"]

PROTOCOLS = tuple(protocol.value for protocol in TRANSPORTS)


def _refused(context: Context, kind: str, path: str, detail: str) -> Iterator[Problem]:
    """Problems of objects of a kind, by patterns of their path and of the server's words."""
    for problem in context.problems:
        is_of_kind = problem.about.startswith(f"{kind} ")
        if is_of_kind and re.search(path, problem.path) and re.match(detail, problem.detail):
            yield problem


@rule(
    "NSIM-V101",
    "unsupported-protocol",
    Severity.HIGH,
    facts=("F1.21",),
    references=("kubernetes/kubernetes pkg/apis/networking/validation",),
)
def unsupported_protocol(context: Context) -> Iterator[Hit]:
    """A NetworkPolicy names a protocol other than TCP, UDP and SCTP.

    The API server refuses the whole object, so that none of its rules is in force. ICMP has no
    place in NetworkPolicy; Calico's and Cilium's own kinds have rules for it.
    """
    for problem in _refused(context, "NetworkPolicy", r"ports\[\d+\]\.protocol$", "Unsupported"):
        is_spelt = problem.value.upper() in PROTOCOLS
        meant, entry = problem.value.upper(), steps(problem.path)[:-1]
        fix = (
            Patch(f"Write {meant}.").put(problem, problem.path, meant)
            if is_spelt
            else Patch(f"Take out the entry for {problem.value}.").remove(problem, entry)
        )
        yield Hit(
            (Where.at(problem),),
            f"{problem.about} {problem.path}: NetworkPolicy has no protocol {problem.value}, "
            "so the API server refuses the object and none of its rules is in force.",
            key=problem.value,
            fix=fix,
            advice="" if is_spelt else "Without entries, `ports` means all ports: check the rule.",
        )
