"""The parts of Cilium's policies that are read, in the API's own spelling; see `shapes`.

A list that is absent is not an empty one: `toEndpoints: []` selects nothing (F3.6), so such lists
may be None. What denies has shapes of its own, as it may not name domains or requests (F3.3).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.manifests.shapes import AnnotatedMeta, LabelSelector, Types

__all__ = [
    "CIDRRule",
    "CiliumPolicy",
    "CiliumRule",
    "EgressDenyRule",
    "EgressRule",
    "FQDNSelector",
    "Groups",
    "HTTPRule",
    "ICMPField",
    "ICMPRule",
    "IngressDenyRule",
    "IngressRule",
    "L7Rules",
    "PortDenyRule",
    "PortProtocol",
    "PortRule",
    "Service",
]


@dataclass(slots=True)
class PortProtocol:
    ignored: ClassVar[Types] = {}
    port: str = ""
    endPort: int = 0
    protocol: str = ""


@dataclass(slots=True)
class HTTPRule:
    ignored: ClassVar[Types] = {"headerMatches": object}
    method: str = ""
    path: str = ""
    host: str = ""
    headers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FQDNSelector:
    ignored: ClassVar[Types] = {}
    matchName: str = ""
    matchPattern: str = ""


@dataclass(slots=True)
class L7Rules:
    ignored: ClassVar[Types] = {}
    http: list[HTTPRule] = field(default_factory=list)
    dns: list[FQDNSelector] = field(default_factory=list)


@dataclass(slots=True)
class Listener:
    """Reference to a proxy that somebody configured; what it lets through is not said here."""

    name: str = ""


@dataclass(slots=True)
class PortDenyRule:
    ignored: ClassVar[Types] = {}
    ports: list[PortProtocol] = field(default_factory=list)


@dataclass(slots=True)
class PortRule:
    ignored: ClassVar[Types] = {"terminatingTLS": object, "originatingTLS": object}
    ports: list[PortProtocol] = field(default_factory=list)
    rules: L7Rules | None = None
    serverNames: list[str] = field(default_factory=list)
    listener: Listener | None = None


@dataclass(slots=True)
class ICMPField:
    ignored: ClassVar[Types] = {}
    family: str = ""
    type: int | str | None = None


@dataclass(slots=True)
class ICMPRule:
    ignored: ClassVar[Types] = {}
    fields: list[ICMPField] = field(default_factory=list)


@dataclass(slots=True)
class CIDRRule:
    ignored: ClassVar[Types] = {}
    cidr: str = ""
    except_: list[str] = field(default_factory=list)
    cidrGroupRef: str = ""
    cidrGroupSelector: LabelSelector | None = None


@dataclass(slots=True)
class AWSGroup:
    ignored: ClassVar[Types] = {}
    labels: dict[str, str] = field(default_factory=dict)
    securityGroupsIds: list[str] = field(default_factory=list)
    securityGroupsNames: list[str] = field(default_factory=list)
    region: str = ""


@dataclass(slots=True)
class Groups:
    ignored: ClassVar[Types] = {}
    aws: AWSGroup = field(default_factory=AWSGroup)


@dataclass(slots=True)
class ServiceName:
    ignored: ClassVar[Types] = {}
    serviceName: str = ""
    namespace: str = ""


@dataclass(slots=True)
class ServiceSelector:
    ignored: ClassVar[Types] = {}
    selector: LabelSelector = field(default_factory=LabelSelector)
    namespace: str = ""


@dataclass(slots=True)
class Service:
    ignored: ClassVar[Types] = {}
    k8sService: ServiceName | None = None
    k8sServiceSelector: ServiceSelector | None = None


@dataclass(slots=True)
class Authentication:
    ignored: ClassVar[Types] = {}
    mode: str = ""


@dataclass(slots=True)
class IngressPeers:
    ignored: ClassVar[Types] = {}
    fromEndpoints: list[LabelSelector] | None = None
    fromCIDR: list[str] | None = None
    fromCIDRSet: list[CIDRRule] | None = None
    fromEntities: list[str] | None = None
    fromNodes: list[LabelSelector] | None = None
    fromGroups: list[Groups] | None = None
    icmps: list[ICMPRule] = field(default_factory=list)


@dataclass(slots=True)
class IngressDenyRule(IngressPeers):
    toPorts: list[PortDenyRule] = field(default_factory=list)


@dataclass(slots=True)
class IngressRule(IngressPeers):
    toPorts: list[PortRule] = field(default_factory=list)
    authentication: Authentication | None = None


@dataclass(slots=True)
class EgressPeers:
    ignored: ClassVar[Types] = {}
    toEndpoints: list[LabelSelector] | None = None
    toCIDR: list[str] | None = None
    toCIDRSet: list[CIDRRule] | None = None
    toEntities: list[str] | None = None
    toNodes: list[LabelSelector] | None = None
    toServices: list[Service] | None = None
    toGroups: list[Groups] | None = None
    icmps: list[ICMPRule] = field(default_factory=list)


@dataclass(slots=True)
class EgressDenyRule(EgressPeers):
    toPorts: list[PortDenyRule] = field(default_factory=list)


@dataclass(slots=True)
class EgressRule(EgressPeers):
    toFQDNs: list[FQDNSelector] | None = None
    toPorts: list[PortRule] = field(default_factory=list)
    authentication: Authentication | None = None


@dataclass(slots=True)
class DefaultDeny:
    ignored: ClassVar[Types] = {}
    ingress: bool | None = None
    egress: bool | None = None


@dataclass(slots=True)
class CiliumRule:
    """What is called a rule in the API: whom it is for, and four lists of what it says."""

    ignored: ClassVar[Types] = {"description": str, "labels": object, "log": object}
    endpointSelector: LabelSelector | None = None
    nodeSelector: LabelSelector | None = None
    enableDefaultDeny: DefaultDeny = field(default_factory=DefaultDeny)
    ingress: list[IngressRule] = field(default_factory=list)
    ingressDeny: list[IngressDenyRule] = field(default_factory=list)
    egress: list[EgressRule] = field(default_factory=list)
    egressDeny: list[EgressDenyRule] = field(default_factory=list)


@dataclass(slots=True)
class CiliumPolicy:
    ignored: ClassVar[Types] = {"apiVersion": str, "kind": str, "status": object}
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: CiliumRule | None = None
    specs: list[CiliumRule] = field(default_factory=list)
