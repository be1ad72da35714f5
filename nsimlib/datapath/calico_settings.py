"""How a node's Felix is set: its release, what a denied packet meets, and which bits it marks."""

from dataclasses import dataclass
from enum import Enum

from nsimlib.datapath.calico_names import Version

__all__ = ["ACCEPT", "ALL_BITS", "BLOCK", "BLOCKS", "DROP", "PASS", "Denial", "Settings"]


#: the bits of a packet's mark that are Felix's, the lowest of the mask 0xffff0000 first (F2.21)
ACCEPT = 0x10000
PASS = 0x20000
DROP = 0x40000
#: all blocks of a rule so far let the packet through
BLOCKS = 0x80000
#: the block that is being looked at does
BLOCK = 0x100000
#: what is cleared of a packet that comes in; the bit for drops is only ever set right before one
ALL_BITS = ACCEPT | PASS | BLOCKS | BLOCK


class Denial(Enum):
    """What a denied packet meets, on the whole node (F2.13)."""

    DROP = "DROP"
    REJECT = "REJECT"

    @property
    def word(self) -> str:
        """The word in the notes on rules."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Settings:
    """What of Felix's configuration shows in the rules; these are the shipped manifest's values."""

    version: Version = Version.V3_32
    denial: Denial = Denial.DROP
    #: what happens to a packet to the own node that policy let through (F2.15)
    endpoint_to_host: str = "ACCEPT"
    allow_vxlan: bool = False
    allow_ipip: bool = False
    vxlan_port: int = 4789
    log_prefix: str = "calico-packet"
