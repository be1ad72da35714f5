"""Cilium's policies: what they are read as, what is refused and said, what is written again."""

import json
from dataclasses import replace

import pytest
import yaml
from hypothesis import given

from nsimlib.errors import ManifestError
from nsimlib.manifests import dump, loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Action, Direction, Layer7, Policy
from tests.cilium import clusters
from tests.manifests.snippets import manifest, policy_of, read

KIND = "cilium.io/v2 CiliumNetworkPolicy shop/p"
WIDE = "cilium.io/v2 CiliumClusterwideNetworkPolicy p"
EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS


def of_spec(spec: str, kind: str = KIND) -> str:
    """Return a policy for all pods with more in its spec, all of it in line 4."""
    return manifest(kind, f"spec: {{endpointSelector: {{}}, {spec}}}")


def in_rule(rule: str, section: str = "egress", kind: str = KIND) -> str:
    """Return a policy with one rule, which stands in line 7 from column 5."""
    return manifest(kind, "spec:", "  endpointSelector: {}", f"  {section}:", f"  - {rule}")


class TestPolicies:
    def test_sections_are_directions_and_actions(self) -> None:
        policy = policy_of(of_spec("egress: [{}], egressDeny: [{}, {}], ingressDeny: [{}]"))
        assert [(rule.path, rule.direction, rule.action) for rule in policy.rules] == [
            ("spec.egress[0]", EGRESS, Action.ALLOW),
            ("spec.egressDeny[0]", EGRESS, Action.DENY),
            ("spec.egressDeny[1]", EGRESS, Action.DENY),
            ("spec.ingressDeny[0]", INGRESS, Action.DENY),
        ]

    @pytest.mark.parametrize(
        ("spec", "isolates"),
        [
            ("egress: [{}]", {EGRESS}),
            ("egressDeny: [{}], ingress: [{}]", {EGRESS, INGRESS}),
            ("egressDeny: [{}], enableDefaultDeny: {egress: false}", set()),
            ("egress: [{}], ingress: [{}], enableDefaultDeny: {ingress: false}", {EGRESS}),
            ("egress: [{}], enableDefaultDeny: {ingress: true}", {EGRESS}),
            ("egress: [{}], enableDefaultDeny: {egress: null}", {EGRESS}),
        ],
    )
    def test_a_section_isolates_unless_switched_off(
        self, spec: str, isolates: set[Direction]
    ) -> None:
        assert policy_of(of_spec(spec)).isolates == isolates

    def test_several_rules_are_several_policies_of_one_name(self) -> None:
        specs = "{endpointSelector: {matchLabels: {app: %s}}, egress: [{}]}"
        body = f"spec: {specs % 'a'}", f"specs: [{specs % 'b'}, {specs % 'c'}]"
        policies = loads(manifest(KIND, *body)).policies
        assert {policy.identity for policy in policies} == {("CiliumNetworkPolicy", "shop/p")}
        assert [(policy.rules[0].path, str(policy.subject.pods)) for policy in policies] == [
            ("spec.egress[0]", "app=a"),
            ("specs[0].egress[0]", "app=b"),
            ("specs[1].egress[0]", "app=c"),
        ]

    def test_to_apply_the_object_again_replaces_all_of_them(self) -> None:
        spec = "{endpointSelector: {}, egress: [{}]}"
        two = loads(manifest(KIND, f"specs: [{spec}, {spec}]"))
        again = two.with_policies(manifest(KIND, f"specs: [{spec}, {spec}]"))
        one = two.with_policies(manifest(KIND, f"spec: {spec}"))
        assert (len(two.policies), len(again.policies), len(one.policies)) == (2, 2, 1)

    def test_lines_and_paths_are_those_of_the_file(self) -> None:
        ports = "toPorts: [{ports: [{port: '53'}], rules: {dns: [{}]}}, {ports: [{port: '80'}]}]"
        policy = policy_of(in_rule("{}") + f"  - {{{ports}}}\n")
        assert [(rule.path, rule.line) for rule in policy.rules] == [
            ("spec.egress[0]", 7),
            ("spec.egress[1].toPorts[0]", 8),
            ("spec.egress[1].toPorts[1]", 8),
        ]

    def test_entries_without_requests_stay_together(self) -> None:
        entries = "[{ports: [{port: '53'}]}, {ports: [{port: '80'}, {port: '81'}]}]"
        (rule,) = policy_of(in_rule(f"{{toPorts: {entries}}}")).rules
        assert [port.path for port in rule.ports or ()] == [
            "toPorts[0].ports[0]",
            "toPorts[1].ports[0]",
            "toPorts[1].ports[1]",
        ]

    def test_requests_are_in_words_that_can_be_read_back(self) -> None:
        http = '[{method: GET, path: /a}, {headers: ["X: 1", "Y"]}, {}]'
        ports = "ports: [{port: '80', protocol: TCP}]"
        (rule,) = policy_of(in_rule(f"{{toPorts: [{{{ports}, rules: {{http: {http}}}}}]}}")).rules
        said = ('method "GET" and path "/a"', 'header "X: 1" and header "Y"', "any request")
        assert rule.layer7 == Layer7(http=said)

    @pytest.mark.parametrize("rules", ["{}", "{http: []}", "{dns: []}"])
    def test_rules_that_name_no_request_limit_none(self, rules: str) -> None:
        entry = f"{{ports: [{{port: '53', protocol: TCP}}], rules: {rules}}}"
        assert policy_of(in_rule(f"{{toPorts: [{entry}]}}")).rules[0].layer7 is None

    def test_a_rule_for_nodes_is_told_and_is_no_policy_for_pods(self) -> None:
        cluster = loads(manifest(WIDE, "spec: {nodeSelector: {}, ingress: [{}]}"))
        assert cluster.policies == ()
        (note,) = cluster.report.notes
        assert "spec.nodeSelector: this rule is for nodes" in note

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (in_rule("{toNodes: [{}]}"), "enable-node-selector-labels"),
            (in_rule("{toPorts: [{ports: [{protocol: GRE}]}]}"), "enable-extended-ip-protocols"),
            (
                in_rule("{authentication: {mode: required}}"),
                "mutual authentication is not modelled",
            ),
            (in_rule("{toPorts: [{listener: {name: mine}}]}"), "a listener of one's own"),
            (
                of_spec("egress: [{}]").replace(
                    "{}, egress", "{matchLabels: {'k8s:io.kubernetes.pod.namespace': data}}, egress"
                ),
                "illegal namespace match",
            ),
            (
                of_spec("egress: [{}]").replace(
                    "{}, egress", "{matchLabels: {io.cilium.k8s.policy.cluster: east}}, egress"
                ),
                "taken to be the name of this cluster",
            ),
        ],
    )
    def test_what_is_taken_for_granted_is_told(self, text: str, words: str) -> None:
        cluster = loads(text)
        assert words in cluster.report.notes[0]
        assert len(cluster.policies) == 1


