"""Files, folders, streams and lists: every way in which manifests come."""

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from nsimlib.errors import ManifestError
from nsimlib.manifests import load, loads, read_policies
from nsimlib.manifests.reading import Located
from nsimlib.model.cluster import Cluster
from tests.manifests.snippets import POLICY, in_spec, manifest

POD = manifest("Pod shop/web")
ITEM = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}}


def names(cluster: Cluster) -> list[str]:
    return [pod.key for pod in cluster.pods]


def problems(*paths: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(*paths)
    return [str(problem) for problem in caught.value.problems]


class TestLoad:
    def test_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "web.yaml").write_text(POD)
        assert names(load(tmp_path / "web.yaml")) == ["shop/web"]

    def test_a_folder_with_all_in_it_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        for path in ("c.yaml", "b/x.yml", "a.json", "B.YAML"):
            stem = Path(path).stem.lower()
            item = ITEM | {"metadata": {"name": stem}}
            (tmp_path / path).write_text(json.dumps(item))
        cluster = load(tmp_path)
        assert names(cluster) == ["default/b", "default/a", "default/x", "default/c"]
        assert cluster.report.files[0] == str(tmp_path / "B.YAML")

    @pytest.mark.parametrize("path", [".hidden.yaml", ".git/x.yaml", "notes.txt", "x.yaml.bak"])
    def test_what_in_a_folder_is_not_read(self, tmp_path: Path, path: str) -> None:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("no manifest")
        (tmp_path / "web.yaml").write_text(POD)
        assert load(tmp_path).report.files == (str(tmp_path / "web.yaml"),)

    def test_a_file_reached_twice_is_read_once(self, tmp_path: Path) -> None:
        path = tmp_path / "web.yaml"
        path.write_text(POD)
        assert load(path, tmp_path, str(path)).report.notes == (
            "namespaces without a manifest, known by name only: shop",
            "1 pod without an address",
        )

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POD.encode())))
        cluster = load("-")
        assert names(cluster) == ["shop/web"]
        assert cluster.report.files == ("<stdin>",)

    def test_a_path_that_is_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "policy.yaml").write_text(POD)
        wrong = tmp_path / "polcy.yaml"
        said = f'{wrong}: the path "{wrong}" does not exist. Did you mean {tmp_path}/policy.yaml?'
        assert problems(wrong) == [said]

    def test_a_folder_without_manifests(self, tmp_path: Path) -> None:
        said = "recognized file extensions are [.json .yaml .yml]. The folder has no such file."
        assert problems(tmp_path) == [f"{tmp_path}: {said}"]

    def test_a_file_that_may_not_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "x.yaml").symlink_to(tmp_path)
        assert problems(tmp_path / "x.yaml" / "x.yaml") != []

    def test_all_problems_of_all_files_come_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(in_spec("egres: []"))
        (tmp_path / "b.yaml").write_text("a: [b\n")
        (tmp_path / "c.json").write_text('{"apiVersion": "v1"')
        (tmp_path / "d.yaml").write_bytes(b"a: \xff\n")
        found = [said.removeprefix(f"{tmp_path}/") for said in problems(tmp_path, tmp_path / "e")]
        assert [said.split(": ")[0] for said in found[:4]] == [
            "a.yaml:5:3",
            "b.yaml:1:4",
            "c.json:1:20",
            "d.yaml:1:4",
        ]
        assert "does not exist" in found[4]

    def test_other_yaml_in_a_folder_is_noted(self, tmp_path: Path) -> None:
        (tmp_path / "values.yaml").write_text("replicas: 3\n")
        assert load(tmp_path).report.notes == (
            f"{tmp_path}/values.yaml:1: not a Kubernetes object, left out",
        )
        assert problems(tmp_path / "values.yaml") == [
            f"{tmp_path}/values.yaml:1:1: Object 'Kind' is missing"
        ]

    def test_an_empty_file_is_noted(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("")
        assert load(tmp_path).report.notes == (f"{tmp_path}/a.yaml: empty",)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_byte_order_marks(self, tmp_path: Path, encoding: str) -> None:
        (tmp_path / "a.yaml").write_text(POD, encoding=encoding)
        (tmp_path / "b.json").write_text(json.dumps(ITEM), encoding=encoding)
        assert names(load(tmp_path)) == ["shop/web"]

    def test_progress_sees_every_object(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(f"{POD}---\n{POLICY}  {{}}\n")
        seen: list[Located] = []

        def progress(iterable: Iterable[Located], *, desc: str, unit: str) -> Iterable[Located]:
            assert (desc, unit) == ("Reading manifests", " objects")
            for each in iterable:
                seen.append(each)
                yield each

        load(tmp_path, progress=progress)
        assert [file.name for file, _ in seen] == [str(tmp_path / "a.yaml")] * 2


ITEM_TEXT = "apiVersion: v1, metadata: {name: web, namespace: shop}"
LISTS = [
    json.dumps({"apiVersion": "v1", "kind": "List", "items": [ITEM]}),
    json.dumps({"items": [ITEM], "kind": "List"}),
    json.dumps({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": ITEM["metadata"]}]}),
    json.dumps({"apiVersion": "v1", "items": [{"metadata": ITEM["metadata"]}], "kind": "PodList"}),
    json.dumps({"kind": "List", "items": [{"kind": "List", "items": [ITEM]}]}),
    json.dumps(ITEM) + "\n" + json.dumps({"kind": "List", "items": []}),
    "apiVersion: v1\nitems:\n- metadata: {name: web, namespace: shop}\nkind: PodList\n",
    "kind: PodList\napiVersion: v1\nitems: [{metadata: {name: web, namespace: shop}}]\n",
    f"kind: List\nitems: []\n---\n{POD}",
    f"kind: List\nitems: null\n---\n{POD}",
    f"kind: List\nitems: &items []\n---\n{POD}",
    f"about: &about {{kind: Pod}}\nkind: List\nitems: [{{<<: *about, {ITEM_TEXT}}}]\n",
    "kind: List\nitems:\n- kind: List\n  items:\n  - " + POD.replace("\n", "\n    "),
]


class TestLoads:
    @pytest.mark.parametrize("text", LISTS)
    def test_lists_of_every_kind(self, text: str) -> None:
        assert names(loads(text)) == ["shop/web"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "kind: List\nkind: List\nitems: []\n",
                '<text>:2:1: key "kind" already set in map. It is first set in line 1.',
            ),
            ("items: []\n", "<text>:1:1: Object 'Kind' is missing"),
            ('{"items": []}', "<text>:1:1: Object 'Kind' is missing"),
            (
                "kind: PodList\nitems: [web]\n",
                "<text>:2:9: a manifest is a mapping with apiVersion, kind and metadata, "
                "not a text",
            ),
            ("kind: PodList\nitems: web\n", "<text>:1:1: Object 'apiVersion' is missing"),
        ],
    )
    def test_lists_that_are_wrong(self, text: str, said: str) -> None:
        with pytest.raises(ManifestError) as caught:
            loads(text)
        assert [str(problem) for problem in caught.value.problems] == [said]

    def test_helm_output(self) -> None:
        text = f"---\n# Source: shop/templates/a.yaml\n\n---\n# Source: b\n{POD}\n---\n"
        assert names(loads(text)) == ["shop/web"]

    def test_kinds_that_are_not_modelled_are_counted(self) -> None:
        text = "---\n".join(
            (
                manifest("ConfigMap shop/a"),
                manifest("cilium.io/v2 CiliumEndpoint shop/a"),
                manifest("ConfigMap shop/b"),
            )
        )
        assert loads(text).report.unmodelled == (
            ("ConfigMap", 2),
            ("cilium.io/CiliumEndpoint", 1),
        )

    def test_objects_are_counted_by_kind(self) -> None:
        report = loads(f"{POD}---\n{POLICY}  {{}}\n", "a.yaml").report
        assert report.objects == (("NetworkPolicy", 1), ("Pod", 1))
        assert report.files == ("a.yaml",)

    def test_the_same_object_twice_is_noted(self) -> None:
        assert loads(f"{POD}---\n{POD}").report.notes[0] == (
            "<text>:5: Pod shop/web is the same as in <text>:1"
        )


class TestReadPolicies:
    def test_a_text(self) -> None:
        assert [policy.key for policy in read_policies(in_spec("egress: []"))] == ["shop/web"]

    def test_a_text_in_one_line(self) -> None:
        text = json.dumps(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "a"},
            }
        )
        assert [policy.key for policy in read_policies(text)] == ["default/a"]

    def test_a_path(self, tmp_path: Path) -> None:
        (tmp_path / "p.yaml").write_text(in_spec("egress: []"))
        (policy,) = read_policies(str(tmp_path / "p.yaml"))
        assert str(policy.source) == f"{tmp_path}/p.yaml:1"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (POD, "<text>: expected policies only, found Pod. Load the rest as a cluster."),
            (
                f"{POLICY}  {{}}\n---\n{manifest('cilium.io/v2 CiliumEndpoint a/b')}",
                "<text>: expected policies only, found cilium.io/CiliumEndpoint. "
                "Load the rest as a cluster.",
            ),
            ("\n", "<text>: expected policies only, found nothing. Load the rest as a cluster."),
            ("policy.yaml", 'policy.yaml: the path "policy.yaml" does not exist'),
        ],
    )
    def test_what_is_no_policy(self, text: str, said: str) -> None:
        with pytest.raises(ManifestError) as caught:
            read_policies(text)
        assert [str(problem) for problem in caught.value.problems] == [said]

    def test_a_cluster_takes_texts(self) -> None:
        cluster = loads(POD).with_policies(in_spec("policyTypes: [Egress]"))
        assert [policy.key for policy in cluster.policies] == ["shop/web"]
