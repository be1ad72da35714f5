"""What must not change what is found: order, style, names of namespaces, and strangers."""

from collections import Counter
from random import Random

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from nsimlib.audit import audit
from nsimlib.audit.findings import Finding
from nsimlib.manifests import dump, loads
from nsimlib.model.cluster import Cluster
from tests.strategies import guarded

pytestmark = pytest.mark.laws

#: of two rules or policies that say the same, the order decides which one is told of
BY_ORDER = ("NSIM-R801", "NSIM-R802", "NSIM-R803", "NSIM-R807")
STRANGER = """
apiVersion: v1
kind: Namespace
metadata: {name: stranger}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: stranger, labels: {of: stranger}}
"""


def text_of(cluster: Cluster) -> str:
    """A cluster as YAML; what no manifest can say is no case."""
    try:
        return dump(cluster)
    except TypeError:
        assume(False)
        raise


def everything(cluster: Cluster) -> list[Finding]:
    found = audit(cluster, cni="calico").findings
    return [f for each in found for f in (each, *each.consequences) if f.id not in BY_ORDER]


@given(guarded(), st.randoms(use_true_random=False), st.booleans())
def test_order_and_style_change_no_finding(cluster: Cluster, random: Random, flow: bool) -> None:
    text = text_of(cluster)
    manifests = list(yaml.safe_load_all(text))
    random.shuffle(manifests)
    for each in manifests:
        for direction in ("ingress", "egress"):
            if each["kind"] == "NetworkPolicy" and direction in each["spec"]:
                random.shuffle(each["spec"][direction])
    shuffled = yaml.safe_dump_all(manifests, sort_keys=True, default_flow_style=flow)
    one, other = (Counter(f.fingerprint for f in everything(loads(t))) for t in (text, shuffled))
    assert one == other


@given(guarded())
def test_another_name_of_a_namespace_changes_no_id(cluster: Cluster) -> None:
    text = text_of(cluster)
    one, other = (
        Counter(f.id for f in everything(loads(t))) for t in (text, text.replace("shop", "store"))
    )
    assert one == other


@given(guarded())
def test_a_stranger_takes_no_finding_away(cluster: Cluster) -> None:
    text = text_of(cluster)
    before = {f.fingerprint for f in everything(loads(text))}
    after = {f.fingerprint for f in everything(loads(f"{text}---{STRANGER}"))}
    assert before <= after
