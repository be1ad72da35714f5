"""Policies in the sentences of `kubectl describe networkpolicy`."""

from nsimlib.explanation.description import describe
from nsimlib.explanation.reasons import Reason
from nsimlib.manifests import loads
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Direction, Policy
from nsimlib.model.selectors import EVERYTHING
from tests.builders import EGRESS, INGRESS, block, pods, policy, rule


def lines(reason: Reason, depth: int = 0) -> list[str]:
    deeper = (line for child in reason.children for line in lines(child, depth + 1))
    return [f"{'  ' * depth}{reason.text}", *deeper]


def described(said: Policy) -> list[str]:
    return lines(describe(said))


def test_a_whole_policy() -> None:
    said = policy(
        "shop/web",
        rule(pods({}, app="db"), PodPeer(EVERYTHING), ports="5432 http/TCP 7078-7087/UDP any/SCTP"),
        rule(block("10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16")),
        rule(direction=INGRESS),
        directions=Direction,
        app="web",
    )
    assert described(said) == [
        "NetworkPolicy shop/web",
        "  PodSelector: app=web",
        "  Allowing ingress traffic:",
        "    spec.ingress[0]",
        "      To Port: <any> (traffic allowed to all ports)",
        "      From: <any> (traffic not restricted by source)",
        "  Allowing egress traffic:",
        "    spec.egress[0]",
        "      To Port: 5432/TCP",
        "      To Port: http/TCP",
        "      To Port: 7078-7087/UDP",
        "      To Port: <any>/SCTP",
        "      To: NamespaceSelector: <none> PodSelector: app=db",
        "      To: NamespaceSelector: <none>",
        "    spec.egress[1]",
        "      To Port: <any> (traffic allowed to all ports)",
        "      To: IPBlock CIDR: 10.0.0.0/8 Except: 10.1.0.0/16, 10.2.0.0/16",
        "  Policy Types: Ingress, Egress",
    ]


def test_an_empty_direction_is_told_from_one_left_out() -> None:
    assert described(policy("shop/all", directions=[EGRESS])) == [
        "NetworkPolicy shop/all",
        "  PodSelector: <none> (Allowing the specific traffic to all pods in this namespace)",
        "  Not affecting ingress traffic",
        "  Allowing egress traffic: <none> (Selected pods are isolated for egress connectivity)",
        "  Policy Types: Egress",
    ]


def test_a_block_without_exceptions() -> None:
    said = policy("shop/web", rule(block("10.0.0.0/8"), ports="80"))
    assert described(said)[6] == "      To: IPBlock CIDR: 10.0.0.0/8 Except:"


def test_what_a_rule_takes_out_and_asks_of_its_own_end() -> None:
    (said,) = loads(
        """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  egress:
  - action: Deny
    notProtocol: 47
    source: {selector: has(app)}
    destination: {notNets: [10.0.0.0/8]}
"""
    ).policies
    assert described(said)[4:] == [
        "    spec.egress[0] (Deny)",
        "      To Port: <any>",
        "      Except Port: protocol 47",
        "      To: not (IPBlock CIDR: 10.0.0.0/8 Except:)",
        "      From: PodSelector: has(app)",
        "  Policy Types: Egress",
    ]
    assert describe(said).children[-1].facts == ("F2.5",)


def test_what_isolates_nobody_may_still_deny() -> None:
    (said,) = loads(
        """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {}
  enableDefaultDeny: {egress: false}
  egress: [{}]
  egressDeny: [{toEntities: [world]}]
"""
    ).policies
    assert described(said)[3:] == [
        "  Judging egress traffic (Selected pods are not isolated for egress connectivity):",
        "    spec.egress[0] (Allow)",
        "      To Port: <any> (traffic allowed to all ports)",
        "      To: <none>",
        "    spec.egressDeny[0] (Deny)",
        "      To Port: <any>",
        "      To: Entity: world",
        "  Policy Types: Egress",
    ]
