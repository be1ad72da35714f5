"""Reachability in few rows: groups of pods named by what they share, and what they may open.

::

    | sources             | destinations             | ports    |
    | shop/app=web        | shop/app=api             | 8080/TCP |
    | {a, b}/tier=backend | 10.0.0.0/8 except …      | 443/TCP  |
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from nsimlib.evaluation.classes import PodClass, label_keys
from nsimlib.evaluation.naming import Names, ports_text
from nsimlib.evaluation.reachability import Reachability
from nsimlib.evaluation.rectangles import Group, Rectangle, rectangles
from nsimlib.model.addresses import AddressRange
from nsimlib.model.tables import Table

__all__ = ["rules"]

EVERY = "*"


def rules(reach: Reachability) -> Table:
    """Return all pairs in few rows: sources, destinations, and the ports that each may open.

    A group is `namespace/label=value`, or `namespace/*` for all pods there, or names.
    """
    names = _Groups(reach)
    found = sorted(_row(each, names) for each in rectangles(reach) if not _is_one_pod(each))
    title = f"Who may open what to whom, in groups ({reach.profile.name})"
    return Table(title, ("source", "destination", "ports"), tuple(found))


def _row(each: Rectangle, names: "_Groups") -> tuple[str, str, str]:
    return names.text(each.sources), names.text(each.destinations), ports_text(each.ports)


def _is_one_pod(each: Rectangle) -> bool:
    """Whether it only says what a pod may open to itself."""
    is_same = each.sources == each.destinations and len(each.sources) == 1
    return is_same and all(isinstance(e, PodClass) and len(e.members) == 1 for e in each.sources)


class _Groups:
    """Describes groups of pods by the labels that policies know."""

    def __init__(self, reach: Reachability) -> None:
        universe = reach.universe
        self.names = Names((reach.cluster,), universe.families)
        self.keys = sorted(label_keys(universe.vocabulary))
        self.count = len(universe.classes)
        #: classes by namespace, and by namespace and label
        self.sizes: Counter[tuple[str, ...]] = Counter()
        for each in universe.classes:
            name = each.pod.namespace.name
            self.sizes[name,] += 1
            self.sizes.update((name, *label) for label in self._labels(each))
        self._texts: dict[Group, str] = {}
        self._parts: dict[tuple[PodClass, ...], str] = {}

    def _labels(self, each: PodClass) -> Iterator[tuple[str, str]]:
        """The labels that all pods of a class share."""
        for key in self.keys:
            if (value := each.pod.labels.get(key)) is not None:
                yield key, value

    def text(self, group: Group) -> str:
        """Return a group in words."""
        if group not in self._texts:
            classes = tuple(each for each in group if isinstance(each, PodClass))
            ranges = [each for each in group if isinstance(each, AddressRange)]
            text = self._pods(classes) if classes else self.names.text(self.names.ends(ranges))
            self._texts[group] = text
        return self._texts[group]

    def _pods(self, classes: tuple[PodClass, ...]) -> str:
        if len(classes) == self.count:
            return "all pods"
        # Namespaces in which the same words say who is meant are named together.
        together: dict[str, list[str]] = defaultdict(list)
        for namespace, those in groupby(classes, lambda each: each.pod.namespace.name):
            part = tuple(those)
            if part not in self._parts:
                self._parts[part] = self._within(namespace, part)
            together[self._parts[part]].append(namespace)
        return "; ".join(f"{_braced(found)}/{said}" for said, found in together.items())

    def _within(self, namespace: str, classes: tuple[PodClass, ...]) -> str:
        if len(classes) == self.sizes[namespace,]:
            return EVERY
        own = [dict(self._labels(each)) for each in classes]
        for key in self.keys:
            values = sorted({labels[key] for labels in own if key in labels})
            known = sum(self.sizes[namespace, key, value] for value in values)
            if all(key in labels for labels in own) and known == len(own):
                said = ", ".join(values)
                return f"{key}={said}" if len(values) == 1 else f"{key} in ({said})"
        ends = self.names.ends(pod for each in classes for pod in each.members)
        return _braced([str(end).partition("/")[2] for end in ends])


def _braced(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"
