"""What looks wrong and is legal, and what the server fills in where something is left out."""

from collections.abc import Callable

import pytest

from nsimlib.manifests import loads
from nsimlib.model.addresses import IPBlock
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement
from tests.manifests.snippets import POLICY, in_rule, in_spec, policy_of

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS


@pytest.mark.parametrize(
    "text",
    [
        # Rules that never match and names that nobody has (F1.47)
        in_rule("to: [{namespaceSelector: {matchLabels: {name: kube-system}}}]"),
        in_rule("to: [{podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}]"),
        in_spec("policyTypes: [Ingress]\n  egress: [{}]"),
        # Twice the same type (F1.44)
        in_spec("policyTypes: [Egress, Egress]"),
        # A range of one port (F1.40)
        in_rule("ports: [{port: 80, endPort: 80}]"),
        in_rule("ports: [{port: 0x50}]"),
        in_rule("ports: [{port: 8_0}]"),
        in_rule("ports: [{port: 80.0}]"),
        # Quoted, all of it is text
        in_spec('podSelector: {matchLabels: {a: "yes", b: "1.10", c: "0777", d: "", e: "1e3"}}'),
        # Not quoted, this is text too
        in_spec("podSelector: {matchLabels: {a: v1.10, b: 1.10.2, c: 2024-01-01, d: yess}}"),
        in_spec("podSelector: {matchLabels: {a: 0o8, b: 1-2, c: 0xg, d: nan}}"),
        # Null is as good as nothing
        in_spec("podSelector: null\n  egress: ~\n  policyTypes:"),
        in_rule("to: null\n    ports:"),
        # What the server writes itself
        POLICY.replace("}", ", uid: a, resourceVersion: '1', managedFields: [{a: {b: c}}]}")
        + "  {}",
        POLICY + "  {}\nstatus: {conditions: []}\n",
        # Anchors and merge keys are YAML, whatever one thinks of them
        in_rule("to: &here [{podSelector: {}}]\n  - to: *here"),
        in_rule("to: [{podSelector: &s {matchLabels: {a: b}}}, {podSelector: {<<: *s}}]"),
        in_spec("podSelector: {matchLabels: {&k w: a, b: *k }}"),
        # JSON in a YAML file, a byte order mark, a version line, comments, empty documents
        '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}',
        "\ufeffapiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        "%YAML 1.1\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n...\n",
        "---\n# Source: shop/templates/empty.yaml\n---\n---\n",
        "",
        "# nothing\n",
        # A trailing comma is no JSON, but YAML
        '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",}}',
        # A name that the server makes up
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n",
    ],
)
def test_it_is_legal(text: str) -> None:
    assert not loads(text).report.problems


@pytest.mark.parametrize(
    ("cidr", "read", "said"),
    [
        # Stored values stay legal, whatever newer servers say about new ones (F1.46)
        ("192.168.1.5/24", "192.168.1.5/24", 'should be "192.168.1.0/24" or "192.168.1.5/32"?'),
        ("2001:db8::1/64", "2001:db8::1/64", 'should be "2001:db8::/64" or "2001:db8::1/128"?'),
        ("010.0.0.0/8", "10.0.0.0/8", 'in a future Kubernetes release: use "10.0.0.0/8"'),
        ("10.0.0.0/08", "10.0.0.0/8", 'in a future Kubernetes release: use "10.0.0.0/8"'),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8", 'Kubernetes release: use "10.0.0.0/8"'),
    ],
)
def test_a_cidr_that_new_servers_refuse_is_noted(cidr: str, read: str, said: str) -> None:
    cluster = loads(in_rule(f'to: [{{ipBlock: {{cidr: "{cidr}"}}}}]'), "a.yaml")
    (rule,) = cluster.policies[0].rules
    assert rule.peers == (BlockPeer(IPBlock(read), "to[0]"),)
    (note, _) = cluster.report.notes
    assert note.startswith("a.yaml:6:27: spec.egress[0].to[0].ipBlock.cidr: ")
    assert said in note


def _directions(policy: Policy) -> object:
    return sorted(direction.value for direction in policy.directions), policy.directions_defaulted


def _first_peers(policy: Policy) -> object:
    return policy.rules[0].peers


def _first_ports(policy: Policy) -> object:
    return policy.rules[0].ports


