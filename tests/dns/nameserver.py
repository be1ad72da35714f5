"""A nameserver on the loopback that answers from zones."""

import socket
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from nsimlib.dns.records import RecordType
from nsimlib.dns.zones import Zones


class Nameserver(Thread):
    """Answers from zones over UDP until it is told to stop."""

    def __init__(self, zones: Zones) -> None:
        super().__init__(daemon=True)
        self.zones = zones
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def run(self) -> None:
        while True:
            wire, client = self.socket.recvfrom(4096)
            if not wire:
                return
            self.socket.sendto(self.reply(dns.message.from_wire(wire)).to_wire(), client)

    def reply(self, query: dns.message.Message) -> dns.message.Message:
        (question,) = query.question
        answer = self.zones.answer(question.name.to_text(), RecordType(question.rdtype.name))
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        reply.set_rcode(dns.rcode.from_text(answer.rcode))
        for each in answer.records:
            value = str(each.value) + ("." if each.type is RecordType.CNAME else "")
            found = dns.rrset.from_text(f"{each.name}.", int(each.ttl), "IN", each.type, value)
            reply.answer.append(found)
        return reply

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()
