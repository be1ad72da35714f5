"""What binds the readers to one another, and reading to writing."""

import builtins
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate import SHAPES, text, write
from nsimlib.manifests import dump, load, loads, yaml_text
from nsimlib.manifests.shipped import shipped, shipped_names
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Service, ServicePort
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import LabelSelector, Operator, Requirement
from tests.manifests.snippets import POLICY
from tests.strategies import clusters, network_policies, with_paths

SMALL = replace(SHAPES["XS"], fat=False)
CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "netpol-analyzer"
SCENARIOS = shipped_names("data", "scenarios")


@pytest.fixture
def without_msgspec(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that has no msgspec, as in the browser."""
    real = builtins.__import__

    def refuse(
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> object:
        if name == "msgspec":
            raise ModuleNotFoundError(name)
        return real(name, globals_, locals_, fromlist or (), level)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated dumps of one cluster in every format."""
    folder = tmp_path_factory.mktemp("dumps")
    for form in ("json", "yaml"):
        write(folder / f"slim.{form}", SMALL, form)
        write(folder / f"fat.{form}", replace(SMALL, fat=True), form)
    return folder


def as_json(path: Path) -> str:
    """The documents of a YAML file as one JSON list; for files without YAML's traps."""
    with path.open(encoding="utf-8") as file:
        items = [each for each in yaml.load_all(file, Loader=yaml.SafeLoader) if each]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=4)


class TestTheTwinsAgree:
    """One schema, two decoders, three parsers: the cluster is the same."""

    def test_on_generated_dumps(self, folder: Path) -> None:
        first, *others = (load(path) for path in sorted(folder.iterdir()))
        assert len(first.pods) == SMALL.pods
        assert len(first.policies) == SMALL.policies
        assert all(other == first for other in others)

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_on_scenarios(self, name: str) -> None:
        folder = shipped("data", "scenarios", name)
        files = [path for path in sorted(folder.rglob("*.yaml")) if path.name != "expected.yaml"]
        for path in files:
            assert loads(as_json(path)) == load(path)

    @pytest.mark.usefixtures("without_msgspec")
    def test_without_msgspec(self, folder: Path) -> None:
        with pytest.raises(ModuleNotFoundError):
            import msgspec  # noqa: F401

        assert load(folder / "slim.json") == load(folder / "slim.yaml")

    def test_without_libyaml(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = load(folder / "slim.yaml")
        monkeypatch.setattr(yaml_text, "Loader", yaml.SafeLoader)
        assert load(folder / "slim.yaml") == expected

    @pytest.mark.parametrize(
        "change",
        [
            {"metadata": {"name": "web", "labels": {"app": 1}}},
            {"metadata": {"name": "Web"}},
            {"metadata": None},
            {"status": {"podIP": "10.0.0"}},
            {"spec": {"containers": {}}},
            {"spec": None},
            {"spec": {"containers": [None], "unknown": [1, {"a": 2}]}},
            {"kind": None},
            {"kind": "Secret"},
            {"apiVersion": 1},
        ],
    )
    @pytest.mark.parametrize("indent", [None, 4])
    def test_on_what_is_wrong(
        self, change: dict[str, Any], indent: int | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}} | change
        good = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "good"}}
        written = json.dumps(
            {"kind": "List", "items": [good, pod, good | {"spec": {}}]}, indent=indent
        )
        fast = loads(written, strict=False)
        monkeypatch.setattr("nsimlib.manifests.reading.read_dump", lambda *_: None)
        slow = loads(written, strict=False)
        assert fast == slow
        assert fast.report == slow.report


