"""The clusters that lessons, exercises and examples share, by name."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from nsimlib.manifests import load
from nsimlib.manifests.shipped import shipped, shipped_names
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Source

__all__ = ["policy_files", "resolver_layouts", "scenario", "scenario_if_named", "scenario_names"]

#: what a scenario's verdicts should be, for tests: no manifest
EXPECTED = "expected.yaml"
#: what a resolver layout stands in the place of, and the layout of a scenario that has it
CLUSTER, AS_IT_COMES = "cluster.yaml", "kube-dns"


def scenario_names() -> tuple[str, ...]:
    """Return the names of the scenarios that ship."""
    return shipped_names("data", "scenarios")


@lru_cache
def scenario(name: str) -> Cluster:
    """Return the cluster of that name; `shop` is the company that everything else visits.

    Policies that a lesson switches on one by one are not in it: `policy_files` has them.

    Raises
    ------
    UnknownName
        If no such scenario ships.

    Examples
    --------
    >>> len(scenario("shop").nodes)
    3
    """
    return _read(name)


@lru_cache
def resolver_layouts(name: str) -> dict[str, Cluster]:
    """Return a scenario once for each way to answer its pods' questions, by the way's name.

    The first is the scenario as it is. The others are in `layouts/`, each in the place of
    `cluster.yaml`.

    >>> list(resolver_layouts("dns-is-traffic"))
    ['kube-dns', 'node-cache', 'openshift', 'own-resolver']
    """
    folder = shipped("data", "scenarios", name) / "layouts"
    others = {path.stem: _read(name, path) for path in sorted(folder.glob("*.yaml"))}
    return {AS_IT_COMES: scenario(name), **others} if others else {}


def _read(name: str, instead: Path | None = None) -> Cluster:
    folder = shipped("data", "scenarios", name)
    found = (path for path in sorted(folder.glob("*.yaml")) if path.name != EXPECTED)
    cluster = load(*(instead if instead and path.name == CLUSTER else path for path in found))
    policies = (
        replace(policy, source=Source(_short(policy.source.file, folder), policy.source.line))
        for policy in cluster.policies
    )
    files = tuple(_short(file, folder) for file in cluster.report.files)
    report = replace(cluster.report, files=files)
    return replace(cluster, policies=tuple(policies), report=report)


def scenario_if_named(text: str) -> Cluster | None:
    """Return the scenario that somebody means where a path may stand; a file goes first."""
    return scenario(text) if text in scenario_names() and not Path(text).exists() else None


def _short(file: str, folder: Path) -> str:
    """Name a shipped file alike wherever the package is installed."""
    return Path(file).relative_to(folder.parent).as_posix()


def policy_files(name: str) -> dict[str, str]:
    """Return the policies that a scenario has ready to switch on: their texts by name.

    Without the comments, which tell what a learner is to find out.
    """
    folder = shipped("data", "scenarios", name) / "policies"
    return {
        path.stem: _bare(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))
    }


def _bare(manifest: str) -> str:
    lines = manifest.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#"))