TOO_MANY = ", ".join("{port: '80'}" for _ in range(41))
ON_80 = "toPorts: [{ports: [{port: '80', protocol: TCP}]"
#: a manifest, where it is wrong, and what Cilium says
REFUSED = [
    (manifest(KIND), "spec", "Invalid CiliumNetworkPolicy spec(s): empty policy"),
    (manifest(WIDE), "spec", "Invalid CiliumClusterwideNetworkPolicy spec(s): empty policy"),
    (of_spec("egress: []"), "4:7: spec", "rule must have at least one of Ingress, IngressDeny"),
    (
        manifest(KIND, "spec: {egress: [{}]}"),
        "spec",
        "rule must have one of EndpointSelector or NodeSelector",
    ),
    (
        of_spec("nodeSelector: {}, egress: [{}]", WIDE),
        "spec",
        "rule cannot have both EndpointSelector and NodeSelector",
    ),
    (
        manifest(KIND, "spec: {nodeSelector: {}, egress: [{}]}"),
        "spec.nodeSelector",
        "rule cannot have NodeSelector",
    ),
    (
        manifest(KIND, "specs: [{endpointSelector: {}, egress: [{}]}, {egress: [{}]}]"),
        "specs[1]",
        "rule must have one of EndpointSelector or NodeSelector",
    ),
    (
        in_rule("{toEndpoints: [{}], toCIDR: [10.0.0.0/8]}"),
        "7:5: spec.egress[0]",
        "combining ToEndpoints and ToCIDR is not supported yet",
    ),
    (
        in_rule("{fromEntities: [all], fromNodes: [{}]}", "ingress"),
        "spec.ingress[0]",
        "combining FromEntities and FromNodes is not supported yet",
    ),
    (
        in_rule("{toFQDNs: [{matchName: a.example}], toEntities: [world]}"),
        "spec.egress[0]",
        "combining ToEntities and ToFQDNs is not supported yet",
    ),
    (in_rule("{toEntities: [World]}"), "toEntities[0]", "unsupported entity: World. Write world."),
    (in_rule("{toEntities: [internet]}"), "toEntities[0]", "unsupported entity: internet"),
    (in_rule("{toCIDR: [10.0.0.0/33]}"), "toCIDR[0]", 'unable to parse CIDR: "10.0.0.0/33"'),
    (in_rule("{toCIDR: ['']}"), "toCIDR[0]", "IP must be specified"),
    (
        in_rule("{toCIDRSet: [{cidr: 10.0.0.1}]}"),
        "toCIDRSet[0].cidr",
        'unable to parse CIDRRule "10.0.0.1". Write 10.0.0.1/32.',
    ),
    (in_rule("{toCIDRSet: [{}]}"), "toCIDRSet[0]", "one of cidr, cidrGroupRef"),
    (
        in_rule("{toCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: a}]}"),
        "toCIDRSet[0]",
        "more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set",
    ),
    (
        in_rule("{toCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}"),
        "toCIDRSet[0].except[0]",
        "allow CIDR prefix 10.0.0.0/8 does not contain exclude CIDR prefix 11.0.0.0/16",
    ),
    (
        in_rule("{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.0.0.0/7]}]}"),
        "toCIDRSet[0].except[0]",
        "allow CIDR prefix 10.0.0.0/8 does not contain exclude CIDR prefix 10.0.0.0/7",
    ),
    (
        in_rule("{toFQDNs: [{matchName: a, matchPattern: '*'}]}"),
        "toFQDNs[0]",
        "only one of MatchName or MatchPattern is allowed in an FQDNSelector",
    ),
    (
        in_rule("{toFQDNs: [{matchName: '*.example.com'}]}"),
        "toFQDNs[0].matchName",
        "Only 0-9, a-z, A-Z and . and - characters are allowed. Write it as matchPattern.",
    ),
    (
        in_rule("{toFQDNs: [{matchPattern: '[a-z].example.com'}]}"),
        "toFQDNs[0].matchPattern",
        'Invalid characters in MatchPattern: "[a-z].example.com"',
    ),
    (
        in_rule(f"{{toFQDNs: [{{matchName: {'a' * 256}}}]}}"),
        "toFQDNs[0].matchName",
        "Too long: may not be more than 255 bytes",
    ),
    (in_rule("{toPorts: [{ports: [{}]}]}"), "ports[0].port", "port must be specified"),
    (
        in_rule("{toPorts: [{ports: [{port: 53}]}]}"),
        "ports[0].port",
        'cannot unmarshal number into string. Quote it: "53".',
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '80-90'}]}]}"),
        "ports[0].port",
        'unable to parse port: "80-90". Write port: "80" and endPort: 90.',
    ),
    (in_rule("{toPorts: [{ports: [{port: '70000'}]}]}"), "ports[0].port", "unable to parse port"),
    (
        in_rule("{toPorts: [{ports: [{port: '8', protocol: ICMP}]}]}"),
        "ports[0].protocol",
        'invalid protocol "ICMP", must be { tcp | udp | sctp | any }. Write icmps:',
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '80', protocol: tcp}]}]}"),
        "ports[0].protocol",
        'Unsupported value: "tcp"',
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '80', protocol: GRE}]}]}"),
        "ports[0].port",
        "port must be empty or 0",
    ),
    (
        in_rule(f"{{toPorts: [{{ports: [{TOO_MANY}]}}]}}"),
        "toPorts[0].ports",
        "too many ports, the max is 40",
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '80'}]}], icmps: [{fields: [{type: 8}]}]}"),
        "icmps",
        "the ICMPs block may only be present without ToPorts",
    ),
    (in_rule("{icmps: [{fields: [{type: Ping}]}]}"), "type", "ICMP type Ping not found in IPv4"),
    (in_rule("{icmps: [{fields: [{type: 256}]}]}"), "type", "ICMP type 256 not found in IPv4"),
    (in_rule("{icmps: [{fields: [{}]}]}"), "type", "ICMP type  not found in IPv4"),
    (
        in_rule("{icmps: [{fields: [{type: 8, family: v4}]}]}"),
        "fields[0].family",
        "wrong family: v4",
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchName: a}]}}]}", "ingress"),
        "rules.dns",
        "DNS rules are not allowed on ingress",
    ),
    (
        in_rule("{toPorts: [{rules: {dns: [{matchName: a}]}}]}"),
        "rules.dns",
        "port 53 must be specified for DNS rules",
    ),
    (
        in_rule(
            "{toPorts: [{ports: [{port: '53', endPort: 54}], rules: {dns: [{matchName: a}]}}]}"
        ),
        "ports[0].endPort",
        "DNS rules do not support port ranges",
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '80'}], rules: {http: [{}]}}]}"),
        "ports[0].protocol",
        "L7 rules can only apply to TCP (not ANY) except for DNS rules",
    ),
    (
        in_rule("{toPorts: [{ports: [{port: '0', protocol: TCP}], rules: {http: [{}]}}]}"),
        "ports[0].port",
        "L7 rules can not be used when a port is 0",
    ),
    (
        in_rule(f"{{{ON_80}, rules: {{http: [{{}}], dns: [{{}}]}}}}]}}"),
        "rules",
        "multiple L7 protocol rule types specified in single rule",
    ),
    (in_rule(f"{{{ON_80}, serverNames: ['']}}]}}"), "serverNames", "empty server name"),
    (
        in_rule("{toFQDNs: [{matchName: a}]}", "egressDeny"),
        "egressDeny[0].toFQDNs",
        "unknown field",
    ),
    (
        in_rule(f"{{{ON_80}, rules: {{http: [{{}}]}}}}]}}", "egressDeny"),
        "toPorts[0].rules",
        "unknown field",
    ),
    (in_rule("{toEndpoints: [{app: web}]}"), "toEndpoints[0].app", "unknown field"),
    (
        in_rule("{toEndpoints: [{matchLabels: {'k8s:-': a}}]}"),
        "toEndpoints[0].matchLabels",
        'Invalid value: "-": name part must consist of',
    ),
    (
        in_rule("{toEndpoints: [{matchExpressions: [{key: app, operator: Is}]}]}"),
        "matchExpressions[0].operator",
        "not a valid selector operator",
    ),
    (in_rule("{kafka: []}"), "spec.egress[0].kafka", "unknown field"),
]


