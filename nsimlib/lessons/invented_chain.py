"""A chain that no plugin writes, as texts about policies like to print it, beside the true ones.

One chain for each pod, an ACCEPT for what is allowed and a REJECT for the rest: easy to read, and
wrong in each of its lines (E32, E33, E35).
"""

from collections.abc import Iterable, Iterator

from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.ruleset import Line
from nsimlib.model.tables import Table
from nsimlib.views.rule_lines import line_text

__all__ = ["beside_the_true_lines", "invented_chain"]

NAME = "cali_EGRESS-MYPOD"
COLUMNS = ("invented", "true", "fact")


def invented_chain(port: int = 5432) -> str:
    """Return the invented rules for a pod that may go to one port of TCP, as `iptables-save` would.

    >>> print(invented_chain().splitlines()[4])
    -A cali_EGRESS-MYPOD -p tcp -m tcp --dport 5432 -j ACCEPT
    """
    chains = ("*filter", ":FORWARD ACCEPT [0:0]", f":{NAME} - [0:0]", f"-A FORWARD -j {NAME}")
    return "\n".join((*chains, *_rules(port), "COMMIT", ""))


def _rules(port: int) -> tuple[str, str]:
    accept = f"-A {NAME} -p tcp -m tcp --dport {port} -j ACCEPT"
    return accept, f"-A {NAME} -j REJECT --reject-with icmp-port-unreachable"


def beside_the_true_lines(rules: Datapath, connection: str) -> Table:
    """Return each invented line with those that Calico has in its place, for a connection.

    The connection is one that an egress policy allows and something later denies.
    """
    walk = rules.walk(connection)
    accept, reject = _rules(walk.path.port.number)
    allowing = [step.line for step in walk.steps if step.met and step.before != step.after]
    marking = [line for line in allowing if line.rule.origin]
    denying = [step.line for step in walk.steps[-1:]]
    accepting = [line for line in rules.rules if line.chain == "FORWARD" and _accepts(line)]
    names = dict.fromkeys(f":{step.line.chain}" for step in walk.steps if _is_for_a_pod(step.line))
    rows = (
        *_beside(f":{NAME}", "E32", names),
        *_beside(accept, "E33", map(line_text, (*marking, *accepting))),
        *_beside(reject, "E35", map(line_text, denying)),
    )
    return Table("What is invented, and what a node has in its place", COLUMNS, tuple(rows))


def _accepts(line: Line) -> bool:
    return line.rule.target is not None and line.rule.target.name == "ACCEPT"


def _is_for_a_pod(line: Line) -> bool:
    return line.chain.startswith(("cali-fw-", "cali-po-", "cali-tw-", "cali-pi-"))


def _beside(invented: str, number: str, true: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for place, line in enumerate(true):
        yield ("" if place else f"`{invented}`", f"`{line}`", "" if place else number)
