"""Calico's objects: what they are read as, what is refused and said, and that writing is undone."""

import json
from dataclasses import replace
from math import inf

import pytest
import yaml
from hypothesis import given

from nsimlib.errors import ManifestError
from nsimlib.manifests import dump, loads
from nsimlib.manifests.calico import POLICIES
from nsimlib.model.cluster import Cluster
from nsimlib.model.expressions import Comparator, Compare
from nsimlib.model.objects import ServiceAccount
from nsimlib.model.policy import Action
from tests.calico import clusters
from tests.manifests.snippets import manifest, policy_of, read

API = "projectcalico.org/v3"
STORED = "crd.projectcalico.org/v1"


def calico(spec: str, kind: str = "NetworkPolicy shop/p", api: str = API) -> str:
    """Return an object with its spec in flow style."""
    return manifest(f"{api} {kind}", f"spec: {{{spec}}}")


def in_rule(rule: str, kind: str = "NetworkPolicy shop/p", side: str = "egress") -> str:
    """Return a policy with one rule, which stands in line 6 from column 5."""
    head = manifest(f"{API} {kind}", "spec:")
    return f"{head}  {side}:\n  - {rule}\n"


class TestPolicies:
    def test_both_groups_hold_the_same_kinds(self) -> None:
        """What is stored has the tier before its name; in the default tier it is left out."""
        spec = "types: [Egress]"
        written = policy_of(calico(spec))
        stored = policy_of(calico(spec, "NetworkPolicy shop/default.p", STORED))
        assert written == stored
        assert written.kind == "NetworkPolicy.projectcalico.org"
        assert policy_of(calico("tier: security", "GlobalNetworkPolicy security.p")).name == (
            "security.p"
        )

    @pytest.mark.parametrize(
        ("order", "meant"),
        [
            ("", inf),
            ("order: null", inf),
            ("order: 5", 5),
            ("order: -1.5", -1.5),
            ("order: 1e2", 100),
        ],
    )
    def test_order_is_a_number_and_without_one_the_last(self, order: str, meant: float) -> None:
        assert policy_of(calico(order)).order == meant

    def test_names_and_labels_of_accounts_are_conditions_on_the_pod(self) -> None:
        match = "{serviceAccounts: {names: [b, a], selector: role != 'ui'}}"
        rule = policy_of(in_rule(f"{{action: Allow, destination: {match}}}")).rules[0]
        (peer,) = rule.peers or ()
        names = Compare("projectcalico.org/serviceaccount", Comparator.IN, ("a", "b"))
        assert str(peer.pods) == f"pcsa.role != 'ui' && {names}"  # type: ignore[union-attr]

    def test_lines_and_paths_are_those_of_the_file(self) -> None:
        policy = policy_of(in_rule("{action: Deny}") + "  - {action: Allow}\n")
        assert [(rule.path, rule.line) for rule in policy.rules] == [
            ("spec.egress[0]", 6),
            ("spec.egress[1]", 7),
        ]

    @pytest.mark.parametrize("flag", ["preDNAT: true", "doNotTrack: true"])
    def test_a_policy_for_hosts_is_told_and_no_policy_for_pods(self, flag: str) -> None:
        cluster = loads(calico(f"applyOnForward: true, {flag}", "GlobalNetworkPolicy p"))
        assert cluster.policies == ()
        assert cluster.report.objects == (("GlobalNetworkPolicy", 1),)
        (note,) = cluster.report.notes
        assert "for host endpoints, which are not modelled" in note

    def test_one_that_also_is_for_forwarded_packets_applies_to_pods(self) -> None:
        assert policy_of(calico("applyOnForward: true", "GlobalNetworkPolicy p")).name == "p"

    def test_a_tier_that_is_not_there_is_told(self) -> None:
        (note, _) = loads(calico("tier: gone")).report.notes
        assert note.endswith('names the tier "gone", which is not there, so it is not applied')
        there = calico("order: 5", "Tier gone")
        assert len(read(there, calico("tier: gone")).report.notes) == 1

    @pytest.mark.parametrize(
        "text",
        [
            in_rule("{action: Allow, destination: {domains: [a.example.com]}}"),
            calico("allowedEgressDomains: [a.example.com]", "NetworkSet shop/s"),
        ],
    )
    def test_names_are_of_the_enterprise_product(self, text: str) -> None:
        note = loads(text).report.notes[0]
        assert "open source Calico has no rules by domain name (F2.12)" in note

    @pytest.mark.parametrize("kind", ["HostEndpoint", "Profile"])
    def test_kinds_that_are_not_modelled_are_told(self, kind: str) -> None:
        (note,) = loads(calico("node: worker", f"{kind} it")).report.notes
        assert f"{kind} it is not modelled" in note


