"""Ends that are alike, taken together: a hundred cells of a matrix in a handful of arrows.

Sources are alike if they reach the same ends, and destinations if the same ends reach them. What an
end may do to itself plays no part.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from nsimlib.evaluation.matrix import Cell, Matrix

__all__ = ["Bundle", "Group", "Pairs", "bundle_of", "by_namespace", "pairs_of", "sentences"]

Group = tuple[str, ...]
#: what is known of each pair of ends; a pair that nobody asks about is left out
Pairs = Mapping[tuple[str, str], Cell]


@dataclass(frozen=True)
class Bundle:
    """Ends in groups that are alike as sources and as destinations, and arrows between groups."""

    sources: tuple[Group, ...]
    destinations: tuple[Group, ...]
    arrows: Mapping[tuple[Group, Group], Cell]


def pairs_of(matrix: Matrix) -> Pairs:
    """Return the cells of a matrix by their two ends."""
    cells = (zip(matrix.columns, row, strict=True) for row in matrix.cells)
    return {
        (source, destination): cell
        for source, row in zip(matrix.rows, cells, strict=True)
        for destination, cell in row
        if cell is not Cell.SELF
    }


def by_namespace(pairs: Pairs) -> Pairs:
    """Take the workloads of each namespace together: what not all may do is drawn as partly."""
    found: dict[tuple[str, str], set[Cell]] = {}
    for (source, destination), cell in pairs.items():
        ends = _namespace(source), _namespace(destination)
        if ends[0] != ends[1]:
            found.setdefault(ends, set()).add(cell)
    return {
        ends: cells.pop() if len(cells) == 1 else _mixed(cells) for ends, cells in found.items()
    }


def _namespace(end: str) -> str:
    namespace, slash, _ = end.partition("/")
    return f"namespace {namespace}" if slash else end


def _mixed(cells: set[Cell]) -> Cell:
    return Cell.PARTLY if {Cell.ALLOWED, Cell.PARTLY} & cells else Cell.OPEN


def bundle_of(pairs: Pairs) -> Bundle:
    """Return the ends in groups; the arrows between groups say every pair."""
    ends = tuple(dict.fromkeys(end for pair in pairs for end in pair))
    sources = _groups(ends, lambda end: [pairs.get((end, other)) for other in ends])

    def reached_by(end: str) -> list[Cell | None]:
        return [_between(pairs, group, (end,)) for group in sources]

    destinations = _groups(ends, reached_by)
    found = {pair: _between(pairs, *pair) for pair in product(sources, destinations)}
    arrows = {pair: cell for pair, cell in found.items() if cell and cell is not Cell.DENIED}
    return Bundle(sources, _untangled(destinations, arrows), arrows)


def _between(pairs: Pairs, ours: Group, theirs: Group) -> Cell | None:
    """What holds between two groups; all pairs of theirs agree."""
    cells = (pairs.get(pair) for pair in product(ours, theirs))
    return next((cell for cell in cells if cell is not None), None)


def _groups(ends: Sequence[str], seen: Callable[[str], Sequence[Cell | None]]) -> tuple[Group, ...]:
    """Return the ends in groups in which all see the same, wherever both see something."""
    groups: list[list[str]] = []
    for end in ends:
        for group in groups:
            if all(_agree(seen(end), seen(member)) for member in group):
                group.append(end)
                break
        else:
            groups.append([end])
    return tuple(map(tuple, groups))


def _agree(some: Iterable[Cell | None], others: Iterable[Cell | None]) -> bool:
    return all(a is b for a, b in zip(some, others, strict=True) if a and b)


def _untangled(
    groups: tuple[Group, ...], arrows: Iterable[tuple[Group, Group]]
) -> tuple[Group, ...]:
    """Put each group beside the sources that reach it, so that fewer arrows cross."""
    order = list(dict.fromkeys(ours for ours, _ in arrows))

    def height(group: Group) -> float:
        at = [order.index(ours) for ours, theirs in arrows if theirs == group]
        return sum(at) / len(at) if at else len(order)

    return tuple(sorted(groups, key=height))


TOLD = {Cell.ALLOWED: "{}", Cell.PARTLY: "partly {}", Cell.OPEN: "perhaps {}"}


def sentences(bundle: Bundle) -> Iterator[str]:
    """Yield who reaches whom in words."""
    every = [end for group in bundle.destinations for end in group]
    for group in bundle.sources:
        told = []
        for word, text in TOLD.items():
            reached = [
                end
                for (ours, theirs), cell in bundle.arrows.items()
                if ours == group and cell is word
                for end in theirs
                if group != (end,)
            ]
            if reached:
                told.append(text.format(_named(reached, [e for e in every if group != (e,)])))
        yield f"{', '.join(group)} -> {'; '.join(told) or 'nobody'}"


def _named(reached: Sequence[str], every: Sequence[str]) -> str:
    """Name the ends, or those left out where that is shorter."""
    others = [end for end in every if end not in reached]
    if len(others) >= len(reached):
        return ", ".join(reached)
    return f"every other end but {', '.join(others)}" if others else "every other end"
