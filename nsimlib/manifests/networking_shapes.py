"""NetworkPolicy in the API's own spelling; see `shapes`."""

from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.manifests.shapes import AnnotatedMeta, LabelSelector, Types

__all__ = [
    "EgressRule",
    "IPBlock",
    "IngressRule",
    "NetworkPolicy",
    "NetworkPolicyPeer",
    "NetworkPolicyPort",
    "NetworkPolicySpec",
]


@dataclass(slots=True)
class IPBlock:
    ignored: ClassVar[Types] = {}
    cidr: str = ""
    except_: list[str] = field(default_factory=list)


@dataclass(slots=True)
class NetworkPolicyPeer:
    ignored: ClassVar[Types] = {}
    podSelector: LabelSelector | None = None
    namespaceSelector: LabelSelector | None = None
    ipBlock: IPBlock | None = None


@dataclass(slots=True)
class NetworkPolicyPort:
    ignored: ClassVar[Types] = {}
    protocol: str | None = None
    port: int | str | None = None
    endPort: int | None = None


@dataclass(slots=True)
class EgressRule:
    ignored: ClassVar[Types] = {}
    ports: list[NetworkPolicyPort] = field(default_factory=list)
    to: list[NetworkPolicyPeer] = field(default_factory=list)


@dataclass(slots=True)
class IngressRule:
    ignored: ClassVar[Types] = {}
    ports: list[NetworkPolicyPort] = field(default_factory=list)
    from_: list[NetworkPolicyPeer] = field(default_factory=list)


@dataclass(slots=True)
class NetworkPolicySpec:
    ignored: ClassVar[Types] = {}
    podSelector: LabelSelector = field(default_factory=LabelSelector)
    ingress: list[IngressRule] = field(default_factory=list)
    egress: list[EgressRule] = field(default_factory=list)
    policyTypes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class NetworkPolicy:
    ignored: ClassVar[Types] = {"apiVersion": str, "kind": str, "status": object}
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: NetworkPolicySpec = field(default_factory=NetworkPolicySpec)