class TestOthers:
    def test_tiers(self) -> None:
        texts = (("a", "order: 5, defaultAction: Pass"), ("b", "order: 0.5"), ("c", ""))
        tiers = read(*(calico(spec, f"Tier {name}") for name, spec in texts)).tiers
        assert [(tier.name, tier.order, tier.default) for tier in tiers] == [
            ("a", 5, Action.PASS),
            ("b", 0.5, Action.DENY),
            ("c", inf, Action.DENY),
        ]

    def test_network_sets_hold_cidrs_and_single_addresses(self) -> None:
        own, shared = read(
            calico("nets: [10.0.0.0/8, 10.1.2.3, 'fd00::1', 10.1.2.3/24]", "NetworkSet shop/s"),
            calico("", "GlobalNetworkSet g"),
        ).network_sets
        assert [str(block) for block in own.blocks] == [
            "10.0.0.0/8",
            "10.1.2.3/32",
            "fd00::1/128",
            "10.1.2.3/24",
        ]
        assert str(own.namespace) == "shop"
        assert (shared.namespace, shared.blocks) == (None, ())

    def test_pods_run_as_accounts(self) -> None:
        pods = read(
            manifest("ServiceAccount shop/front").replace("}", ", labels: {role: ui}}"),
            manifest("Pod shop/a", "spec: {serviceAccountName: front}"),
            manifest("Pod shop/b", "spec: {serviceAccountName: gone}"),
            manifest("Pod shop/c"),
            manifest("Pod data/d", "spec: {serviceAccountName: front}"),
            manifest(
                "apps/v1 Deployment shop/e",
                "spec: {template: {spec: {serviceAccountName: front}}}",
            ),
        ).pods
        front = ServiceAccount("front", {"role": "ui"})
        others = ServiceAccount("gone"), ServiceAccount(), ServiceAccount("front")
        assert [pod.account for pod in pods] == [front, *others, front]
        assert pods[0].implied_labels["pcsa.role"] == "ui"

    def test_kinds_without_a_meaning_here_are_counted(self) -> None:
        report = loads(calico("", "FelixConfiguration default")).report
        assert report.unmodelled == (("projectcalico.org/FelixConfiguration", 1),)


ICMP = "protocol: ICMP"
TCP = "protocol: TCP"


def with_ports(ports: str) -> str:
    return in_rule(f"{{action: Allow, {TCP}, destination: {{ports: [{ports}]}}}}")


