"""Counters of a node → the policies that dropped."""

import re

import pytest

import nsimlib as ns
from nsimlib.datapath.blame import Dropped, Reason, which_policy_dropped
from nsimlib.datapath.calico_names import Version
from nsimlib.datapath.calico_settings import Denial, Settings
from nsimlib.datapath.entry import datapath
from nsimlib.errors import RulesetSyntaxError
from nsimlib.manifests import loads
from tests.builders import EGRESS, INGRESS
from tests.datapath.examples import calico, many

SHOP = ns.scenario("shop")
WEB = "web-7c9d5f8b64-h2xkq"


def counted(text: str, *patterns: str) -> str:
    """What `iptables-save -c` printed, after packets met the rules with such a text."""
    lines = text.splitlines()
    for number, pattern in enumerate(patterns, 1):
        at = next(n for n, line in enumerate(lines) if re.search(pattern, line))
        lines[at] = re.sub(r"^\[0:0\]", f"[{number}:{60 * number}]", lines[at])
    return "\n".join(lines)


def saved(settings: Settings | None = None) -> str:
    of = datapath("calico", SHOP, f"shop/{WEB}", settings=settings or Settings())
    return of.save(counters=True)


FROM_WEB = "cali-fw-cali47a8819679e.*"


def only(found: tuple[Dropped, ...]) -> Dropped:
    (one,) = found
    return one


def test_the_drop_is_at_the_end_of_the_tier_and_the_policy_before_it() -> None:
    """F2.24."""
    found = only(which_policy_dropped(counted(saved(), FROM_WEB + "End of tier"), SHOP))
    assert (found.reason, found.direction) == (Reason.NO_POLICY_ALLOWED, EGRESS)
    assert found.pod is not None
    assert found.pod.name == WEB
    assert found.names == ("NetworkPolicy shop/web-egress",)
    (policy,) = found.policies
    assert policy.source.file.endswith(".yaml")
    assert str(found) == (
        f"1 packets, egress of shop/{WEB}, no policy of the tier let it through:"
        " NetworkPolicy shop/web-egress"
    )


def test_without_a_cluster_the_notes_on_the_rules_say_enough() -> None:
    """F2.31."""
    found = only(which_policy_dropped(counted(saved(), FROM_WEB + "End of tier")))
    assert (found.interface, found.pod, found.policies) == ("cali47a8819679e", None, ())
    assert found.names == ("NetworkPolicy shop/web-egress",)


@pytest.mark.parametrize("version", Version)
def test_policies_are_known_in_the_notes_of_every_release(version: Version) -> None:
    text = counted(saved(Settings(version=version)), FROM_WEB + "End of tier")
    assert only(which_policy_dropped(text)).names == ("NetworkPolicy shop/web-egress",)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (FROM_WEB + "INVALID", Reason.INVALID),
        (FROM_WEB + "VXLAN", Reason.TUNNEL),
        ("cali-from-wl-dispatch .*Unknown interface", Reason.UNKNOWN_INTERFACE),
        (FROM_WEB + "no profiles", Reason.NO_PROFILE),
    ],
)
def test_other_reasons_are_no_policy_s(pattern: str, reason: Reason) -> None:
    found = only(which_policy_dropped(counted(saved(), pattern), SHOP))
    assert (found.reason, found.names) == (reason, ())


def test_a_deny_rule_drops_in_the_chain_of_its_policy() -> None:
    cluster = loads(calico("types: [Ingress], ingress: [{action: Deny, protocol: TCP}]"))
    text = datapath("calico", cluster, "shop/web").save(counters=True)
    found = only(which_policy_dropped(counted(text, "cali-pi-gnp/p .*-j DROP"), cluster))
    assert (found.reason, found.direction) == (Reason.DENY_RULE, INGRESS)
    assert [policy.key for policy in found.policies] == ["p"]


def test_all_policies_of_the_tier_are_named_those_in_groups_too() -> None:
    cluster = loads(many(3))
    text = datapath("calico", cluster, "shop/web").save(counters=True)
    found = only(which_policy_dropped(counted(text, "cali-fw-.*End of tier"), cluster))
    assert found.names == tuple(f"NetworkPolicy shop/p{n}" for n in range(3))


def test_the_most_packets_come_first() -> None:
    text = counted(saved(), FROM_WEB + "INVALID", FROM_WEB + "VXLAN")
    assert [each.counters.packets for each in which_policy_dropped(text)] == [2, 1]


def test_rejecting_counts_as_dropping() -> None:
    text = counted(saved(Settings(denial=Denial.REJECT)), FROM_WEB + "End of tier")
    assert only(which_policy_dropped(text)).reason is Reason.NO_POLICY_ALLOWED


def test_rules_of_others_drop_too() -> None:
    text = "*filter\n:FORWARD ACCEPT [0:0]\n[3:180] -A FORWARD -j DROP\nCOMMIT\n"
    found = only(which_policy_dropped(text, SHOP))
    assert (found.reason, str(found)) == (
        Reason.OTHER,
        "3 packets, FORWARD, a rule that is none of Calico's for pods",
    )


def test_without_counters_nobody_can_say() -> None:
    with pytest.raises(RulesetSyntaxError, match="iptables-save -c"):
        which_policy_dropped(datapath("calico", SHOP, "shop/web").save())