@pytest.mark.parametrize(
    ("spec", "what", "expected"),
    [
        # Directions (F1.10)
        ("{}", _directions, (["Ingress"], True)),
        ("egress: []", _directions, (["Ingress"], True)),
        ("policyTypes: []", _directions, (["Ingress"], True)),
        ("egress: [{}]", _directions, (["Egress", "Ingress"], True)),
        ("policyTypes: [Egress]", _directions, (["Egress"], False)),
        ("policyTypes: [Ingress]\n  egress: [{}]", _directions, (["Ingress"], False)),
        # Subject (F1.1)
        ("{}", lambda policy: policy.subject, PodPeer(pods=EVERYTHING)),
        ("podSelector: null", lambda policy: policy.subject, PodPeer(pods=EVERYTHING)),
        # Missing and empty lists mean any (F1.6); an entry without anything allows all (F1.5)
        ("egress: [{}]", _first_peers, None),
        ("egress: [{to: []}]", _first_peers, None),
        ("egress: [null]", _first_peers, None),
        ("egress: [{}]", _first_ports, None),
        ("egress: [{ports: []}]", _first_ports, None),
        ("egress: []", lambda policy: policy.rules, ()),
        # Protocol (F1.7), port and end of a range (F1.8)
        ("egress: [{ports: [{}]}]", _first_ports, (PolicyPort(Protocol.TCP, path="ports[0]"),)),
        (
            "egress: [{ports: [{port: 53}, {port: 53, protocol: UDP}]}]",
            _first_ports,
            (
                PolicyPort(Protocol.TCP, 53, path="ports[0]"),
                PolicyPort(Protocol.UDP, 53, path="ports[1]"),
            ),
        ),
        (
            "egress: [{ports: [{port: http}, {port: 1, endPort: 9}]}]",
            _first_ports,
            (
                PolicyPort(Protocol.TCP, "http", path="ports[0]"),
                PolicyPort(Protocol.TCP, 1, 9, path="ports[1]"),
            ),
        ),
        # In a peer, absent is not empty (F1.2, F1.3, F1.32)
        (
            "egress: [{to: [{podSelector: {}}]}]",
            _first_peers,
            (PodPeer(None, EVERYTHING, "to[0]"),),
        ),
        (
            "ingress: [{from: [{namespaceSelector: {}}]}]",
            _first_peers,
            (PodPeer(EVERYTHING, None, "from[0]"),),
        ),
        (
            "egress: [{to: [{namespaceSelector: {}, podSelector: {}}]}]",
            _first_peers,
            (PodPeer(EVERYTHING, EVERYTHING, "to[0]"),),
        ),
        (
            "egress: [{to: [{namespaceSelector: null, podSelector: {}}]}]",
            _first_peers,
            (PodPeer(None, EVERYTHING, "to[0]"),),
        ),
        (
            "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]",
            _first_peers,
            (BlockPeer(IPBlock("10.0.0.0/8", ("10.1.0.0/16",)), "to[0]"),),
        ),
        # matchLabels by key, then matchExpressions as written
        (
            "podSelector:\n    matchExpressions: [{key: c, operator: Exists}]\n"
            "    matchLabels: {b: x, a: w}",
            lambda policy: policy.subject.pods,
            LabelSelector(
                (
                    Requirement("a", Operator.IN, ("w",)),
                    Requirement("b", Operator.IN, ("x",)),
                    Requirement("c", Operator.EXISTS),
                )
            ),
        ),
        # An empty label value, from nothing at all
        (
            "podSelector: {matchLabels: {a: }}",
            lambda policy: policy.subject.pods,
            LabelSelector.of(a=""),
        ),
    ],
)
def test_the_defaults_of_the_server(
    spec: str, what: Callable[[Policy], object], expected: object
) -> None:
    assert what(policy_of(in_spec(spec))) == expected


class TestPlacesInAPolicy:
    TEXT = f"# a comment\n{POLICY}  egress:\n  - to: [{{podSelector: {{}}}}]\n  -\n    ports: []\n"

    def test_rules_know_their_line_and_path(self) -> None:
        rules = policy_of(self.TEXT).rules
        places = [(rule.line, rule.path) for rule in rules]
        assert places == [(7, "spec.egress[0]"), (9, "spec.egress[1]")]

    def test_a_policy_begins_where_its_object_begins(self) -> None:
        assert str(policy_of(self.TEXT).source) == "<text>:2"

    def test_a_policy_without_a_namespace_is_in_default(self) -> None:
        text = POLICY.replace(", namespace: shop", "") + "  {}\n"
        assert policy_of(text).key == "default/web"

    def test_rules_of_both_directions_are_numbered_apart(self) -> None:
        rules = policy_of(in_spec("ingress: [{}]\n  egress: [{}, {}]")).rules
        assert [rule.path for rule in rules] == [
            "spec.egress[0]",
            "spec.egress[1]",
            "spec.ingress[0]",
        ]
        assert [rule.direction for rule in rules] == [EGRESS, EGRESS, INGRESS]