#: a text, where the problem is, and what is wrong
REFUSED = [
    # fields
    (calico("selectr: all()"), "4:8: spec.selectr", 'unknown field "spec.selectr"'),
    (calico("namespaceSelector: all()"), "4:8", 'unknown field "spec.namespaceSelector"'),
    (in_rule("{action: Allow, ports: [80]}"), "6:21", 'unknown field "spec.egress[0].ports"'),
    (calico("order: high"), "4:15: spec.order", "cannot unmarshal string into float64"),
    (calico("order: yes"), "4:15: spec.order", "cannot unmarshal bool into float64"),
    # selectors, by column
    (calico("selector: app = 'web'"), "4:18: spec.selector", "column 5: expected one of =="),
    (calico("selector: global()"), "4:18", "global() can only be used in an EntityRule"),
    (calico("serviceAccountSelector: has("), "4:32", "column 5: expected the key of a label"),
    (calico("namespaceSelector: global()", "GlobalNetworkPolicy p"), "4:27", "global() can only"),
    (in_rule("{action: Allow, source: {selector: a}}"), "6:40", "column 2: expected one of"),
    (in_rule("{action: Allow, source: {selector: global()}}"), "6:40", "global() can only"),
    (in_rule("{action: Allow, source: {notSelector: a}}"), "6:43", "column 2: expected"),
    (
        in_rule("{action: Allow, source: {namespaceSelector: global() || has(a)}}"),
        "6:49",
        "global() cannot be combined with other selectors",
    ),
    (in_rule("{action: Allow, source: {serviceAccounts: {selector: a}}}"), "6:58", "column 2"),
    # actions, types, protocols
    (in_rule("{action: allow}"), "6:14: spec.egress[0].action", 'Unsupported value: "allow"'),
    (in_rule("{action: Accept}"), "6:14", '"Allow", "Deny", "Pass", "Log"'),
    (calico("types: [egress]"), "4:16: spec.types[0]", "Write Egress."),
    (calico("types: [Egress, Egress]"), "4:24", "'Egress' type specified more than once"),
    (in_rule("{action: Allow, protocol: tcp}"), "6:31", "protocol name invalid. Write TCP."),
    (in_rule("{action: Allow, protocol: HTTP}"), "6:31", "Write one of TCP, UDP, SCTP"),
    (in_rule("{action: Allow, protocol: 256}"), "6:31", "protocol number invalid"),
    (in_rule("{action: Allow, notProtocol: 0}"), "6:34", "protocol number invalid"),
    (in_rule("{action: Allow, ipVersion: 5}"), "6:32", "must be 4 or 6"),
    (in_rule(f"{{action: Allow, {ICMP}, ipVersion: 6}}"), "6:48", "must set ipversion to '4'"),
    # ICMP
    (in_rule("{action: Allow, icmp: {type: 8}}"), "6:27", "must set protocol to ICMP"),
    (in_rule(f"{{action: Allow, {ICMP}, icmp: {{type: 255}}}}"), "6:50", "between 0 and 254"),
    (in_rule(f"{{action: Allow, {ICMP}, icmp: {{code: 1}}}}"), "6:50", "without an ICMP type"),
    # ports
    (in_rule("{action: Allow, destination: {ports: [80]}}"), "6:42", "must set protocol to TCP"),
    (
        in_rule(f"{{action: Allow, {ICMP}, source: {{notPorts: [80]}}}}"),
        "6:56",
        "must set protocol",
    ),
    (
        with_ports("0"),
        "6:58",
        "port range invalid",
    ),
    (
        with_ports("'1:70000'"),
        "6:58",
        "port range",
    ),
    (
        with_ports("'90:80'"),
        "6:58",
        "greater than",
    ),
    (with_ports("80-90"), "6:58", "first:last"),
    # nets
    (in_rule("{action: Allow, source: {nets: [10.0.0.1]}}"), "6:37", "Write 10.0.0.1/32"),
    (in_rule("{action: Allow, source: {nets: [10.0.0.1/24]}}"), "6:37", "Write 10.0.0.0/24."),
    (in_rule("{action: Allow, source: {notNets: [all]}}"), "6:40", "invalid CIDR"),
    (
        in_rule("{action: Allow, source: {nets: [10.0.0.0/8]}, destination: {nets: ['fd00::/8']}}"),
        "6:71",
        "rule contains both IPv4 and IPv6 CIDRs",
    ),
    (
        in_rule("{action: Allow, ipVersion: 6, source: {nets: [10.0.0.0/8]}}"),
        "6:50",
        "rule IP version doesn't match CIDR version",
    ),
    (calico("nets: [10.0.0]", "NetworkSet shop/s"), "4:15: spec.nets[0]", "invalid CIDR"),
    # Services
    (in_rule("{action: Allow, source: {services: {name: a}}}"), "6:40", "not allowed in egress"),
    (
        in_rule("{action: Allow, destination: {services: {name: a}}}", side="ingress"),
        "6:45",
        "not allowed in ingress rule destination",
    ),
    (in_rule("{action: Allow, destination: {services: {}}}"), "6:45", "must specify a service"),
    (
        in_rule("{action: Allow, destination: {services: {name: a}}}", "GlobalNetworkPolicy p"),
        "6:45",
        "must specify a namespace",
    ),
    (
        in_rule("{action: Allow, destination: {services: {name: a}, selector: all()}}"),
        "6:45",
        "cannot specify Selector/NotSelector and Services on the same rule",
    ),
    (
        in_rule(f"{{action: Allow, {TCP}, destination: {{services: {{name: a}}, ports: [80]}}}}"),
        "6:78",
        "cannot specify ports with a service selector",
    ),
    # HTTP
    (in_rule("{action: Allow, http: {methods: [GET]}}"), "6:27", "not allowed in egress rule"),
    (
        in_rule("{action: Deny, http: {methods: [GET]}}", side="ingress"),
        "6:26",
        "only valid for Allow rules",
    ),
    (
        in_rule("{action: Allow, protocol: UDP, http: {methods: [GET]}}", side="ingress"),
        "6:31",
        "must set protocol to TCP or empty",
    ),
    (
        in_rule("{action: Allow, http: {methods: [GET, GET]}}", side="ingress"),
        "6:37",
        "Invalid methods (duplicates)",
    ),
    (
        in_rule("{action: Allow, http: {paths: [{exact: /a, prefix: /b}]}}", side="ingress"),
        "6:36",
        "Both 'exact' and 'prefix' are set",
    ),
    (in_rule("{action: Allow, http: {paths: [{}]}}", side="ingress"), "6:36", "must be set"),
    (in_rule("{action: Allow, http: {paths: [{exact: a}]}}", side="ingress"), "6:36", "start with"),
    # policies for hosts
    (calico("preDNAT: true", "GlobalNetworkPolicy p"), "4", "ApplyOnForward must be true"),
    (
        calico("applyOnForward: true, preDNAT: true, doNotTrack: true", "GlobalNetworkPolicy p"),
        "4:39: spec.preDNAT",
        "PreDNAT and DoNotTrack cannot both be true",
    ),
    (
        calico("applyOnForward: true, preDNAT: true, types: [Egress]", "GlobalNetworkPolicy p"),
        "4:52: spec.types",
        "PreDNAT PolicySpec cannot have 'egress' Type",
    ),
    # tiers, staged policies, sets
    (calico("order: 5", "Tier default"), "4:15: spec.order", "tier order must be 1,000,000"),
    (calico("", "Tier kube-admin"), "spec.order", "kube-admin tier order must be 1,000"),
    (calico("defaultAction: Allow", "Tier a"), "4:23", 'Unsupported value: "Allow"'),
    (calico("", "Tier a.b"), "3:18: metadata.name", "must not contain dots"),
    (calico("stagedAction: set", "StagedNetworkPolicy shop/p"), "4:22", "Write Set."),
    (
        calico("stagedAction: Delete, selector: all()", "StagedGlobalNetworkPolicy p"),
        "4:7: spec",
        "should all be zero-value if stagedAction is Delete",
    ),
    (
        manifest(f"{API} GlobalNetworkSet g").replace(
            "}", ", labels: {projectcalico.org/namespace: a}}"
        ),
        "3:",
        "projectcalico.org/namespace is not a valid label name",
    ),
]