@pytest.mark.parametrize(("text", "place", "words"), REFUSED)
def test_it_is_told_with_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(ManifestError) as refused:
        loads(text)
    (problem,) = refused.value.problems
    assert place in str(problem)
    assert words in str(problem)


@pytest.mark.parametrize("text", [text for text, _, words in REFUSED if "unmarshal" not in words])
def test_a_dump_is_refused_for_the_same(text: str) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(text)]}
    for written in (text, json.dumps(listed)):
        with pytest.raises(ManifestError):
            loads(written)


def test_all_problems_are_told_at_once() -> None:
    wrong = "{toEndpoints: [{}], toCIDR: [10.0.0.0/33], toPorts: [{ports: [{port: ''}]}]}"
    with pytest.raises(ManifestError) as refused:
        read(in_rule(wrong), manifest(WIDE))
    assert len(refused.value.problems) == 4


def bare(policy: Policy) -> Policy:
    return replace(policy, rules=tuple(replace(rule, line=0) for rule in policy.rules))


@given(clusters())
def test_what_is_written_reads_back(cluster: Cluster) -> None:
    said = tuple(each for each in cluster.policies if each.kind.startswith("Cilium"))
    assert tuple(map(bare, loads(dump(Cluster(policies=said))).policies)) == tuple(map(bare, said))


def test_a_dump_has_the_lines_of_its_sections() -> None:
    items = [yaml.safe_load(in_rule("{}", section)) for section in ("egressDeny", "ingress")]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)
    lines = text.splitlines()
    items[1]["metadata"]["name"] = "q"
    named = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)
    found = [rule.line for policy in loads(named).policies for rule in policy.rules]
    assert [lines[line - 2].strip() for line in found] == ['"egressDeny": [', '"ingress": [']
