"""Messages as they travel, to bytes and back."""

import dns.flags
import dns.message
import pytest

from nsimlib.dns.records import Answer, Rcode, Record, RecordType
from nsimlib.dns.wire import answer_of, is_truncated, question, replied
from nsimlib.model.addresses import Address, Family

A, AAAA, CNAME = RecordType.A, RecordType.AAAA, RecordType.CNAME
ALIAS = Record("db.example", CNAME, 300, "orders.example")
FIRST = Record("orders.example", A, 5, Address(Family.IPV4, 1))
SECOND = Record("orders.example", A, 5, Address(Family.IPV4, 2))
SIX = Record("orders.example", AAAA, 5, Address(Family.IPV6, 1))
MANY = tuple(Record("orders.example", A, 5, Address(Family.IPV4, n)) for n in range(60))


@pytest.mark.parametrize(
    "said",
    [
        Answer("db.example", A, records=(ALIAS, FIRST, SECOND)),
        Answer("orders.example", AAAA, records=(SIX,)),
        Answer("orders.example", A),
        Answer("no.example", A, Rcode.NXDOMAIN),
        Answer("db.example", A, Rcode.REFUSED),
        Answer("orders.example", A, records=MANY),
    ],
)
def test_what_is_said_is_heard(said: Answer) -> None:
    asked = []

    def answer(name: str, type: RecordType) -> Answer:
        asked.append((name, type))
        return said

    message = replied(question(said.name, said.type), answer, datagram=False)
    assert message is not None
    assert asked == [(said.name, said.type)]
    assert answer_of(message, said.name, said.type, 0, "") == said


def test_names_are_asked_in_one_spelling() -> None:
    query = dns.message.make_query("DB.Example.", "A")
    asked = []

    def answer(name: str, type: RecordType) -> Answer:
        asked.append(name)
        return Answer(name, type, records=(ALIAS,))

    found = replied(query.to_wire(), answer, datagram=True)
    assert found is not None
    assert asked == ["db.example"]
    assert query.is_response(dns.message.from_wire(found))


@pytest.mark.parametrize(
    ("edns", "datagram", "truncated"),
    [(False, True, True), (False, False, False), (1232, True, False), (512, True, True)],
)
def test_what_is_too_long_for_a_datagram_is_truncated(
    edns: int | bool, datagram: bool, truncated: bool
) -> None:
    query = dns.message.make_query("orders.example.", "A")
    if edns:
        query.use_edns(payload=edns)
    said = Answer("orders.example", A, records=MANY)
    found = replied(query.to_wire(), lambda *_: said, datagram=datagram)
    assert found is not None
    assert is_truncated(found) is truncated
    assert bool(dns.message.from_wire(found).answer) is not truncated


def test_records_that_the_model_does_not_know_nobody_has() -> None:
    query = dns.message.make_query("orders.example.", "TXT").to_wire()
    found = replied(query, lambda *_: pytest.fail("asked"), datagram=True)
    assert found is not None
    assert dns.message.from_wire(found).answer == []


@pytest.mark.parametrize("noise", [b"", b"\0" * 5, b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_question_has_no_answer(noise: bytes) -> None:
    assert replied(noise, lambda *_: pytest.fail("asked"), datagram=True) is None


def test_an_answer_has_no_answer() -> None:
    """Two servers that answer each other's answers would never stop."""
    message = dns.message.make_response(dns.message.make_query("a.example.", "A"))
    assert message.flags & dns.flags.QR
    assert replied(message.to_wire(), lambda *_: pytest.fail("asked"), datagram=True) is None
