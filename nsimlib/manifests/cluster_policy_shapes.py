"""The parts of a ClusterNetworkPolicy that are read, in the API's own spelling; see `shapes`."""

from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.manifests.admin_shapes import AdminPeer, Subject
from nsimlib.manifests.shapes import AnnotatedMeta, Types

__all__ = [
    "ClusterPolicy",
    "ClusterPolicySpec",
    "DestinationPort",
    "EgressRule",
    "IngressRule",
    "ProtocolEntry",
    "ProtocolMatch",
]


@dataclass(slots=True)
class DestinationRange:
    ignored: ClassVar[Types] = {}
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class DestinationPort:
    ignored: ClassVar[Types] = {}
    number: int | None = None
    range: DestinationRange | None = None


@dataclass(slots=True)
class ProtocolMatch:
    ignored: ClassVar[Types] = {}
    destinationPort: DestinationPort | None = None


@dataclass(slots=True)
class ProtocolEntry:
    ignored: ClassVar[Types] = {}
    tcp: ProtocolMatch | None = None
    udp: ProtocolMatch | None = None
    sctp: ProtocolMatch | None = None
    destinationNamedPort: str = ""


@dataclass(slots=True)
class EgressRule:
    ignored: ClassVar[Types] = {}
    name: str = ""
    action: str = ""
    protocols: list[ProtocolEntry] | None = None
    to: list[AdminPeer] = field(default_factory=list)


@dataclass(slots=True)
class IngressRule:
    ignored: ClassVar[Types] = {}
    name: str = ""
    action: str = ""
    protocols: list[ProtocolEntry] | None = None
    from_: list[AdminPeer] = field(default_factory=list)


@dataclass(slots=True)
class ClusterPolicySpec:
    ignored: ClassVar[Types] = {}
    tier: str = ""
    priority: int | None = None
    subject: Subject = field(default_factory=Subject)
    ingress: list[IngressRule] = field(default_factory=list)
    egress: list[EgressRule] = field(default_factory=list)


@dataclass(slots=True)
class ClusterPolicy:
    ignored: ClassVar[Types] = {"apiVersion": str, "kind": str, "status": object}
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: ClusterPolicySpec = field(default_factory=ClusterPolicySpec)