class TestLinesInADump:
    @pytest.mark.parametrize("form", ["json", "yaml"])
    def test_policies_know_where_they_begin(self, folder: Path, form: str) -> None:
        path = folder / f"fat.{form}"
        kind = '"kind": "NetworkPolicy",' if form == "json" else "kind: NetworkPolicy"
        lines = path.read_text("utf-8").split("\n")
        policies = load(path).policies
        assert len(policies) == SMALL.policies
        for policy in policies:
            opening = "{" if form == "json" else "- apiVersion: networking.k8s.io/v1"
            assert lines[policy.source.line - 1].strip() == opening
            assert lines[policy.source.line + (form == "json")].strip() == kind

    @pytest.mark.parametrize("form", ["json", "yaml"])
    def test_rules_know_where_they_stand(self, folder: Path, form: str) -> None:
        path = folder / f"fat.{form}"
        lines = path.read_text("utf-8").split("\n")
        for policy in load(path).policies:
            for rule in policy.rules:
                opening = lines[rule.line - 1].strip()
                assert opening == "{" if form == "json" else opening.startswith("- ")

    def test_a_dump_on_one_line(self) -> None:
        other, policy = {"kind": "A", "apiVersion": "b"}, yaml.safe_load(POLICY + "  {egress: [1]}")
        written = json.dumps({"kind": "List", "items": [other, policy]})
        (problem,) = loads(written, strict=False).report.problems
        assert (problem.line, problem.column) == (1, written.index("[1]") + 2)

    def test_crowded_and_strange_spacing(self) -> None:
        policy = json.dumps(yaml.safe_load(POLICY + "  {policyTypes: [A]}"))
        written = (
            '\n\n{"kind":"List",\n"items":[\n{"kind":"A","apiVersion":"b"}\n,\n\n  ' + policy + "]}"
        )
        (problem,) = loads(written, strict=False).report.problems
        assert (problem.line, problem.column) == (8, policy.index('"A"') + 3)


class TestTheGenerator:
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        assert "".join(text(SMALL, "yaml")) == "".join(text(SMALL, "yaml"))

    def test_another_seed_gives_another_cluster(self) -> None:
        other = replace(SMALL, seed=2)
        assert "".join(text(SMALL, "json")) != "".join(text(other, "json"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is not in {CORPUS}")
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/")), ids=lambda path: path.name)
def test_every_corpus_is_read(path: Path) -> None:
    cluster = load(path, strict=False)
    assert cluster.report.objects
    assert loads(dump(cluster), strict=False) == cluster


REQUIREMENTS = (
    Requirement("app", Operator.IN, ("web",)),
    Requirement("app", Operator.IN, ("web", "api")),
    Requirement("app", Operator.NOT_IN, ("yes",)),
    Requirement("a/on", Operator.IN, ("1e3",)),
    Requirement("y", Operator.IN, ("",)),
    Requirement("tier", Operator.EXISTS),
    Requirement("tier", Operator.DOES_NOT_EXIST),
)
SELECTORS = st.lists(st.sampled_from(REQUIREMENTS), max_size=4).map(tuple).map(LabelSelector)
SERVICE = Service(
    "shop",
    "web",
    ports=(ServicePort("http", Port(80), "http"), ServicePort("", Port(53, Protocol.UDP), 1053)),
    selector={"app": "on"},
)


@st.composite
def written_policies(draw: st.DrawFn) -> Policy:
    """A policy that a manifest can say: rules for none have no words there."""
    policy = draw(network_policies())
    rules = (
        replace(rule, ports=rule.ports or None, peers=rule.peers or None) for rule in policy.rules
    )
    order = sorted(rules, key=lambda rule: list(Direction).index(rule.direction))
    subject = replace(policy.subject, pods=draw(SELECTORS))
    return replace(policy, subject=subject, rules=with_paths(replace(r, path="") for r in order))


@st.composite
def written_clusters(draw: st.DrawFn) -> Cluster:
    """A cluster with a Service, a stand-in and a policy."""
    cluster = draw(clusters())
    first, *rest = cluster.pods
    if draw(st.booleans()) and first.owner not in {pod.owner for pod in rest}:
        about = replace(first, name=first.owner.name, addresses=(), node=None, workload=first.owner)
        first = replace(about, from_template=True) if first.workload else first
    endpoints = [
        (name, address, port.port)
        for name, port in (("http", SERVICE.ports[0]), ("", SERVICE.ports[1]))
        for pod in cluster.pods
        for address in pod.addresses
    ]
    some = st.lists(st.sampled_from(endpoints), max_size=4) if endpoints else st.just([])
    chosen = draw(st.none() | some.map(tuple))
    return replace(
        cluster,
        pods=(first, *rest),
        services=(replace(SERVICE, endpoints=chosen),),
        policies=(draw(written_policies()),),
    )


@pytest.mark.laws
class TestParseOfDumpIsIdentity:
    @given(written_clusters())
    def test_for_every_cluster(self, cluster: Cluster) -> None:
        assert loads(dump(cluster)) == cluster

    @given(written_clusters())
    def test_in_json_too(self, cluster: Cluster) -> None:
        items = list(yaml.load_all(dump(cluster), Loader=yaml.SafeLoader))
        assert loads(json.dumps({"kind": "List", "items": items})) == cluster
