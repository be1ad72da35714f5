"""Redacted clusters as somebody gets them: nothing that was the owner's, and the same findings."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

import nsimlib as ns
from nsimlib.errors import NsimError, RedactionError
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Node, Pod, Service
from nsimlib.redaction.addresses import Addresses
from nsimlib.redaction.redact import redact
from nsimlib.redaction.words import Words
from tests.conftest import ROOT

KEY = "example"
WORDS, ADDRESSES = Words(KEY.encode()), Addresses(KEY.encode())
CORPORA = ROOT.parent / "shared" / "corpora"
SCENARIOS = sorted(path.name for path in (ROOT / "data" / "scenarios").iterdir())
#: what only a manifest of the author's own shows: how it is written
ON_TEXT = ("NSIM-H906", "NSIM-H907", "NSIM-R801", "NSIM-T601")
#: values that the API has, and a name may have as well
API = {"Pod", "Allow", "Deny", "Exists", "Node", "InternalIP"}
POLICY = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: names, namespace: shop}}
spec:
  endpointSelector: {{}}
  egress:
  - toFQDNs:
    - matchName: api-1.partner.example
    - matchPattern: '{pattern}'
"""
TIED = """
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: shop, labels: {app: one}}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: shop, labels: {app: two}}
status: {podIP: 10.0.0.2}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: alpha}
spec: {order: 10, selector: app == "one", types: [Egress], egress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: omega}
spec: {order: 10, selector: app == "one", types: [Egress], egress: [{action: Deny}]}
"""


def named(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Every word of a cluster that may be somebody's, with what stands for it."""
    pods = (*cluster.pods, *cluster.finished)
    words = [*cluster.namespaces, *(each.name for each in cluster.policies)]
    words += [each.name for each in cluster.places]
    labelled: tuple[Pod | Node | Service, ...] = (*pods, *cluster.nodes, *cluster.services)
    labels = [each.labels for each in labelled]
    words += [each.name for each in labelled]
    words += [value for each in labels for value in each.values()]
    yield from ((word, WORDS.word(word)) for word in words)
    yield from ((key, WORDS.key_of_label(key)) for each in labels for key in each)
    names = (name for place in cluster.places for name in place.names)
    yield from ((name, WORDS.domain(name)) for name in names)
    ends: tuple[Pod | Node, ...] = (*pods, *cluster.nodes)
    addresses = (address for each in ends for address in each.addresses)
    yield from ((str(each), str(ADDRESSES.address(each))) for each in addresses)


def leaves(data: object) -> Iterator[str]:
    """The values of a manifest, and keys that are no field of the API's."""
    match data:
        case dict():
            yield from (key for key in data if not str(key).isalpha())
            yield from (leaf for each in data.values() for leaf in leaves(each))
        case list():
            yield from (leaf for each in data for leaf in leaves(each))
        case str():
            yield data


def parts(words: Iterable[str]) -> set[str]:
    return {part for word in words for part in (word, *re.split(r"[^A-Za-z0-9]+", word))}


def assert_nothing_leaks(cluster: Cluster) -> None:
    pairs = list(named(cluster))
    said = parts(after for _, after in pairs)
    hidden = {part for part in parts(before for before, _ in pairs) - said if is_somebodys(part)}
    manifests = [each for each in yaml.safe_load_all(redact(cluster, KEY).yaml) if each]
    # The names of EndpointSlices are made of those of their Services.
    shown = parts(m for each in manifests if each["kind"] != "EndpointSlice" for m in leaves(each))
    assert shown & hidden <= API


def is_somebodys(part: str) -> bool:
    return len(part) > 2 and not part.isdigit() and WORDS.word(part) != part


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_of_a_scenario_leaks(name: str) -> None:
    assert_nothing_leaks(ns.scenario(name))


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("cni", ["calico", "cilium"])
def test_the_audit_finds_the_same(name: str, cni: str) -> None:
    cluster = ns.scenario(name)
    found = [ids(each, cni) for each in (cluster, redact(cluster, KEY).cluster)]
    assert found[0] == found[1]


def ids(cluster: Cluster, cni: str) -> list[tuple[str, int]]:
    found = ns.audit(cluster, cni=cni).findings
    return sorted((f.id, f.severity) for f in found if f.id not in ON_TEXT)


def test_the_same_key_gives_the_same_text() -> None:
    texts = {redact(ns.scenario("shop"), KEY).yaml for _ in range(2)}
    assert len(texts) == 1
    assert redact(ns.scenario("shop")).key != redact(ns.scenario("shop")).key


def test_the_legend_says_what_stands_for_what() -> None:
    found = redact(ns.scenario("shop"), KEY)
    assert found.legend[WORDS.word("shop")] == "shop"
    assert all(said not in ("kube-system", "default") for said in found.legend)


def test_a_star_between_words_is_kept() -> None:
    found = redact(ns.loads(POLICY.format(pattern="api-*.partner.example")), KEY)
    assert f"{WORDS.word('api')}-*.{WORDS.word('partner')}.example" in found.yaml


def test_a_star_within_a_word_is_refused() -> None:
    with pytest.raises(RedactionError, match="part of a word"):
        redact(ns.loads(POLICY.format(pattern="ap*.partner.example")), KEY)


@pytest.mark.parametrize("key", ["a", "b", "c", "d", "e", "f"])
def test_policies_that_names_put_into_order_stay_in_it(key: str) -> None:
    cluster = ns.loads(TIED)
    after = redact(cluster, key).cluster
    asked = (f"{pods[0].key} -> {pods[1].key}:80/TCP" for pods in (cluster.pods, after.pods))
    found = [ns.why(c, each, cni="calico") for c, each in zip((cluster, after), asked, strict=True)]
    assert [each.outcome.value for each in found] == ["allowed", "allowed"]


def test_what_is_left_out_is_said() -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n"
    assert redact(ns.loads(text), KEY).notes == (
        "left out: 1 Secret, which nsimlib does not model",
    )


def folders() -> list[Path]:
    return sorted(CORPORA.glob("*/*")) if CORPORA.is_dir() else []


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_nothing_of_a_corpus_leaks(folder: Path) -> None:
    try:
        cluster = ns.load(str(folder), strict=False)
    except NsimError:
        return
    assert_nothing_leaks(cluster)
