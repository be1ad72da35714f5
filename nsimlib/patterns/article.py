"""How the article has these policies: in our own words, beside what our engine makes of them.

Each version (`data/article/*.yaml`) is one idea of the article as a minimal manifest of ours, with
what it promises. Where a promise and a verdict differ, the erratum says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from nsimlib.errors import ManifestError, Problem
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.verdict import Verdict
from nsimlib.manifests import load, loads
from nsimlib.manifests.shipped import read_shipped, shipped, shipped_names
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Place
from nsimlib.model.tables import Table

__all__ = ["ArticleVersion", "BrokenPromise", "article_names", "article_version"]

#: what there is in the shop, its policies left out
SHOP: Final = ("namespaces", "nodes", "places", "pods", "services", "workloads")


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A connection that ends otherwise than the article has it; `says` is what happens instead."""

    erratum: str
    says: str
    promised: Outcome
    verdict: Verdict

    @property
    def found(self) -> Outcome:
        """How it ends."""
        return self.verdict.outcome


@dataclass(frozen=True)
class ArticleVersion:
    """One idea of the article as a manifest of ours, in the shop and without its other policies.

    `section` is where the article has it, `instead` the pattern and the dialect that do it right.
    A version that the API server refuses has `problems` and breaks no promise besides; `refused`
    is the erratum that says so.
    """

    name: str
    section: str
    title: str
    cni: str
    instead: tuple[str, str]
    yaml: str
    cluster: Cluster
    problems: tuple[Problem, ...]
    broken: tuple[BrokenPromise, ...]
    refused: str = ""

    @property
    def table(self) -> Table:
        """What it promises, and what happens."""
        rows = [
            (
                str(each.verdict.connection),
                each.promised.value,
                each.found.value,
                each.verdict.profile,
                each.erratum,
                each.says,
            )
            for each in self.broken
        ]
        refused = (
            (each.path, "accepted", "refused", "", self.refused, each.detail)
            for each in self.problems
        )
        columns = ("connection", "promised", "found", "profile", "erratum", "why")
        return Table(f"{self.section}: {self.title}", columns, (*rows, *refused))


def article_names() -> tuple[str, ...]:
    """Return the names of the article's versions."""
    return shipped_names("data", "article")


def article_version(name: str) -> ArticleVersion:
    """Return one of the article's versions, tried.

    Raises
    ------
    UnknownName
        If no such version ships.

    Examples
    --------
    The policy names the database, and the pod can look up no name any more (E22):

    >>> version = article_version("names-without-dns")
    >>> [(each.erratum, each.promised, each.found) for each in version.broken]
    [('E22', allowed, denied), ('E22', allowed, denied)]
    """
    data = cast("dict[str, Any]", read_shipped("data", "article", f"{name}.yaml"))
    cluster, problems = _with(_shop(data.get("names", {})), data["manifests"])
    return ArticleVersion(
        name,
        str(data["section"]),
        data["title"],
        data["cni"],
        (data["instead"]["pattern"], data["instead"]["dialect"]),
        data["manifests"],
        cluster,
        problems,
        tuple(_broken(cluster, data["cni"], data["broken"])),
        data.get("refused", ""),
    )


def _shop(names: dict[str, list[str]]) -> Cluster:
    """The shop without its policies; some versions are about more names than it has."""
    files = (shipped("data", "scenarios", "shop") / f"{part}.yaml" for part in SHOP)
    shop = load(*files)
    said = {name: tuple(map(parse_address, addresses)) for name, addresses in names.items()}
    return replace(shop, places=(*shop.places, Place("article", names=said)))


def _with(cluster: Cluster, manifests: str) -> tuple[Cluster, tuple[Problem, ...]]:
    """The cluster with the version's policies and no others, and what the server refuses."""
    try:
        policies = loads(manifests).policies
    except ManifestError as error:
        return replace(cluster, policies=()), error.problems
    return replace(cluster, policies=policies), ()


def _broken(cluster: Cluster, cni: str, data: list[dict[str, Any]]) -> Iterator[BrokenPromise]:
    for each in data:
        verdict = why(cluster, each["connection"], cni=each.get("cni", cni))
        promised = Outcome(each["promised"])
        yield BrokenPromise(each["erratum"], each["says"], promised, verdict)
