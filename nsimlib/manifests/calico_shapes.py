"""The parts of Calico's objects that are read, in the API's own spelling; see `shapes`.

`domains` and `allowedEgressDomains` are fields of Calico Enterprise, read so that it can be said
that open source does not have them (F2.12).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from nsimlib.manifests.networking_shapes import NetworkPolicy, NetworkPolicySpec
from nsimlib.manifests.shapes import AnnotatedMeta, Types

__all__ = [
    "Bare",
    "EntityRule",
    "GlobalPolicy",
    "GlobalPolicySpec",
    "HTTPMatch",
    "ICMPFields",
    "NetworkSet",
    "PolicyObject",
    "PolicySpec",
    "Rule",
    "ServiceAccountMatch",
    "StagedGlobalPolicy",
    "StagedGlobalPolicySpec",
    "StagedKubernetesPolicy",
    "StagedPolicy",
    "StagedPolicySpec",
    "Tier",
]

HEAD: Types = {"apiVersion": str, "kind": str, "status": object}


@dataclass(slots=True)
class ServiceAccountMatch:
    ignored: ClassVar[Types] = {}
    names: list[str] = field(default_factory=list)
    selector: str = ""


@dataclass(slots=True)
class ServiceMatch:
    ignored: ClassVar[Types] = {}
    name: str = ""
    namespace: str = ""


@dataclass(slots=True)
class EntityRule:
    ignored: ClassVar[Types] = {}
    nets: list[str] = field(default_factory=list)
    notNets: list[str] = field(default_factory=list)
    selector: str = ""
    notSelector: str = ""
    namespaceSelector: str = ""
    serviceAccounts: ServiceAccountMatch | None = None
    services: ServiceMatch | None = None
    ports: list[int | str] = field(default_factory=list)
    notPorts: list[int | str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ICMPFields:
    ignored: ClassVar[Types] = {}
    type: int | None = None
    code: int | None = None


@dataclass(slots=True)
class HTTPPath:
    ignored: ClassVar[Types] = {}
    exact: str = ""
    prefix: str = ""


@dataclass(slots=True)
class HTTPMatch:
    ignored: ClassVar[Types] = {}
    methods: list[str] = field(default_factory=list)
    paths: list[HTTPPath] = field(default_factory=list)


@dataclass(slots=True)
class Rule:
    ignored: ClassVar[Types] = {"metadata": object}
    action: str = ""
    ipVersion: int | None = None
    protocol: int | str | None = None
    notProtocol: int | str | None = None
    icmp: ICMPFields | None = None
    notICMP: ICMPFields | None = None
    source: EntityRule = field(default_factory=EntityRule)
    destination: EntityRule = field(default_factory=EntityRule)
    http: HTTPMatch | None = None


@dataclass(slots=True)
class PolicySpec:
    ignored: ClassVar[Types] = {"performanceHints": list[str]}
    tier: str = ""
    order: float | None = None
    selector: str = ""
    serviceAccountSelector: str = ""
    types: list[str] = field(default_factory=list)
    ingress: list[Rule] = field(default_factory=list)
    egress: list[Rule] = field(default_factory=list)


@dataclass(slots=True)
class GlobalPolicySpec(PolicySpec):
    namespaceSelector: str = ""
    applyOnForward: bool = False
    doNotTrack: bool = False
    preDNAT: bool = False


@dataclass(slots=True)
class StagedPolicySpec(PolicySpec):
    stagedAction: str = ""


@dataclass(slots=True)
class StagedGlobalPolicySpec(GlobalPolicySpec):
    stagedAction: str = ""


@dataclass(slots=True)
class StagedKubernetesPolicySpec(NetworkPolicySpec):
    stagedAction: str = ""


@dataclass(slots=True)
class PolicyObject:
    ignored: ClassVar[Types] = HEAD
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: PolicySpec = field(default_factory=PolicySpec)


@dataclass(slots=True)
class GlobalPolicy(PolicyObject):
    spec: GlobalPolicySpec = field(default_factory=GlobalPolicySpec)


@dataclass(slots=True)
class StagedPolicy(PolicyObject):
    spec: StagedPolicySpec = field(default_factory=StagedPolicySpec)


@dataclass(slots=True)
class StagedGlobalPolicy(GlobalPolicy):
    spec: StagedGlobalPolicySpec = field(default_factory=StagedGlobalPolicySpec)


@dataclass(slots=True)
class StagedKubernetesPolicy(NetworkPolicy):
    spec: StagedKubernetesPolicySpec = field(default_factory=StagedKubernetesPolicySpec)


@dataclass(slots=True)
class TierSpec:
    ignored: ClassVar[Types] = {}
    order: float | None = None
    defaultAction: str = ""


@dataclass(slots=True)
class Tier:
    ignored: ClassVar[Types] = HEAD
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: TierSpec = field(default_factory=TierSpec)


@dataclass(slots=True)
class NetworkSetSpec:
    ignored: ClassVar[Types] = {}
    nets: list[str] = field(default_factory=list)
    allowedEgressDomains: list[str] = field(default_factory=list)


@dataclass(slots=True)
class NetworkSet:
    ignored: ClassVar[Types] = HEAD
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
    spec: NetworkSetSpec = field(default_factory=NetworkSetSpec)


@dataclass(slots=True)
class Bare:
    """An object of a kind that is named in the load report and not modelled."""

    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)
