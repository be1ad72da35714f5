"""Policies of every dialect as data."""

import pytest

from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Direction
from tests.builders import EGRESS, INGRESS, policy, rule


class TestDomainPeer:
    @pytest.mark.parametrize(
        ("pattern", "name", "named"),
        [
            ("db.example.com", "db.example.com", True),
            ("DB.example.com", "db.EXAMPLE.com.", True),
            ("db.example.com", "mydb.example.com", False),
            # a star stands for one or more labels, not for none and not for a part (F1.64)
            ("*.example.com", "db.example.com", True),
            ("*.example.com", "a.db.example.com", True),
            ("*.example.com", "example.com", False),
            ("*.example.com", "badexample.com", False),
        ],
    )
    def test_names(self, pattern: str, name: str, named: bool) -> None:
        assert DomainPeer(pattern).names(name) is named


class TestPolicy:
    BOTH = policy("shop/p", rule(), rule(direction=INGRESS), rule(ports="80"), directions=Direction)

    def test_rules_keep_the_order_of_the_file(self) -> None:
        paths = {d: [rule.path for rule in self.BOTH.rules_for(d)] for d in Direction}
        assert paths == {
            EGRESS: ["spec.egress[0]", "spec.egress[1]"],
            INGRESS: ["spec.ingress[0]"],
        }

    def test_kind_and_key_tell_policies_apart(self) -> None:
        assert self.BOTH.identity == ("NetworkPolicy", "shop/p")
        assert policy("everybody", kind="Admin").identity == ("Admin", "everybody")
