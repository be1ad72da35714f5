"""Ports that rules name, and sets of ports. The laws of sets are in `test_laws`."""

import pytest

from nsimlib.model.ports import ALL_PORTS, MAX_PORT, NO_PORTS, Port, PortSet, Protocol
from tests.builders import policy_port


class TestPort:
    def test_is_tcp_unless_it_says_otherwise(self) -> None:
        assert [str(Port(53)), str(Port(53, Protocol.UDP))] == ["53/TCP", "53/UDP"]


class TestPolicyPort:
    @pytest.mark.parametrize(
        ("text", "meant", "words"),
        [
            # a number, a range with its end, a protocol alone (F1.7, F1.8)
            ("80/TCP", "80/TCP", "80/TCP"),
            ("7078-7087/TCP", "7078-7087/TCP", "7078-7087/TCP"),
            ("53-53/UDP", "53/UDP", "53-53/UDP"),
            ("any/SCTP", "all SCTP", "any port/SCTP"),
            # a name means nothing until a pod is asked
            ("http/TCP", "no ports", "http/TCP"),
            # dialects that name no protocol
            ("any/any", "all ports", "any port/any protocol"),
            ("53/any", "53/TCP, 53/UDP, 53/SCTP", "53/any protocol"),
        ],
    )
    def test_means_by_number(self, text: str, meant: str, words: str) -> None:
        assert str(policy_port(text).numbers()) == meant
        assert str(policy_port(text)) == words


class TestPortSet:
    @pytest.mark.parametrize(
        ("ports", "wanted"),
        [
            # touching and overlapping intervals become one
            (["80/TCP", "81/TCP"], "80-81/TCP"),
            (["80-90/TCP", "85-95/TCP", "1/TCP"], "1/TCP, 80-95/TCP"),
            (["80-90/TCP", "82/TCP"], "80-90/TCP"),
            (["80", "82"], "80/TCP, 82/TCP"),
            # protocols stay apart
            (["53/UDP", "53/TCP"], "53/TCP, 53/UDP"),
            ([f"1-{MAX_PORT}/UDP"], "all UDP"),
            ([], "no ports"),
        ],
    )
    def test_reads_and_writes(self, ports: list[str], wanted: str) -> None:
        assert str(PortSet.of(*ports)) == wanted

    @pytest.mark.parametrize(
        ("left", "right", "union", "both", "without"),
        [
            ("80-90/TCP", "85-99/TCP", "80-99/TCP", "85-90/TCP", "80-84/TCP"),
            ("80/TCP", "80/UDP", "80/TCP, 80/UDP", "no ports", "80/TCP"),
            ("1-65535/TCP", "443/TCP", "all TCP", "443/TCP", "1-442/TCP, 444-65535/TCP"),
            ("1-10/TCP", "1-10/TCP", "1-10/TCP", "1-10/TCP", "no ports"),
        ],
    )
    def test_combines(self, left: str, right: str, union: str, both: str, without: str) -> None:
        a, b = PortSet.of(left), PortSet.of(right)
        assert (str(a | b), str(a & b), str(a - b)) == (union, both, without)

    def test_edges_are_in_it(self) -> None:
        found = [Port(number) in PortSet.of("80-90/TCP") for number in (79, 80, 90, 91)]
        assert found == [False, True, True, False]
        assert Port(80, Protocol.UDP) not in PortSet.of("80/TCP")

    def test_a_text_is_in_it_when_all_of_it_is(self) -> None:
        web = PortSet.of("80-90/TCP")
        assert "80-85/TCP" in web
        assert "85-95/TCP" not in web
        assert 80 not in web

    def test_all_is_more_than_all_of_one_protocol(self) -> None:
        assert str(ALL_PORTS) == "all ports"
        assert str(ALL_PORTS - PortSet.of("53/UDP")) == "all TCP, 1-52/UDP, 54-65535/UDP, all SCTP"

    def test_equal_sets_are_one_key(self) -> None:
        assert {PortSet.of("80", "81"): 1}[PortSet.of("80-81")] == 1
        assert PortSet.of("80") != PortSet.of("81")
        assert not NO_PORTS
