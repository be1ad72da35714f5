"""DNS messages as they travel: the bytes of a question → an answer → its bytes, and back."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from nsimlib.dns.records import Answer, Rcode, Record, RecordType, canonical
from nsimlib.model.addresses import parse_address

if TYPE_CHECKING:
    from dns.message import Message

__all__ = ["answer_of", "is_truncated", "question", "records_of", "replied"]

#: what a datagram holds for a client that does not say that it takes more (RFC 1035)
SMALL = 512
#: and what any message holds at most
MOST = 65535


def question(name: str, type: RecordType) -> bytes:
    """Return the message that asks for records, as a resolver without EDNS writes it."""
    import dns.message

    return dns.message.make_query(f"{canonical(name)}.", str(type)).to_wire()


def replied(
    message: bytes, asked: Callable[[str, RecordType], Answer], *, datagram: bool
) -> bytes | None:
    """Return the message that answers another, None if that is no question.

    What is too long for the client in one datagram goes without records, marked as truncated.
    Records of other types than the model knows, nobody has.
    """
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode

    try:
        query = dns.message.from_wire(message)
        reply = dns.message.make_response(query, recursion_available=True)
        (entry,) = query.question
    except (dns.exception.DNSException, ValueError):
        return None
    if entry.rdtype.name in list(RecordType):
        answer = asked(canonical(str(entry.name)), RecordType(entry.rdtype.name))
        reply.set_rcode(dns.rcode.from_text(answer.rcode))
        _fill(reply, answer)
    written = reply.to_wire(max_size=MOST)
    if datagram and len(written) > max(SMALL, query.payload):
        reply.answer.clear()
        reply.flags |= dns.flags.TC
        written = reply.to_wire()
    return written


def _fill(reply: "Message", answer: Answer) -> None:
    import dns.rrset

    for each in answer.records:
        text = f"{each.value}." if each.type is RecordType.CNAME else str(each.value)
        about = f"{each.name}.", int(each.ttl), "IN", str(each.type)
        # One by one: records that are written as one set are shuffled.
        reply.answer.append(dns.rrset.from_text(*about, text))


def is_truncated(message: bytes) -> bool:
    """Return whether a message says that there was more than fits, so that one asks over TCP."""
    import dns.flags
    import dns.message

    return bool(dns.message.from_wire(message).flags & dns.flags.TC)


def answer_of(message: bytes, name: str, type: RecordType, now: float, by: str) -> Answer:
    """Return what a message says that came as the answer to a question."""
    import dns.message
    import dns.rcode

    found = dns.message.from_wire(message)
    rcode = dns.rcode.to_text(found.rcode())
    known = Rcode(rcode) if rcode in list(Rcode) else Rcode.SERVFAIL
    return Answer(canonical(name), type, known, tuple(records_of(found)), since=now, by=by)


def records_of(message: "Message") -> Iterator[Record]:
    """Yield the records of a message's answer, of the types that the model knows."""
    for part in message.answer:
        for each in part:
            if (kind := each.rdtype.name) in list(RecordType):
                text = str(each)
                value = canonical(text) if kind == RecordType.CNAME else parse_address(text)
                yield Record(canonical(str(part.name)), RecordType(kind), part.ttl, value)
