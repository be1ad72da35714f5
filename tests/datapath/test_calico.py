"""What Felix writes for a policy, line by line."""

from pathlib import Path

import pytest

from nsimlib.datapath.calico import CalicoNode
from nsimlib.datapath.calico_names import Version
from nsimlib.datapath.calico_settings import Denial, Settings
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.manifests import loads
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from tests.datapath.examples import (
    PORTS_16,
    RDS,
    TIERS,
    calico,
    egress,
    many,
    node,
    scattered,
)

#: the listing of F2.30, with the interface and the set that belong to the pods above
LISTING = (Path(__file__).parent / "listing.rules").read_text(encoding="utf-8")
#: notes that Felix writes and the listing of F2.30 leaves out
NOT_LISTED = "cali:", "Return if profile accepted", "Drop VXLAN", "Drop IPinIP"


def test_the_listing_of_a_policy_line_by_line() -> None:
    """F2.30, chain by chain, as the listing holds some chains and their lines in order."""
    rules = node(RDS).ruleset().without_comments(*NOT_LISTED)
    listed = LISTING.splitlines()
    chains = dict.fromkeys(line.split()[1] for line in listed)
    for chain in chains:
        ours = [str(line) for line in rules.lines if line.chain == chain]
        assert ours == [line for line in listed if line.split()[1] == chain]


def test_the_set_of_the_listing() -> None:
    assert node(RDS).save_sets() == (
        "create cali40s:TwSPtm330ezw8L_TsjzvdD8 hash:net family inet maxelem 1048576\n"
        "add cali40s:TwSPtm330ezw8L_TsjzvdD8 10.244.2.2\n"
    )


def test_the_article_s_chain_is_nowhere() -> None:
    """E32, E33, E35: no such name, no ACCEPT in a policy's chain, no REJECT by default."""
    text = node(RDS).save()
    assert "EGRESS-MYPOD" not in text
    assert "REJECT" not in text
    policies = [line for line in text.splitlines() if line.startswith("-A cali-po-")]
    assert [line for line in policies if "-j ACCEPT" in line] == []


# One rule of a policy


def lines(found: Datapath, chain: str, family: Family = Family.IPV4) -> list[str]:
    """The lines of chains that begin so, without what is the same in all."""
    rules = found.ruleset(family).without_comments("cali:", "Kube", "Global", "Policy ")
    return [
        str(line.rule).replace("MARK --set-xmark", "MARK")
        for line in rules.lines
        if line.chain.startswith(chain)
    ]


ALLOW = "-j MARK 0x10000/0x10000"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param("{}", [ALLOW], id="everything"),
        pytest.param(
            "{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}",
            [ALLOW],
            id="iptables-save prints no block of all addresses",
        ),
        pytest.param(
            "{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}]}",
            [
                "-j MARK 0x80000/0x180000",
                "-d 10.1.0.0/16 -j MARK 0x0/0x80000",
                "-d 10.2.0.0/16 -j MARK 0x0/0x80000",
                f"-d 10.0.0.0/8 -m mark --mark 0x80000/0x80000 {ALLOW}",
            ],
            id="except (F2.29)",
        ),
        pytest.param(
            "{ports: [{port: 443}, {port: 80}, {port: 81}, {port: 8000, endPort: 8999}]}",
            [f"-p tcp -m multiport --dports 80:81,443,8000:8999 {ALLOW}"],
            id="ports that touch are one range",
        ),
        pytest.param(
            "{ports: [{port: 53, protocol: UDP}, {port: 53}]}",
            [
                f"-p tcp -m multiport --dports 53 {ALLOW}",
                "-m mark --mark 0x10000/0x10000 -j RETURN",
                f"-p udp -m multiport --dports 53 {ALLOW}",
            ],
            id="a rule for each protocol (F2.8)",
        ),
        pytest.param(
            f"{{ports: [{PORTS_16}]}}",
            [
                "-j MARK 0x0/0x180000",
                "-p tcp -m multiport --dports 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30"
                " -j MARK 0x80000/0x80000",
                "-p tcp -m multiport --dports 32 -j MARK 0x80000/0x80000",
                f"-p tcp -m mark --mark 0x80000/0x80000 {ALLOW}",
            ],
            id="more than 15 ports (F2.28)",
        ),
        pytest.param("{ports: [{protocol: SCTP}]}", [f"-p sctp {ALLOW}"], id="every port"),
    ],
)
def test_rules_of_a_network_policy(rule: str, expected: list[str]) -> None:
    assert lines(node(egress(rule)), "cali-po-") == expected


def test_named_ports_are_pairs_of_address_and_port() -> None:
    """F2.28; the selector is inside the set, so no line asks for it."""
    found = node(egress("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: sql}]}"))
    (pairs,) = found.sets()
    assert lines(found, "cali-po-") == [f"-p tcp -m set --match-set {pairs.name} dst,dst {ALLOW}"]
    assert (pairs.type, [str(entry) for entry in pairs.entries]) == (
        "hash:ip,port",
        ["10.244.1.11,tcp:5432"],
    )


