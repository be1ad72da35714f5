"""Objects as they are found, until all are there and the cluster can be put together."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nsimlib.errors import Problem
from nsimlib.manifests import apps, calico, core, places
from nsimlib.manifests.decoding import decode
from nsimlib.manifests.dumps import DumpedObject
from nsimlib.manifests.kinds import Found, Kind, group_of
from nsimlib.manifests.nodes import Document, Mapping, Node, Scalar, Sequence, text_at
from nsimlib.manifests.registry import KINDS
from nsimlib.manifests.scalars import resolve
from nsimlib.manifests.structs import as_data
from nsimlib.model.cluster import Cluster, PolicyReader
from nsimlib.model.policy import Policy
from nsimlib.model.report import LoadReport

__all__ = ["Draft"]

#: what makes a mapping a manifest, or something that wants to be one
HEADER = ("apiVersion", "kind", "metadata", "spec")


@dataclass
class Draft:
    """Collects objects and problems of any number of files."""

    files: list[str] = field(default_factory=list)
    objects: dict[tuple[str, str, str], Found] = field(default_factory=dict)
    unmodelled: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    text: str = ""

    def take(self, file: str, document: Document | DumpedObject, chosen: bool = True) -> None:
        """Add one object of a file; a text without one is a problem only in a file named itself."""
        if isinstance(document, DumpedObject):
            if kind := self.kind(document.api):
                position, placed = len(self.objects), document.lines
                self.add(Found(kind, document.shape, file, document.line, position, placed=placed))
            return
        self.problems.extend(flaw.problem(file) for flaw in document.flaws)
        node = document.node
        if node is None or (isinstance(node, Scalar) and node.plain and resolve(node.text) is None):
            return
        if not isinstance(node, Mapping):
            what = "list" if isinstance(node, Sequence) else "text"
            detail = f"a manifest is a mapping with apiVersion, kind and metadata, not a {what}"
            self.problem(file, node, detail)
        elif not (chosen or any(key in node.entries for key in HEADER)):
            self.notes.append(f"{file}:{node.line}: not a Kubernetes object, left out")
        elif found := self.read(file, node, broken=bool(document.flaws)):
            self.add(found)

    def read(self, file: str, node: Mapping, broken: bool) -> Found | None:
        """Return the object in a node, or None for one that is not modelled or cannot be used."""
        version, name = text_at(node, "apiVersion"), text_at(node, "kind")
        for key, text in (("Kind", name), ("apiVersion", version)):
            if not text:
                self.problem(file, node, f"Object '{key}' is missing")
                return None
        kind = self.kind((group_of(version), name))
        if kind is None:
            return None
        decoded = decode(node, kind.shape, file)
        # Only policies need the lines inside them; the nodes of all the rest would fill the memory.
        kept = node if kind.holds_policies else None
        found = Found(kind, decoded.shape, file, node.line, len(self.objects), kept)
        problems = [replace(each, about=str(found)) for each in decoded.problems]
        usable = decoded.usable and not broken
        for fault in kind.faults(decoded.shape):
            problem = replace(fault.problem(file, node), about=str(found))
            if fault.warns:
                self.notes.append(str(problem))
                self.warnings.append(problem)
                continue
            usable = usable and fault.harmless
            if not any(_follows(problem, other) for other in decoded.problems):
                problems.append(problem)
        self.problems += sorted(problems, key=lambda problem: (problem.line, problem.column))
        if not usable:
            self.notes.append(f"{file}:{node.line}: {found} was left out")
        return found if usable else None

    def kind(self, api: tuple[str, str]) -> Kind | None:
        """Return how to read a kind; one that is not modelled is counted."""
        if api not in KINDS:
            self.unmodelled["/".join(part for part in api if part)] += 1
        return KINDS.get(api)

    def add(self, found: Found) -> None:
        """Keep an object, unless it is there already; with other content, that is a problem."""
        earlier = self.objects.setdefault(found.identity, found)
        if earlier is found:
            return
        if as_data(earlier.shape) == as_data(found.shape):
            self.notes.append(f"{found.source}: {found} is the same as in {earlier.source}")
            return
        file, line = found.source
        detail = f"{found} already exists, with other content, in {earlier.source}"
        problem = Problem(file, line, 1, "metadata.name", detail, found.name, about=str(found))
        self.problems.append(problem)

    def problem(self, file: str, node: Node, detail: str) -> None:
        """Add a problem with a node."""
        self.problems.append(Problem(file, node.line, node.column, "", detail))

    def of(self, *kinds: str) -> list[Found]:
        """Return the objects of some kinds in the order of the input."""
        return [found for found in self.objects.values() if found.kind.name in kinds]

    def policies(self) -> Iterator[Policy]:
        """Yield the policies for pods."""
        for each in self.objects.values():
            yield from each.kind.policies_in(each)

    def cluster(self, read_policies: PolicyReader) -> Cluster:
        """Return the cluster that all objects make up."""
        mentioned = {each.namespace for each in self.objects.values() if each.kind.namespaced}
        namespaces = core.namespaces(self.of("Namespace"), mentioned)
        live, accounts = self.of("Pod"), self.of("ServiceAccount")
        pods = apps.pods(live, self.of(*apps.WORKLOADS), namespaces, accounts)
        made = sorted(mentioned.difference(each.name for each in self.of("Namespace")))
        policies, tiers = tuple(self.policies()), calico.tiers(self.of("Tier"))
        self.notes += calico.missing_tiers(policies, tiers)
        return Cluster(
            namespaces=namespaces,
            pods=pods.pods,
            finished=tuple(pods.finished),
            nodes=core.nodes(self.of("Node")),
            services=core.services(
                self.of("Service"), self.of("EndpointSlice"), self.of("Endpoints")
            ),
            places=places.places(self.of("Place")),
            policies=policies,
            network_sets=calico.network_sets(self.of(*calico.SETS), namespaces),
            tiers=tiers,
            controllers=apps.own_labels(self.of(*apps.WORKLOADS)),
            report=self.report(made, pods),
            read_policies=read_policies,
        )

    def report(self, made: Iterable[str], pods: apps.Pods) -> LoadReport:
        """Return what happened."""
        finished = len(pods.finished)
        kinds = Counter(found.kind.name for found in self.objects.values())
        counted = (
            (made, f"namespaces without a manifest, known by name only: {', '.join(made)}"),
            (finished, f"{_count(finished, 'pod')} finished, left out"),
            (pods.without_address, f"{_count(pods.without_address, 'pod')} without an address"),
        )
        return LoadReport(
            files=tuple(self.files),
            objects=tuple(sorted(kinds.items())),
            unmodelled=tuple(sorted(self.unmodelled.items())),
            problems=tuple(self.problems),
            notes=(*self.notes, *(text for count, text in counted if count)),
            warnings=tuple(self.warnings),
            text=self.text,
        )


def _follows(problem: Problem, other: Problem) -> bool:
    """Whether mending the other mends this: a wrong type, or a misspelt field, now missing."""
    if other.detail.startswith("unknown field"):
        where = other.path.rpartition(".")[0]
        missing = problem.detail.startswith("Required value")
        return missing and where in (problem.path, problem.path.rpartition(".")[0])
    return problem.path == other.path or problem.path.startswith(
        (f"{other.path}.", f"{other.path}[")
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
