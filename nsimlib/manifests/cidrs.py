"""CIDRs as the API server reads them: loosely, with a warning for what strict parsing refuses.

Since v1.36 the server refuses host bits, leading zeros and IPv4-mapped IPv6 in new objects, but
stored ones stay legal (F1.46), and a dump holds stored ones. So here they are read as the server
reads them, and reported with the words of its warnings; leading zeros are decimal, never octal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nsimlib.manifests.faults import Fault, invalid, warning
from nsimlib.manifests.nodes import Path
from nsimlib.model.addresses import Address, AddressRange, Family, parse_address, parse_cidr

__all__ = ["WrittenCIDR", "cidr_faults", "cidr_remedy", "read_cidr"]

BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
MAPPED = AddressRange(Family.IPV6, 0xFFFF << 32, (0xFFFF << 32) + 0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class WrittenCIDR:
    """A CIDR as written, in the spelling that the model takes, and the range it stands for."""

    written: str
    text: str
    range: AddressRange
    length: int

    @property
    def network(self) -> str:
        """The CIDR without host bits."""
        return f"{self.range.start}/{self.length}"


def read_cidr(written: str) -> WrittenCIDR | None:
    """Return what the server takes a CIDR for, or None for what is none (F1.42, F1.46).

    >>> read_cidr("010.0.0.0/08").text, read_cidr("::ffff:10.0.0.0/104").text, read_cidr("10.0.0.5")
    ('10.0.0.0/8', '10.0.0.0/8', None)
    """
    text = _decimal(written)
    try:
        block = parse_cidr(text)
    except ValueError:
        return None
    length = int(text.partition("/")[2])
    if block.family is Family.IPV6 and MAPPED.covers(block):
        length -= 96
        host = Address(Family.IPV4, parse_address(text.partition("/")[0]).value & 0xFFFF_FFFF)
        text = f"{host}/{length}"
        block = parse_cidr(text)
    return WrittenCIDR(written, text, block, length)


def _decimal(written: str) -> str:
    """Take out the zeros in front of the prefix length and of the parts of an IPv4 address."""
    address, slash, length = written.partition("/")
    if ":" not in address:
        address = ".".join(re.sub("^0+(?=[0-9])", "", part) for part in address.split("."))
    return f"{address}{slash}{re.sub('^0+(?=[0-9])', '', length)}"


def cidr_faults(path: Path, written: str) -> Iterator[Fault]:
    """Yield what the server says about a CIDR: an error, or warnings."""
    cidr = read_cidr(written)
    if cidr is None:
        yield invalid(path, written, BAD_CIDR, cidr_remedy(written))
        return
    host = parse_address(cidr.text.partition("/")[0])
    if host != cidr.range.start:
        yield warning(
            path,
            f'CIDR value "{written}" is ambiguous in this context '
            f'(should be "{cidr.network}" or "{host.cidr}"?) (F1.46)',
        )
    if cidr.text != written:
        yield warning(
            path,
            f'non-standard CIDR value "{written}" will be considered invalid in a future '
            f'Kubernetes release: use "{cidr.network}" (F1.46)',
        )


def cidr_remedy(written: str) -> str:
    """Return what to write instead of a CIDR that is a bare address; else there is no telling."""
    try:
        address = parse_address(written)
    except ValueError:
        return ""
    return f"Write {written}/{address.family.bits} for this one address."