def test_named_and_numbered_ports_together() -> None:
    ports = "[{port: sql}, {port: 80}]"
    found = node(egress(f"{{to: [{{podSelector: {{matchLabels: {{app: db}}}}}}], ports: {ports}}}"))
    pairs, selected = found.sets()
    assert lines(found, "cali-po-") == [
        "-j MARK 0x0/0x180000",
        "-p tcp -m multiport --dports 80 -j MARK 0x80000/0x80000",
        f"-m set --match-set {pairs.name} dst,dst -j MARK 0x80000/0x80000",
        f"-p tcp -m set --match-set {selected.name} dst -m mark --mark 0x80000/0x80000 {ALLOW}",
    ]


def test_each_family_has_the_blocks_that_are_its_own() -> None:
    found = node(egress("{to: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 'fd00::/8'}}]}"))
    assert lines(found, "cali-po-") == [f"-d 10.0.0.0/8 {ALLOW}"]
    assert lines(found, "cali-po-", Family.IPV6) == [f"-d fd00::/8 {ALLOW}"]


def test_a_policy_without_rules_has_a_line_that_only_names_it() -> None:
    found = node(egress(""))
    (line,) = (line for line in found.rules if line.chain == "cali-po-knp/shop/p")
    assert line.rule.target is None
    assert line.rule.comments[1:] == ("KubernetesNetworkPolicy shop/p egress",)


# Calico's own kinds


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(
            "{action: Deny, protocol: TCP}",
            ["-p tcp -j MARK 0x40000/0x40000", "-m mark --mark 0x40000/0x40000 -j DROP"],
            id="Deny",
        ),
        pytest.param(
            "{action: Pass}, {action: Allow}",
            [
                "-j MARK 0x20000/0x20000",
                "-m mark --mark 0x20000/0x20000 -j RETURN",
                "-j MARK 0x10000/0x10000",
            ],
            id="Pass",
        ),
        pytest.param(
            "{action: Log, protocol: UDP}",
            ['-p udp -j LOG --log-prefix "calico-packet: " --log-level 5'],
            id="Log",
        ),
        pytest.param(
            "{action: Allow, destination:"
            " {nets: [10.0.0.0/8, 192.168.0.0/16], notNets: [10.1.0.0/16]}}",
            [
                "-j MARK 0x0/0x180000",
                "-d 10.0.0.0/8 -j MARK 0x80000/0x80000",
                "-d 192.168.0.0/16 -j MARK 0x80000/0x80000",
                f"! -d 10.1.0.0/16 -m mark --mark 0x80000/0x80000 {ALLOW}",
            ],
            id="several blocks",
        ),
        pytest.param(
            "{action: Allow, protocol: ICMP, icmp: {type: 8}}",
            [f"-p icmp -m icmp --icmp-type 8 {ALLOW}"],
            id="ICMP",
        ),
        pytest.param(
            "{action: Allow, protocol: 47}", [f"-p gre {ALLOW}"], id="a protocol by number"
        ),
        pytest.param(
            "{action: Allow, notProtocol: UDP}", [f"! -p udp {ALLOW}"], id="all but a protocol"
        ),
        pytest.param(
            "{action: Allow, protocol: TCP, destination: {notPorts: [80, '8000:8999']}}",
            [f"-p tcp -m multiport ! --dports 80,8000:8999 {ALLOW}"],
            id="all but ports",
        ),
    ],
)
def test_rules_of_calico_s_own_policies(rule: str, expected: list[str]) -> None:
    found = node(calico(f"types: [Egress], egress: [{rule}]"))
    assert lines(found, "cali-po-") == expected


def test_tiers_in_their_order_and_policies_in_theirs() -> None:
    """F2.2, F2.7, F2.8: a tier that passes has no denial at its end."""
    shown = [line for line in endpoint(node(TIERS), "cali-fw-") if "tier" in line or "-po-" in line]
    assert shown == [
        '-m comment --comment "Start of tier security" -j MARK 0x0/0x20000',
        "-m mark --mark 0x0/0x20000 -j cali-po-gnp/security.first",
        '-m comment --comment "Start of tier default" -j MARK 0x0/0x20000',
        "-m mark --mark 0x0/0x20000 -j cali-po-knp/shop/k8s",
        "-m mark --mark 0x0/0x20000 -j cali-po-gnp/late",
        '-m comment --comment "End of tier default. Drop if no policies passed packet"'
        " -m mark --mark 0x0/0x20000 -j DROP",
    ]


def endpoint(found: Datapath, prefix: str) -> list[str]:
    """The lines of the pod's own chain."""
    names = dict.fromkeys(line.chain for line in found.rules if line.chain.startswith(prefix))
    mine = CalicoNode(found.cluster, found.cluster.pods[:1], found.profile, found.settings)
    return lines(found, next(name for name in names if name[8:] == mine.endpoints[0].interface))


