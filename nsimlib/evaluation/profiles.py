"""For each way in which pods are judged: which ends they may use, on which ports.

What the rules of a set of policies let through is worked out once for all pods to which just these
apply, as disjoint cells of ends. A worked example: two rules allow 443/TCP to A and B, and 80/TCP
to B and C. The cells are A with 443, B with both, C with 80; an end in no cell is denied all.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import sub
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, bits, union
from nsimlib.evaluation.grants import Grants
from nsimlib.evaluation.matching import numbers_of
from nsimlib.evaluation.portatoms import PortAtoms
from nsimlib.evaluation.tiers import Tiers
from nsimlib.evaluation.universe import Universe
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy

__all__ = ["Cell", "Profiles", "grouped"]


class Cell(NamedTuple):
    """Ends that are treated alike: the ports that are allowed, and those that may be."""

    ends: Bits
    allowed: int
    possible: int


class Profiles:
    """Works out, and keeps, what sets of policies let through."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._grants = Grants(universe)
        self.atoms = PortAtoms(self._grants.all_ports())
        self._tiers = Tiers(universe, self._grants, self.atoms)
        self._cells: dict[object, tuple[Cell, ...] | None] = {}

    def knows(self, policy: Policy) -> bool:
        """Return whether a policy names nothing that would cut the universe's classes further."""
        ports = (port for rule in policy.rules for port in rule.all_ports)
        return self.universe.knows(policy) and all(
            port.port in self._grants.port_names
            if isinstance(port.port, str)
            else self.atoms.fits(numbers_of(port, self.universe.profile))
            for port in ports
        )

    def cells(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Cell, ...] | None:
        """Return the cells of a subject to which these policies apply; None if it is free."""
        about = self._grants.depends_on(direction, policies, subject)
        key = direction, tuple(map(id, policies)), about
        if key not in self._cells:
            self._cells[key] = self._worked_out(direction, policies, subject)
        return self._cells[key]

    def _worked_out(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Cell, ...] | None:
        graded = self._tiers.graded(direction, policies, subject)
        if graded is None:
            return None
        marked, rest = graded
        outcome = self._tiers.scale.outcome
        allowed, possible = outcome(rest)
        if not marked and allowed == self.atoms.everything:
            return None
        cells = [Cell(ends, *outcome(marks)) for ends, marks in marked]
        if possible:
            everyone = bits(self.universe.ends(direction))
            others = reduce(sub, (ends for ends, _ in marked), everyone)
            cells.append(Cell(others, allowed, possible))
        return tuple(cell for cell in cells if cell.ends and cell.possible)


def grouped(cells: Iterable[Cell]) -> list[Cell]:
    """Return disjoint cells with those that have equal ports made one."""
    by_ports: dict[tuple[int, int], list[Bits]] = defaultdict(list)
    for cell in cells:
        by_ports[cell[1:]].append(cell.ends)
    return [Cell(union(alike), *ports) for ports, alike in by_ports.items()]
