"""For each way in which pods are judged: which ends they may use, on which ports.

What the rules of a set of policies let through is worked out once for all pods to which just these
apply, as disjoint cells of ends. A worked example: two rules allow 443/TCP to A and B, and 80/TCP
to B and C. The cells are A with 443, B with both, C with 80; an end in no cell is denied all.
"""

from collections.abc import Iterable
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, bits
from nsimlib.evaluation.grading import Grade
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
            grade = self._tiers.graded(direction, policies, subject)
            self._cells[key] = None if grade is None else self._as_cells(grade, direction)
        return self._cells[key]

    def _as_cells(self, grade: Grade, direction: Direction) -> tuple[Cell, ...] | None:
        allowed, possible = grade.scale.outcome(grade.rest)
        if not grade.cells and allowed == self.atoms.everything:
            return None
        cells = [Cell(ends, *grade.scale.outcome(marks)) for ends, marks in grade.cells]
        if possible:
            everyone = bits(self.universe.ends(direction))
            cells.append(Cell(everyone - grade.touched, allowed, possible))
        return tuple(cell for cell in cells if cell.ends and cell.possible)


def grouped(cells: Iterable[Cell]) -> list[Cell]:
    """Return disjoint cells with those that have equal ports made one."""
    by_ports: dict[tuple[int, int], Bits] = {}
    for ends, allowed, possible in cells:
        key = allowed, possible
        by_ports[key] = by_ports[key] | ends if key in by_ports else ends
    return [Cell(ends, *ports) for ports, ends in by_ports.items()]