@pytest.mark.parametrize(("text", "place", "words"), REFUSED)
def test_it_is_told_with_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        loads(text, "a.yaml")
    told = [str(problem) for problem in caught.value.problems]
    assert any(place in each and words in each for each in told), told


@pytest.mark.parametrize(("text", "words"), [(text, words) for text, _, words in REFUSED])
def test_a_dump_is_refused_for_the_same(text: str, words: str) -> None:
    """The fast reader of dumps has another form for what it reads."""
    item = yaml.safe_load(text)
    with pytest.raises(ManifestError) as caught:
        loads(json.dumps({"apiVersion": "v1", "kind": "List", "items": [item]}, indent=1))
    assert any(words in str(problem) for problem in caught.value.problems)


def test_all_problems_are_told_at_once() -> None:
    text = calico("selector: a, types: [x], egress: [{action: y}, {action: Deny, protocol: z}]")
    with pytest.raises(ManifestError) as caught:
        loads(text)
    assert len(caught.value.problems) == 4


@given(clusters())
def test_what_is_written_reads_back(cluster: Cluster) -> None:
    said = tuple(policy for policy in cluster.policies if policy.kind in POLICIES)
    again = loads(dump(replace(cluster, policies=said)))
    assert again.policies == said
    assert (again.tiers, again.network_sets) == (cluster.tiers, cluster.network_sets)


@pytest.mark.parametrize(
    "spec",
    [
        "http: {methods: [GET, PUT], paths: [{exact: /a}, {prefix: /b}]}, protocol: TCP",
        "protocol: UDPLite",
        "notProtocol: 47",
        "protocol: ICMPv6, ipVersion: 6, notICMP: {type: 3, code: 1}",
        "protocol: TCP, source: {notPorts: [80, 90:100]}",
        "destination: {domains: [a.example.com, '*.example.org']}",
        "source: {services: {name: a, namespace: b}}",
    ],
)
def test_what_is_rare_reads_back(spec: str) -> None:
    cluster = loads(in_rule(f"{{action: Allow, {spec}}}", side="ingress"))
    assert loads(dump(cluster)).policies == cluster.policies


def test_a_deletion_that_is_staged_reads_back() -> None:
    cluster = read(
        calico("stagedAction: Delete", "StagedNetworkPolicy shop/p"),
        calico("stagedAction: Delete, tier: a", "StagedGlobalNetworkPolicy p"),
        calico("stagedAction: Delete, podSelector: {}", "StagedKubernetesNetworkPolicy shop/p"),
    )
    assert [policy.directions for policy in cluster.policies] == [frozenset()] * 3
    assert loads(dump(cluster)).policies == cluster.policies
