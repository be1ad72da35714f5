"""Label selectors (F1.32-F1.35)."""

import pytest

from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement

IN, NOT_IN, EXISTS, DOES_NOT_EXIST = Operator


class TestRequirement:
    @pytest.mark.parametrize(
        ("operator", "values", "web", "other", "absent"),
        [
            (IN, ("web",), True, False, False),
            (IN, ("web", "api"), True, False, False),
            # NotIn also holds without the key (F1.34)
            (NOT_IN, ("web",), False, True, True),
            (EXISTS, (), True, True, False),
            (DOES_NOT_EXIST, (), False, False, True),
        ],
    )
    def test_matches(
        self, operator: Operator, values: tuple[str, ...], web: bool, other: bool, absent: bool
    ) -> None:
        requirement = Requirement("app", operator, values)
        given: list[dict[str, str]] = [{"app": "web"}, {"app": "db"}, {"tier": "web"}]
        assert [requirement.matches(labels) for labels in given] == [web, other, absent]

    @pytest.mark.parametrize(
        ("requirement", "words"),
        [
            (Requirement("app", IN, ("web",)), "app=web"),
            (Requirement("app", IN, ("a", "b")), "app in (a,b)"),
            (Requirement("app", NOT_IN, ("a",)), "app notin (a)"),
            (Requirement("app", EXISTS), "app"),
            (Requirement("app", DOES_NOT_EXIST), "!app"),
        ],
    )
    def test_reads_as_kubectl_writes_it(self, requirement: Requirement, words: str) -> None:
        assert str(requirement) == words


class TestLabelSelector:
    def test_all_requirements_are_anded(self) -> None:
        both = LabelSelector.of({"k8s-app": "dns"}, tier="front")
        assert both.matches({"k8s-app": "dns", "tier": "front", "more": ""})
        assert not both.matches({"k8s-app": "dns"})
        assert str(both) == "k8s-app=dns,tier=front"

    def test_without_requirements_everything_matches(self) -> None:
        assert EVERYTHING.matches({})
        assert (EVERYTHING.keys, EVERYTHING.misses({})) == (frozenset(), ())

    @pytest.mark.parametrize(
        ("requirement", "labels", "miss"),
        [
            (Requirement("app", IN, ("web",)), {}, "has no label app=web"),
            (Requirement("app", IN, ("web", "api")), {}, "has no label app=web or api"),
            (Requirement("app", IN, ("web",)), {"app": "db"}, "has app=db, not web"),
            (Requirement("app", NOT_IN, ("db",)), {"app": "db"}, "has app=db, which is excluded"),
            (Requirement("app", EXISTS), {}, "has no label app"),
            (Requirement("app", DOES_NOT_EXIST), {"app": "db"}, "has the label app"),
        ],
    )
    def test_says_what_is_missing(
        self, requirement: Requirement, labels: dict[str, str], miss: str
    ) -> None:
        selector = LabelSelector((Requirement("other", DOES_NOT_EXIST), requirement))
        assert selector.misses(labels) == (miss,)
        assert selector.keys == {"app", "other"}
