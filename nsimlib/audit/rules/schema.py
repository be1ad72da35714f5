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

__all__ = [
    "bad_cidr",
    "bad_port",
    "empty_peer",
    "refusal",
    "refused",
    "unknown_field",
    "unsupported_protocol",
]

PROTOCOLS = tuple(protocol.value for protocol in TRANSPORTS)
LAST_PORT = 65535
#: signs of a message, and those of the server's words that it has at least
LONGEST, LEAST = 240, 20
#: as a port is written; longer ones are none, and not worth counting
NUMBER = re.compile(r"[0-9]{1,9}")


def refused(context: Context, kind: str, path: str, detail: str) -> Iterator[Problem]:
    """Yield problems of objects of a kind, by patterns of their path and of the server's words."""
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
    for problem in refused(context, "NetworkPolicy", r"ports\[\d+\]\.protocol$", "Unsupported"):
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


def refusal(problem: Problem, meant: str, fix: Patch | None = None) -> Hit:
    """Return a refusal in the server's words, with what was probably meant."""
    head, tail = (
        f"{problem.about} {problem.path}: ",
        f". The API server refuses the object. {meant}",
    )
    room = max(LONGEST - len(head) - len(tail), LEAST)
    return Hit(
        (Where.at(problem),),
        f"{head}{problem.detail[:room]}{tail}",
        key=problem.value,
        fix=fix,
        advice=meant,
    )


@rule(
    "NSIM-V102",
    "bad-port",
    Severity.HIGH,
    references=("kubernetes/kubernetes#120525",),
)
def bad_port(context: Context) -> Iterator[Hit]:
    """A port is neither a number from 1 to 65535 nor the name of a port.

    A number in quotes is read as a name, and names have a letter. A range is written as `port` and
    `endPort`. The API server refuses the whole object.
    """
    for problem in refused(context, "NetworkPolicy", r"ports\[\d+\]\.port$", "Invalid"):
        first, dash, last = problem.value.partition("-")
        numbers = [int(each) for each in (first, last) if NUMBER.fullmatch(each)]
        is_number = bool(numbers) and all(1 <= each <= LAST_PORT for each in numbers)
        if is_number and not dash:
            meant = f"Write {first} without quotes."
            fix = Patch(meant).put(problem, problem.path, numbers[0])
        elif is_number and len(numbers) == 2 and numbers[0] <= numbers[1]:
            meant = f"Write a range as port: {first} and endPort: {last}."
            end = (*steps(problem.path)[:-1], "endPort")
            fix = Patch(meant).put(problem, problem.path, numbers[0]).put(problem, end, numbers[1])
        else:
            meant, fix = "Write a number from 1 to 65535, or the name of a port.", None
        yield refusal(problem, meant, fix)


@rule("NSIM-V105", "empty-peer", Severity.HIGH)
def empty_peer(context: Context) -> Iterator[Hit]:
    """A peer says nothing: `{}` in a list `to` or `from`.

    The API server refuses it, because it cannot tell anybody from nobody. An empty rule, `- {}`, is
    something else: it allows everything.
    """
    for problem in refused(context, "NetworkPolicy", r"\.(to|from)\[\d+\]$", "Required value"):
        yield refusal(
            problem, "Leave the list out for any peer; podSelector: {} is this namespace."
        )


@rule("NSIM-V106", "bad-cidr", Severity.HIGH)
def bad_cidr(context: Context) -> Iterator[Hit]:
    """A block of addresses does not parse, or is an address without the length of a prefix.

    NetworkPolicy takes blocks alone, so one address is a block of /32 or /128. Cilium's own kind
    takes addresses as well.
    """
    invalid = r"Invalid value: .* must be a valid CIDR"
    path = r"ipBlock\.(cidr|except\[\d+\])$"
    for problem in refused(context, "NetworkPolicy", path, invalid):
        block = re.match(r"Write (\S+) for this one address", problem.remedy)
        meant = f"Write {block[1]}." if block else "Write an address and a length: 10.9.8.0/24."
        fix = Patch(meant).put(problem, problem.path, block[1]) if block else None
        yield refusal(problem, meant, fix)


@rule(
    "NSIM-V112",
    "unknown-field",
    Severity.HIGH,
    references=("Trivy KSV-0038",),
)
def unknown_field(context: Context) -> Iterator[Hit]:
    """A NetworkPolicy has a field that the API does not know, often a misspelt one.

    Under strict validation the object is refused. Under the weaker ones the field is dropped, and
    what is left of the rule may allow everything.
    """
    for problem in refused(context, "NetworkPolicy", "", "unknown field"):
        near = re.match(r'Did you mean "(\w+)"', problem.remedy)
        meant = f"Write {near[1]}." if near else "Take it out, or look up its name."
        fix = Patch(meant).rename(problem, problem.path, near[1]) if near else None
        yield Hit(
            (Where.at(problem),),
            f"{problem.about} {problem.path}: unknown field {problem.value}. It is refused, or "
            f"with weaker validation dropped, and the rest may mean more. {meant}",
            key=problem.value,
            fix=fix,
            advice=meant,
        )
