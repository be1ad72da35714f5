"""The names that Calico gives, against those of its repository and of nodes in the open."""

import pytest

from nsimlib.datapath.calico_names import (
    Version,
    interface_of,
    policy_chain,
    policy_comment,
    profile_chain,
    rule_hashes,
    set_name,
    short,
    unique_id,
)
from nsimlib.datapath.calico_rules import RETURN, is_set, set_mark
from nsimlib.datapath.calico_selectors import canonical
from nsimlib.datapath.calico_settings import ACCEPT
from nsimlib.datapath.calico_spelling import Draft, finished
from nsimlib.datapath.matches import Conntrack, Multiport, Proto
from nsimlib.datapath.ruleset import Target
from nsimlib.model.addresses import Family
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.selectors import LabelSelector
from tests.builders import EGRESS, INGRESS

V3_28, V3_29, V3_32 = Version
OF_DB = "cali40s:LrVD8vMIGQDyv8Y7sPFB1Ge"


def network_policy(key: str, kind: str = "NetworkPolicy") -> Policy:
    namespace, _, name = key.rpartition("/")
    return Policy(kind, namespace or None, name, PodPeer(), frozenset(Direction), frozenset())


@pytest.mark.parametrize(
    ("version", "chain"),
    [
        (V3_32, "cali-po-_jQ-tjK0ApHyXidA4QM-"),
        (V3_29, "cali-po-_p5xBDcW26GTHwhKlkZL"),
        (V3_28, "cali-po-_csro5XOwrfO2fEyW2g4"),
    ],
)
def test_chains_of_policies_by_release(version: Version, chain: str) -> None:
    """F2.26."""
    assert policy_chain(network_policy("production/app-to-rds"), EGRESS, version) == chain


@pytest.mark.parametrize(
    ("policy", "version", "chain"),
    [
        (network_policy("shop/web"), V3_32, "cali-pi-knp/shop/web"),
        (network_policy("deny-all", "GlobalNetworkPolicy"), V3_32, "cali-pi-gnp/deny-all"),
        (network_policy("default/allow-db-access"), V3_28, "cali-pi-_tTE-E7yY40ogArNVgKt"),
    ],
)
def test_chains_of_policies(policy: Policy, version: Version, chain: str) -> None:
    assert policy_chain(policy, INGRESS, version) == chain


@pytest.mark.parametrize(
    ("version", "comment"),
    [
        (V3_32, "KubernetesNetworkPolicy production/app-to-rds egress"),
        (V3_29, "Policy production/knp.default.app-to-rds egress"),
        (V3_28, "Policy production/knp.default.app-to-rds egress"),
    ],
)
def test_notes_on_policies_by_release(version: Version, comment: str) -> None:
    """F2.31."""
    assert policy_comment(network_policy("production/app-to-rds"), EGRESS, version) == comment


@pytest.mark.parametrize(
    ("profile", "chain"),
    [
        ("kns.production", "cali-pro-kns.production"),
        ("ksa.production.default", "cali-pro-_aS7lq01Ta9F51MD38F"),
    ],
)
def test_chains_of_profiles(profile: str, chain: str) -> None:
    """F2.26."""
    assert profile_chain(profile, EGRESS) == chain


@pytest.mark.parametrize(
    ("name", "kept"),
    [("x" * 20, True), ("x" * 21, False), ("_" + "x" * 19, False), ("_" + "x" * 18, True)],
)
def test_names_are_hashed_where_they_are_too_long_or_look_like_a_hash(
    name: str, kept: bool
) -> None:
    found = short("cali-po-", name)
    assert len(found) <= 28
    assert (found == f"cali-po-{name}") is kept


@pytest.mark.parametrize(
    ("pod", "interface"),
    [("production.api-server-0", "calieb14ec1a98a"), ("default.podA", "cali7f94ce7c295")],
)
def test_interfaces(pod: str, interface: str) -> None:
    """F2.27."""
    namespace, _, name = pod.partition(".")
    assert interface_of(namespace, name) == interface


