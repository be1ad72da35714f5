"""One egress rule to the block around an address: how wide it is, what it leaves out, which ports.

What is asked of the API server is asked here as well: an exception must lie inside the block and be
smaller (F1.43). One that does not is left out of the manifest, and named.
"""

from dataclasses import dataclass

from nsimlib.errors import SettingError
from nsimlib.model.addresses import AddressRange, Family, parse_address, parse_cidr

__all__ = ["BITS", "BlockRule"]

BITS = Family.IPV4.bits


@dataclass(frozen=True, slots=True)
class BlockRule:
    """A policy with one rule: to the block with `prefix` leading bits of an address.

    `port` is the only port of the rule; without one it has none, and so means all (F1.6).

    Raises
    ------
    SettingError
        If the address is no IPv4 address, or cannot have so many bits.

    Examples
    --------
    A block begins where its bits say, not at the address: one step wider than a /24 is not the
    subnet and its successor.

    >>> BlockRule("10.20.21.17", 23).cidr
    '10.20.20.0/23'
    >>> BlockRule("10.20.21.17", 24, ("10.20.23.0/24",)).refused
    ('10.20.23.0/24',)
    """

    address: str
    prefix: int
    exceptions: tuple[str, ...] = ()
    port: str = ""
    namespace: str = "shop"
    app: str = "api"

    def __post_init__(self) -> None:
        if not _is_ipv4(self.address):
            raise SettingError("address", self.address, "an IPv4 address such as 10.20.21.17")
        if not 0 <= self.prefix <= BITS:
            raise SettingError("prefix", self.prefix, f"a number of bits from 0 to {BITS}")

    @property
    def block(self) -> AddressRange:
        """The addresses of the block, exceptions not taken out."""
        return parse_cidr(f"{self.address}/{self.prefix}")

    @property
    def cidr(self) -> str:
        """The block as it is written."""
        return f"{self.block.start}/{self.prefix}"

    @property
    def size(self) -> int:
        """How many addresses are in the block, exceptions not taken out."""
        return 1 + self.block.last - self.block.first

    @property
    def excepted(self) -> tuple[str, ...]:
        """The exceptions that the API server takes."""
        return tuple(each for each in self.exceptions if self._takes(each))

    @property
    def refused(self) -> tuple[str, ...]:
        """The exceptions that the API server refuses with this block."""
        return tuple(each for each in self.exceptions if not self._takes(each))

    @property
    def manifest(self) -> str:
        """The NetworkPolicy, without the exceptions that would be refused."""
        lines = [
            "apiVersion: networking.k8s.io/v1",
            "kind: NetworkPolicy",
            f"metadata: {{name: to-block, namespace: {self.namespace}}}",
            "spec:",
            "  podSelector:",
            f"    matchLabels: {{app: {self.app}}}",
            "  policyTypes: [Egress]",
            "  egress:",
            "  - to:",
            "    - ipBlock:",
            f"        cidr: {self.cidr}",
        ]
        if self.excepted:
            lines.append(f"        except: [{', '.join(self.excepted)}]")
        if self.port:
            number, _, protocol = self.port.partition("/")
            lines += ["    ports:", f"    - {{port: {number}, protocol: {protocol or 'TCP'}}}"]
        return "\n".join(lines) + "\n"

    def _takes(self, exception: str) -> bool:
        taken = parse_cidr(exception)
        return taken != self.block and self.block.covers(taken)


def _is_ipv4(text: str) -> bool:
    try:
        return parse_address(text).family is Family.IPV4
    except ValueError:
        return False
