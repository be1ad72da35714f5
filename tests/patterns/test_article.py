"""The article's versions break their promises for the reason that is stated, and ours keep them."""

from typing import Any, cast

import pytest

from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.evidence import place_of
from nsimlib.lessons.scenarios import scenario
from nsimlib.manifests.shipped import read_shipped
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.patterns.article import ArticleVersion, article_names, article_version
from nsimlib.patterns.database_files import pattern_names
from nsimlib.patterns.pattern import dialect_names, pattern

VERSIONS = {name: article_version(name) for name in article_names()}
BROKEN = [
    pytest.param(version, number, id=f"{name}-{number}")
    for name, version in VERSIONS.items()
    for number in range(len(version.broken))
]
#: what the article promises about others than the database and DNS: no pattern is for that
NOT_FOR = ("E18", "E43", "E46", "E55", "E62", "E63")


def said(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", read_shipped("data", "article", f"{name}.yaml"))


@pytest.mark.parametrize(("version", "number"), BROKEN)
def test_a_promise_is_broken_by_what_is_said_to_break_it(
    version: ArticleVersion, number: int
) -> None:
    broken, entry = version.broken[number], said(version.name)["broken"][number]
    assert broken.found.value == entry["found"]
    assert broken.found is not broken.promised
    assert [place_of(each) for each in broken.verdict.determining] == entry["determined_by"]


@pytest.mark.parametrize(("version", "number"), BROKEN)
def test_the_pattern_beside_it_keeps_the_promise(version: ArticleVersion, number: int) -> None:
    broken = version.broken[number]
    connection = broken.verdict.connection
    if broken.promised is Outcome.ALLOWED and broken.erratum in NOT_FOR:
        assert broken.found is Outcome.DENIED
        return
    assert outcome_instead(version, connection) is broken.promised


def outcome_instead(version: ArticleVersion, connection: Connection) -> Outcome:
    """What the pattern makes of it, for the application that this connection is from."""
    name, dialect = version.instead
    cluster = with_everybody_isolated(version)
    instead = pattern(name, dialect=dialect, cluster=cluster, app={"app": "api"}, namespace="shop")
    after = instead.applied_to(cluster)
    return why(after, connection, cni=version.cni).outcome


def with_everybody_isolated(version: ArticleVersion) -> Cluster:
    """The version's cluster with a default deny in place of the version's own policies."""
    cluster = version.cluster.without(*(policy.key for policy in version.cluster.policies))
    return cluster.with_policies("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
""")


class TestVersions:
    def test_icmp_is_refused(self) -> None:
        """E59."""
        version = VERSIONS["icmp-in-networkpolicy"]
        (problem,) = version.problems
        assert problem.detail == (
            'Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"'
        )
        assert (version.refused, version.broken) == ("E59", ())
        assert version.table.rows[0][1:3] == ("accepted", "refused")

    def test_the_others_are_accepted(self) -> None:
        assert [name for name, each in VERSIONS.items() if each.problems] == [
            "icmp-in-networkpolicy"
        ]
        assert [
            name for name, each in VERSIONS.items() if not each.broken and not each.problems
        ] == []

    def test_the_vpc_is_another_set_of_parties_to_cilium(self) -> None:
        """E21: one manifest, two meanings."""
        cluster = VERSIONS["whole-vpc"].cluster
        to_node = "shop/api -> node/worker-1:5432/TCP"
        outcomes = [why(cluster, to_node, cni=cni).outcome for cni in ("calico", "cilium")]
        assert outcomes == [Outcome.ALLOWED, Outcome.DENIED]

    def test_the_label_is_what_is_wrong(self) -> None:
        """E39: where somebody has put the label there, DNS works."""
        cluster = VERSIONS["label-nobody-has"].cluster
        labelled = cluster.with_namespace("kube-system", name="kube-system")
        asked = "shop/api -> kube-system/coredns:53/UDP"
        outcomes = [why(each, asked, cni="calico").outcome for each in (cluster, labelled)]
        assert outcomes == [Outcome.DENIED, Outcome.ALLOWED]

    def test_what_stands_beside_each_exists(self) -> None:
        for version in VERSIONS.values():
            name, dialect = version.instead
            assert (name in pattern_names(), dialect in dialect_names()) == (True, True)

    def test_policies_are_those_of_the_version_alone(self) -> None:
        shops = {policy.key for policy in scenario("shop").policies}
        for version in VERSIONS.values():
            assert not shops & {policy.key for policy in version.cluster.policies}

    def test_no_such_version(self) -> None:
        with pytest.raises(UnknownName, match="did you mean whole-vpc"):
            article_version("whole-vcp")