def test_the_set_of_a_selector() -> None:
    """As a node had it for a `podSelector` in the namespace default."""
    labels = LabelSelector.of({"networking/allow-db-access": "true"})
    text = canonical(PodPeer(pods=labels), "default")
    assert set_name(unique_id("s", text), Family.IPV4) == OF_DB


def test_sets_of_both_families_differ_in_the_prefix() -> None:
    names = [set_name("s:abc", family) for family in Family]
    assert names == ["cali40s:abc", "cali60s:abc"]


SET_MARK, IS_MARKED = "--jump MARK --set-mark 0x10000/0x10000", "-m mark --mark 0x10000/0x10000"
ACCEPTED = '-m comment --comment "Policy explicitly accepted packet."'


@pytest.mark.parametrize(
    ("chain", "rules", "hashes"),
    [
        ("INPUT", ["--jump cali-INPUT"], ["Cz_u1IQiXIMmKD4c"]),
        ("FORWARD", ["--jump cali-FORWARD"], ["wUHhoiAYhphO9Mso"]),
        ("OUTPUT", ["--jump cali-OUTPUT"], ["tVnHkvAo15HuiPy0"]),
        (
            "FORWARD*appends*",
            [f"{ACCEPTED} {IS_MARKED} --jump ACCEPT", SET_MARK],
            ["S93hcgKJrXEqnTfs", "mp77cMpurHhyjLrM"],
        ),
        (
            "cali-pi-_tTE-E7yY40ogArNVgKt",
            [f"-m set --match-set {OF_DB} src {SET_MARK}", f"{IS_MARKED} --jump RETURN"],
            ["M4Und37HGrw6jUk8", "sEnlfZagUFRSPRoe"],
        ),
    ],
)
def test_hashes_of_rules(chain: str, rules: list[str], hashes: list[str]) -> None:
    """As every node with Calico has them, and one with this policy had them."""
    assert list(rule_hashes(chain, rules)) == hashes


def test_hashes_of_the_whole_chain_of_a_pod() -> None:
    """As a node with an older release had them: each covers all before it, in Felix's own words."""
    drop = Target("DROP")
    profiles = ("cali-pro-kns.default", "cali-pro-ksa.default.default")
    in_profiles = (
        draft
        for profile in profiles
        for draft in (
            Draft(target=Target(profile)),
            Draft((is_set(ACCEPT),), RETURN, ("Return if profile accepted",)),
        )
    )
    tunnel = "encapped packets originating in pods"
    vxlan = Proto("udp"), Multiport("dst", ((4789, 4789),))
    drafts = (
        Draft((Conntrack(("RELATED", "ESTABLISHED")),), Target("ACCEPT")),
        Draft((Conntrack(("INVALID",)),), drop),
        Draft(target=set_mark(0, ACCEPT)),
        Draft(vxlan, drop, (f"Drop VXLAN {tunnel}",), by_number=True),
        Draft((Proto("ipencap"),), drop, (f"Drop IPinIP {tunnel}",), by_number=True),
        *in_profiles,
        Draft(target=drop, notes=("Drop if no profiles matched",)),
    )
    chain = finished("cali-fw-cali95aa86cbb2a", drafts)
    assert [rule.comments[0].removeprefix("cali:") for rule in chain.rules] == [
        "3XN24uu3MS3PMvfM",
        "xyfc0rlfldUi6JAS",
        "wG4_76ot8e_QgXek",
        "Ze6pH1ZM5N1pe76G",
        "3bjax7tRUEJ2Uzew",
        "0pCFB_VsKq1qUOGl",
        "mbgUOxlInVlwb2Ie",
        "I7GVOQegh6Wd9EMv",
        "g5ViWVLiyVrKX91C",
        "RBmQDo38EoPmxJ0I",
    ]
    assert [str(rule) for rule in chain.rules[3:5]] == [
        '-p udp -m comment --comment "cali:Ze6pH1ZM5N1pe76G" -m comment --comment'
        f' "Drop VXLAN {tunnel}" -m multiport --dports 4789 -j DROP',
        '-p ipencap -m comment --comment "cali:3bjax7tRUEJ2Uzew" -m comment --comment'
        f' "Drop IPinIP {tunnel}" -j DROP',
    ]
