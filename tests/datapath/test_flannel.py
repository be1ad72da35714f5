"""Flannel enforces nothing, and says so (F4.1)."""

from hypothesis import given, settings

from nsimlib.datapath.entry import datapath
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from tests import strategies as make
from tests.builders import cluster, pod, policy

WEB = pod("shop/web", "10.0.0.1", app="web")


def test_it_names_the_policies_that_have_no_effect() -> None:
    found = datapath("flannel", cluster(WEB, policies=[policy("shop/p")]), "shop/web")
    ((origin, why),) = found.left_out()
    assert (str(origin), why) == ("shop/p", "Flannel enforces nothing (F4.1)")
    head = found.save().splitlines()[0]
    assert head == "# Flannel enforces nothing; without effect: shop/p"


def test_without_policies_there_is_nothing_to_name() -> None:
    text = datapath("flannel", cluster(WEB), "shop/web").save()
    assert text.splitlines()[0] == "# Flannel enforces nothing"


@settings(max_examples=30)
@given(make.asked(make.guarded((("v4",), ("v4", "v6")))))
def test_every_connection_comes_through(asked: tuple[Cluster, Connection]) -> None:
    to, connection = asked
    try:
        walks = datapath("flannel", to, to.pods[0].key).walks(connection)
    except UnknownName:
        return
    assert {walk.outcome for walk in walks} == {Outcome.ALLOWED}
