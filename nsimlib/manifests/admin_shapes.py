"""The parts of admin policies that are read, in the API's own spelling; see `shapes`."""

from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.manifests.shapes import AnnotatedMeta, LabelSelector, Types

__all__ = [
    "AdminEgressRule",
    "AdminIngressRule",
    "AdminPeer",
    "AdminPolicy",
    "AdminPort",
    "AdminSpec",
    "NamespacedPod",
    "PortNumber",
    "PortRange",
    "Subject",
    "said_by",
]


@dataclass(slots=True)
class NamespacedPod:
    ignored: ClassVar[Types] = {}
    namespaceSelector: LabelSelector | None = None
    podSelector: LabelSelector | None = None


@dataclass(slots=True)
class Subject:
    ignored: ClassVar[Types] = {}
    namespaces: LabelSelector | None = None
    pods: NamespacedPod | None = None


@dataclass(slots=True)
class PortNumber:
    ignored: ClassVar[Types] = {}
    protocol: str = ""
    port: int = 0


@dataclass(slots=True)
class PortRange:
    ignored: ClassVar[Types] = {}
    protocol: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class AdminPort:
    ignored: ClassVar[Types] = {}
    portNumber: PortNumber | None = None
    portRange: PortRange | None = None
    namedPort: str = ""


@dataclass(slots=True)
class AdminPeer:
    """A peer; one of a later version has a field that is not known here, and fails closed."""

    ignored: ClassVar[Types] = {}
    fails_closed: ClassVar[bool] = True
    namespaces: LabelSelector | None = None
    pods: NamespacedPod | None = None
    nodes: LabelSelector | None = None
    networks: list[str] = field(default_factory=list)
    domainNames: list[str] = field(default_factory=list)


def said_by(peer: AdminPeer) -> tuple[object, ...]:
    """Return what a peer names; exactly one thing in a good one."""
    fields = (peer.namespaces, peer.pods, peer.nodes, peer.networks, peer.domainNames)
    return tuple(each for each in fields if each is not None and each != [])


@dataclass(slots=True)
class AdminEgressRule:
    ignored: ClassVar[Types] = {}
    name: str = ""
    action: str = ""
    ports: list[AdminPort] = field(default_factory=list)
    to: list[AdminPeer] = field(default_factory=list)


@dataclass(slots=True)
class AdminIngressRule:
    ignored: ClassVar[Types] = {}
    name: str = ""
    action: str = ""
    ports: list[AdminPort] = field(default_factory=list)
    from_: list[AdminPeer] = field(default_factory=list)


@dataclass(slots=True)
class AdminSpec:
    ignored: ClassVar[Types] = {}
    priority: int | None = None
    subject: Subject = field(default_factory=Subject)
    ingress: list[AdminIngressRule] = field(default_factory=list)
    egress: list[AdminEgressRule] = field(default_factory=list)


@dataclass(slots=True)
class AdminPolicy:
    ignored: ClassVar[Types] = {"apiVersion": str, "kind": str, "status": object}
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: AdminSpec = field(default_factory=AdminSpec)
