"""How many ends are named in few words: whole namespaces, places, blocks of addresses.

Nothing is left out silently: what is not named is counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.model.addresses import AddressRange, Family, IPBlock, cut, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, Workload

__all__ = ["End", "Names", "SomePods", "merged", "ports_text"]

#: so many names stand in a row; the rest is counted
FEW = 6
#: with no more workloads left out a set is described by these
FEW_LEFT_OUT = 2
#: with more blocks than this a range is written by its first and last address
MANY_BLOCKS = 4


class SomePods(NamedTuple):
    """Pods of a workload, not all of them; `pods` are their keys."""

    workload: Workload
    pods: tuple[str, ...]
    of: int

    def __str__(self) -> str:
        return f"{self.workload} ({len(self.pods)} of {self.of} pods)"


End = Workload | SomePods | AddressRange


def ports_text(ports: Ports) -> str:
    """Return what may be used in words; `?` stands before ports that a missing fact decides."""
    parts = [str(ports.allowed)] if ports.allowed else []
    parts += [f"? {ports.open}"] if ports.open else []
    return ", ".join(parts) or "nothing"


def merged(ranges: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """Return the fewest ranges that hold the same addresses."""
    found: list[AddressRange] = []
    for each in sorted(ranges):
        last = found[-1] if found else None
        if last and last.family is each.family and each.first <= last.last + 1:
            found[-1] = AddressRange(last.family, last.first, max(last.last, each.last))
        else:
            found.append(each)
    return tuple(found)


class Names:
    """Names the ends of clusters, of which the latest comes first."""

    def __init__(self, clusters: Sequence[Cluster], families: Iterable[Family]) -> None:
        self.clusters, self.families = clusters, tuple(families)

    @cached_property
    def _sizes(self) -> dict[Workload, int]:
        earlier_first = reversed(self.clusters)
        return {w: len(pods) for each in earlier_first for w, pods in each.workloads.items()}

    @cached_property
    def _namespaces(self) -> dict[str, set[Workload]]:
        found: dict[str, set[Workload]] = defaultdict(set)
        for workload in self._sizes:
            found[workload.namespace].add(workload)
        return found

    def ends(self, parties: Iterable[Pod | AddressRange]) -> tuple[End, ...]:
        """Return pods as workloads, or as some of their pods, and ranges in as few as can be."""
        pods: dict[Workload, set[str]] = defaultdict(set)
        ranges = []
        for party in parties:
            if isinstance(party, Pod):
                pods[party.owner].add(party.key)
            else:
                ranges.append(party)
        return *(self._end(w, keys) for w, keys in sorted(pods.items())), *merged(ranges)

    def _end(self, workload: Workload, keys: set[str]) -> End:
        size = self._sizes[workload]
        return workload if len(keys) == size else SomePods(workload, tuple(sorted(keys)), size)

    def text(self, ends: Sequence[End]) -> str:
        """Return the ends in one line."""
        workloads = [end for end in ends if isinstance(end, Workload)]
        ranges = [end for end in ends if isinstance(end, AddressRange)]
        some = [str(end) for end in ends if isinstance(end, SomePods)]
        names = [*self._workloads(workloads), *some, *self._ranges(ranges)]
        more = len(names) - FEW
        return ", ".join(names[:FEW]) + (f" and {more} more" if more > 0 else "")

    def _workloads(self, workloads: Sequence[Workload]) -> Iterator[str]:
        if len(workloads) > FEW and len(self._sizes) - len(workloads) <= FEW_LEFT_OUT:
            left_out = sorted({*self._sizes}.difference(workloads))
            yield "every workload" + (f" but {', '.join(map(str, left_out))}" if left_out else "")
            return
        for namespace, those in groupby(workloads, lambda workload: workload.namespace):
            names = sorted(map(str, those))
            is_whole = 1 < len(names) == len(self._namespaces[namespace])
            yield from (f"{namespace}/*",) if is_whole else names

    def _ranges(self, ranges: Sequence[AddressRange]) -> Iterator[str]:
        if tuple(ranges) == tuple(family.everything for family in self.families):
            yield "everywhere outside"
            return
        for family, those in groupby(ranges, lambda each: each.family):
            yield from self._of_family(family, list(those))

    def _of_family(self, family: Family, ranges: Sequence[AddressRange]) -> Iterator[str]:
        whole, own = family.everything, _blocks(ranges)
        left_out = _blocks(p for p in cut(whole, ranges) if not any(r.covers(p) for r in ranges))
        if len(left_out) < len(own) and len(left_out) <= FEW:
            yield str(IPBlock(whole.cidrs[0], tuple(left_out)))
            return
        for place, parts in groupby(chain.from_iterable(map(self._placed, ranges)), itemgetter(0)):
            written = ", ".join(text for _, text in parts)
            yield f"{place} ({written})" if place else written

    def _placed(self, each: AddressRange) -> Iterator[tuple[str, str]]:
        """Yield a range as blocks, each with its place; by its ends if the blocks were many."""
        blocks = each.cidrs
        if len(blocks) > MANY_BLOCKS:
            yield "", str(each)
        else:
            yield from ((self._place(block), block) for block in blocks)

    def _place(self, block: str) -> str:
        """The narrowest place of the inventory that the whole block lies in."""
        whole = parse_cidr(block)
        holding = (
            (cidr.last - cidr.first, place.name)
            for cluster in self.clusters
            for place in cluster.places
            for cidr in place.cidrs
            if cidr.covers(whole)
        )
        return min(holding, default=(0, ""))[1]


def _blocks(ranges: Iterable[AddressRange]) -> list[str]:
    return [cidr for each in merged(ranges) for cidr in each.cidrs]
