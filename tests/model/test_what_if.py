"""What would be if labels were others: always on a copy."""

import pytest

import nsimlib as ns
from tests.builders import cluster, pod

SHOP = ns.scenario("shop")
ENDS = cluster(
    pod("shop/web", "10.0.0.1", app="web"),
    pod("shop/api", "10.0.0.2", app="api"),
    pod("data/db", "10.0.0.3", app="db"),
)


class TestWhatIf:
    def test_labels_change_on_a_copy(self) -> None:
        after = ENDS.with_labels("shop/web", {"k8s.io/x": "1"}, app=None)

        assert dict(after.pods[0].labels) == {"k8s.io/x": "1"}
        assert dict(ENDS.pods[0].labels) == {"app": "web"}
        with pytest.raises(ns.UnknownName, match="did you mean shop/web"):
            ENDS.with_labels("shop/wab", app="x")

    def test_a_workload_stands_for_all_its_pods(self) -> None:
        after = SHOP.with_labels("shop/web", app="other")

        changed = [pod.key for pod in after.pods if pod.labels.get("app") == "other"]
        assert len(changed) == 2
        assert all(key.startswith("shop/web-") for key in changed)

    def test_a_namespace_is_new_or_relabelled(self) -> None:
        new = ENDS.with_namespace("new", team="a").namespaces["new"]
        assert dict(new.labels) == {"kubernetes.io/metadata.name": "new", "team": "a"}

        again = ENDS.with_namespace("shop", team="a")
        assert again.pods[0].namespace is again.namespaces["shop"]
        assert "team" in again.pods[0].namespace.labels
        assert again.pods[2].namespace is ENDS.pods[2].namespace
