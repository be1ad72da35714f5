"""Which enforcer a cluster has, from what runs in it and from what enforcers leave behind."""

import pytest
from click.testing import CliRunner

import nsimlib as ns
from nsimlib.cli import main
from nsimlib.cni.choosing import guess, profile_for
from nsimlib.errors import UnknownName
from tests.builders import cluster, pod, policy

DAEMON_SET = """
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: %s, namespace: kube-system},
 spec: {template: {metadata: {labels: {app: x}}, spec: {hostNetwork: true, containers: []}}}}
"""
OBJECT = "{apiVersion: %s, kind: %s, metadata: {name: x}}"
DENYING = """
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop},
 spec: {policyTypes: [Egress]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, status: {podIP: 10.1.0.1}}
"""


def running(*names: str, objects: tuple[tuple[str, str], ...] = ()) -> ns.Cluster:
    texts = [DAEMON_SET % name for name in names] + [OBJECT % each for each in objects]
    return ns.loads("\n---\n".join([*texts, DENYING]))


# who runs, which profile, what is said besides
ROWS: list[tuple[tuple[str, ...], str | None, str]] = [
    (("calico-node",), "calico", "eBPF dataplane is on cannot be seen"),
    (("canal",), "calico", "DaemonSet kube-system/canal"),
    (("cilium",), "cilium", "DaemonSet kube-system/cilium"),
    (("kube-flannel-ds",), "flannel", "it enforces nothing (F4.1)"),
    (("weave-net",), "weave", "DaemonSet kube-system/weave-net"),
    (("kube-router",), "kube-router", "DaemonSet kube-system/kube-router"),
    (("antrea-agent",), "antrea", "DaemonSet kube-system/antrea-agent"),
    (("aws-node",), "aws-vpc-cni", "its policy agent is off unless it was switched on (F4.23)"),
    # one carries packets, the other enforces
    (("calico-node", "kube-flannel-ds"), "calico", "while flannel carries the packets"),
    (("aws-node", "calico-node"), "calico", "while aws-vpc-cni carries the packets"),
    (("aws-node", "cilium"), "cilium", "while aws-vpc-cni carries the packets"),
    # no answer, and it is said why
    (("calico-node", "cilium"), None, "more than one enforcer (DaemonSet"),
    (("aws-node", "kube-flannel-ds"), None, "more than one enforcer"),
    (("kube-flannel-ds", "kube-network-policies"), None, "an enforcer without a profile"),
    (("nginx",), None, "nothing here tells the enforcer"),
]


@pytest.mark.parametrize(("names", "profile", "says"), ROWS)
def test_who_runs_tells_who_enforces(
    names: tuple[str, ...], profile: str | None, says: str
) -> None:
    found = guess(running(*names))
    assert found.profile == profile
    assert says in found.conclusion
    assert len(found.evidence) == (0 if names == ("nginx",) else len(names))


@pytest.mark.parametrize(
    ("objects", "profile"),
    [
        ((("crd.projectcalico.org/v1", "IPPool"),), "calico"),
        ((("cilium.io/v2", "CiliumNode"),), "cilium"),
        ((("crd.antrea.io/v1beta1", "AntreaAgentInfo"),), "antrea"),
        ((("networking.k8s.aws/v1alpha1", "PolicyEndpoint"),), "aws-vpc-cni"),
        ((("cilium.io/v2", "CiliumNode"), ("crd.projectcalico.org/v1", "IPPool")), None),
    ],
)
def test_without_who_runs_what_is_left_tells(
    objects: tuple[tuple[str, str], ...], profile: str | None
) -> None:
    assert guess(running(objects=objects)).profile == profile


@pytest.mark.parametrize(
    ("kind", "profile"),
    [
        ("CiliumClusterwideNetworkPolicy", "cilium"),
        ("GlobalNetworkPolicy", "calico"),
        ("NetworkPolicy.projectcalico.org", "calico"),
        ("NetworkPolicy", None),
        ("ClusterNetworkPolicy", None),
    ],
)
def test_policies_of_one_enforcer_tell(kind: str, profile: str | None) -> None:
    assert guess(cluster(pod("shop/web"), policies=[policy("p", kind=kind)])).profile == profile


def test_who_runs_counts_for_more_than_what_is_left() -> None:
    moved = running("cilium", objects=(("crd.projectcalico.org/v1", "IPPool"),))
    assert guess(moved).profile == "cilium"


class TestAuto:
    def test_the_profile_is_taken_and_the_reason_shown(self) -> None:
        verdict = ns.why(running("kube-flannel-ds"), "shop/web -> 10.9.9.9:80", cni="auto")
        assert (verdict.profile, verdict.outcome) == ("flannel", ns.Outcome.ALLOWED)
        assert str(verdict).splitlines()[1] == (
            "the reading was chosen: flannel by DaemonSet kube-system/kube-flannel-ds; "
            "it enforces nothing (F4.1)"
        )

    def test_without_a_hint_it_is_the_text(self) -> None:
        verdict = ns.why(running(), "shop/web -> 10.9.9.9:80", cni="auto")
        assert (verdict.profile, verdict.outcome) == ("spec", ns.Outcome.DENIED)

    def test_all_pairs_take_it_too(self) -> None:
        reach = ns.reachability(running("weave-net"), cni="auto")
        assert reach.profile.name == "weave"
        assert "the reading was chosen: weave by" in str(reach)

    def test_a_difference_takes_that_of_the_later_cluster(self) -> None:
        found = ns.difference(running("cilium"), running("kube-flannel-ds"), cni="auto")
        assert found.profile == "flannel"

    def test_a_name_is_taken_as_it_is(self) -> None:
        assert profile_for(running("cilium"), "weave").chosen == ""
        with pytest.raises(UnknownName, match="no CNI profile 'flannels'; did you mean flannel"):
            profile_for(running(), "flannels")

    @pytest.mark.parametrize(
        "command",
        [["why", "shop", "shop/web -> shop/api:8080"], ["reach", "shop"], ["diff", "shop", "shop"]],
    )
    def test_the_command_line_takes_it(self, command: list[str]) -> None:
        result = CliRunner().invoke(main, [*command, "--cni", "auto"])
        assert "the reading was chosen: nothing here tells the enforcer" in result.output
        assert result.exit_code == 0
