"""The text that nft is given, and how it is parted."""

from collections.abc import Iterable, Iterator

from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.packets.nftables import MOST, parted, policy_statements
from tests.builders import EGRESS, INGRESS, block, cluster, pod, pods, policy, rule

WEB = pod("shop/web", "10.0.0.1", app="web")
DB = pod("shop/db", "10.0.0.2", "fd00::2", app="db")


def rules(made: Cluster, pods: Iterable[Pod]) -> Iterator[str]:
    return parted(policy_statements(made, pods))


def test_one_policy_as_nft_reads_it() -> None:
    allowing = policy("shop/p", rule(pods(app="db"), ports="5432/TCP"), app="web")
    (text,) = rules(cluster(WEB, DB, policies=[allowing]), [WEB, DB])
    assert text.splitlines() == [
        "add table inet policies",
        "add chain inet policies egress_1",
        "add set inet policies egress_1_4 "
        "{ type ipv4_addr . inet_proto . inet_service; flags interval; }",
        "add element inet policies egress_1_4 { 10.0.0.2 . tcp . 5432 }",
        "add rule inet policies egress_1 ip daddr . meta l4proto . th dport @egress_1_4 return",
        "add set inet policies egress_1_6 "
        "{ type ipv6_addr . inet_proto . inet_service; flags interval; }",
        "add element inet policies egress_1_6 { fd00::2 . tcp . 5432 }",
        "add rule inet policies egress_1 ip6 daddr . meta l4proto . th dport @egress_1_6 return",
        "add rule inet policies egress_1 counter drop",
        "add map inet policies senders { type ifname : verdict; }",
        "add element inet policies senders { cali551b05c3e54 : jump egress_1 }",
        "add map inet policies receivers { type ifname : verdict; }",
        "add chain inet policies forward "
        "{ type filter hook forward priority filter; policy accept; }",
        "add rule inet policies forward ct state established,related accept",
        "add rule inet policies forward iifname vmap @senders",
        "add rule inet policies forward oifname vmap @receivers",
    ]


def test_pods_that_may_do_the_same_share_a_chain() -> None:
    twin = pod("shop/web-2", "10.0.0.3", app="web")
    allowing = policy("shop/p", rule(block("10.0.0.0/8")), app="web")
    (text,) = rules(cluster(WEB, twin, policies=[allowing]), [WEB, twin])
    assert text.count("add chain inet policies egress_") == 1
    assert text.count("jump egress_1") == 2


def test_large_policies_are_parted_and_hooked_in_last() -> None:
    some = (rule(block(f"10.{n // 250}.{n % 250}.0/25"), ports="80/TCP") for n in range(3000))
    both = policy("shop/p", *some, directions=[EGRESS, INGRESS])
    parts = list(rules(cluster(WEB, policies=[both]), [WEB]))
    assert len(parts) > 3
    assert max(map(len, parts)) < MOST
    assert [("hook forward" in part) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert sum(part.count(". tcp . 80") for part in parts) == 3000