def test_policies_in_a_row_with_one_selector_share_a_chain() -> None:
    """F2.25: a packet that is decided goes back after every fifth."""
    found = node(many(7))
    jumps = [line for line in endpoint(found, "cali-fw-") if "-j cali-" in line]
    assert jumps[0].startswith("-m mark --mark 0x0/0x20000 -j cali-go-")
    group = lines(found, "cali-go-")
    verdict = '-m comment --comment "Return on verdict" -m mark ! --mark 0x0/0x30000 -j RETURN'
    assert group[0] == "-j cali-po-knp/shop/p0"
    assert group[1:5] == [
        f"-m mark --mark 0x0/0x30000 -j cali-po-knp/shop/p{n}" for n in range(1, 5)
    ]
    assert group[5:] == [
        verdict,
        "-j cali-po-knp/shop/p5",
        "-m mark --mark 0x0/0x30000 -j cali-po-knp/shop/p6",
    ]


# Settings and the node


def test_rejecting_is_a_setting_of_the_node() -> None:
    """F2.13: whatever drops with one setting rejects with the other, and says so."""
    dropping, rejecting = (node(egress(""), Settings(denial=each)) for each in Denial)
    reject = "-j REJECT --reject-with icmp-port-unreachable"
    assert lines(rejecting, "cali-") == [
        line.replace("-j DROP", reject).replace("Drop ", "Reject ")
        for line in lines(dropping, "cali-")
    ]
    assert "icmp6-port-unreachable" in rejecting.save(Family.IPV6)


def test_tunnels_are_a_setting_of_the_node() -> None:
    """F2.20: only what leaves a pod is looked at."""
    closed, opened = (
        node(egress("{}"), Settings(allow_vxlan=each, allow_ipip=each)).save()
        for each in (False, True)
    )
    assert closed.count("encapped") == 2 * 2
    assert opened.count("encapped") == 0


def test_the_chain_names_of_a_release() -> None:
    found = node(RDS, Settings(version=Version.V3_28))
    assert lines(found, "cali-po-_csro5XOwrfO2fEyW2g4")


def test_interfaces_are_found_by_their_next_letter() -> None:
    """F2.22: calidb… and calid5… share a chain, calif1… has none to share."""
    found = node(scattered("a", "b", "c", "d", "e", "f"))
    root = lines(found, "cali-from-wl-dispatch")
    leading = [line for line in root if "-g cali-from-wl-dispatch-" in line]
    names = [line.split()[1] for line in leading]
    assert all(name.endswith("+") and len(name) == len("calix+") for name in names)
    assert all(line.split()[3] == f"cali-from-wl-dispatch-{line.split()[1][4]}" for line in leading)
    unknown = '-m comment --comment "Unknown interface" -j DROP'
    assert root.count(unknown) == 1 + len(leading)


def test_only_what_the_node_needs_is_there() -> None:
    cluster: Cluster = loads(RDS)
    found = datapath("calico", cluster, "kube-system/coredns")
    assert "app-to-rds" not in found.save()
    assert found.sets() == ()


def test_pods_without_an_address_are_given_one_and_said() -> None:
    found = node(RDS.replace("status: {podIP: 10.244.1.10}", ""))
    assert {key: str(address) for key, address in found.assumed.items()} == {
        "production/api-server-0": "100.64.0.1"
    }


def test_conditions_that_felix_has_no_rule_for_are_told() -> None:
    """F2.12: open source Calico has no domain names."""
    domain = "{action: Allow, destination: {domains: [db.example.com]}}"
    found = node(calico(f"types: [Egress], egress: [{domain}, {{action: Deny}}]"))
    assert [(origin.path, why) for origin, why in found.left_out()] == [
        ("spec.egress[0]", "no rule of iptables can ask for destination.domains")
    ]
    assert len(lines(found, "cali-po-")) == 2


def test_blocks_to_take_out_leave_the_other_family_without_a_rule() -> None:
    rule = "{action: Allow, destination: {notNets: [10.0.0.0/8]}}"
    found = node(calico(f"types: [Egress], egress: [{rule}]"))
    assert lines(found, "cali-po-") == [f"! -d 10.0.0.0/8 {ALLOW}"]
    assert found.left_out() == ()
    assert lines(found, "cali-po-", Family.IPV6) == [""]
    assert [why for _, why in found.left_out(Family.IPV6)] == [
        "what it takes out leaves no rule for IPv6"
    ]


def test_from_yaml_to_lines_and_back() -> None:
    found = node(RDS)
    (line,) = found.lines_of("production/app-to-rds", "spec.egress[1]")
    assert "--dports 3306" in str(line)
    origin = found.origin_of(str(line))
    assert origin is not None
    assert (origin.policy.key, origin.path) == ("production/app-to-rds", "spec.egress[1]")
    assert (
        RDS.splitlines()[origin.source.line - 1].strip() == "- to: [{ipBlock: {cidr: 10.0.0.0/16}}]"
    )
    assert found.origin_of("-A FORWARD -j cali-FORWARD") is None
