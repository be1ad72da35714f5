"""The one-line notation of a connection."""

import pytest

from nsimlib.errors import ConnectionSyntaxError
from nsimlib.model.addresses import parse_address
from nsimlib.model.connection import Connection, DomainName, End, NodeName, ObjectName
from nsimlib.model.ports import Port, Protocol

WEB = ObjectName("shop", "web")


class TestParse:
    @pytest.mark.parametrize(
        ("destination", "wanted", "port"),
        [
            ("kube-system/coredns:53/UDP", ObjectName("kube-system", "coredns"), "53/UDP"),
            ("shop/service/api:80/TCP", ObjectName("shop", "api", "service"), "80/TCP"),
            ("shop/Deployment/api:80/TCP", ObjectName("shop", "api", "deployment"), "80/TCP"),
            ("node/worker-1:10250/TCP", NodeName("worker-1"), "10250/TCP"),
            ("203.0.113.7:443/TCP", parse_address("203.0.113.7"), "443/TCP"),
            ("[2001:db8::7]:443/SCTP", parse_address("2001:db8::7"), "443/SCTP"),
            ("db.example.com:5432/TCP", DomainName("db.example.com"), "5432/TCP"),
            # TCP is meant where no protocol is said, as in a rule (F1.7)
            ("shop/api:80", ObjectName("shop", "api"), "80/TCP"),
            ("shop/api:65535", ObjectName("shop", "api"), "65535/TCP"),
        ],
    )
    def test_reads(self, destination: str, wanted: End, port: str) -> None:
        connection = Connection.parse(f"shop/web -> {destination}")
        assert (connection.source, connection.destination) == (WEB, wanted)
        assert str(connection.port) == port
        assert not connection.reply

    def test_reads_a_reply(self) -> None:
        connection = Connection.parse("reply of 203.0.113.7 -> shop/web:80/TCP")
        assert connection.reply
        assert connection.source == parse_address("203.0.113.7")
        assert str(connection) == "reply of 203.0.113.7 -> shop/web:80/TCP"

    def test_writes_ipv6_in_brackets(self) -> None:
        there = parse_address("2001:db8::7")
        connection = Connection(there, there, Port(53, Protocol.UDP))
        assert str(connection) == "[2001:db8::7] -> [2001:db8::7]:53/UDP"

    @pytest.mark.parametrize(
        ("text", "place", "expected"),
        [
            ("shop/web", "        ^", "' -> ' between"),
            ("shop/web - shop/api:80", "                      ^", "' -> ' between"),
            ("shop/web -> shop/api", "                    ^", "':port/PROTOCOL'"),
            ("a/b -> 2001:db8::7:443", "       ^", "an IPv6 address in brackets"),
            ("shop/web -> [2001:db8::7]", "                         ^", "':port/PROTOCOL'"),
            (
                "shop/web -> shop/api:http",
                "                     ^",
                "a port number from 1 to 65535",
            ),
            ("shop/web -> shop/api:0/TCP", "                     ^", "a port number"),
            ("shop/web -> shop/api:65536", "                     ^", "a port number"),
            (
                "shop/web -> shop/api:80/GRE",
                "                        ^",
                "one of TCP, UDP",
            ),
            ("shop/web -> shop/api:256/ICMP", "                     ^", "a type from 0 to 255"),
            ("shop/web -> shop/api:80/tcp", "                        ^", "one of TCP, UDP, SCTP"),
            ("shop/web -> api:80/TCP", "            ^", "which namespace is it in?"),
            ("shop/we b -> shop/api:80", "^", "namespace/name"),
            ("reply of web -> shop/api:80", "         ^", "which namespace is it in?"),
            ("shop/web -> a/b/c/d:80", "            ^", "namespace/name"),
            ("shop/web -> shop/-api:80", "            ^", "namespace/name"),
        ],
    )
    def test_marks_the_place_of_an_error(self, text: str, place: str, expected: str) -> None:
        with pytest.raises(ConnectionSyntaxError) as caught:
            Connection.parse(text)
        message, written, caret = str(caught.value).splitlines()
        assert expected in message
        assert (written, caret) == (f"  {text}", f"  {place}")
