"""The parts of API objects that are read, in the API's own spelling.

One schema for two decoders: `decoding` (YAML and JSON, with lines) and `dumps` (large JSON, fast).
A class with `ignored` is closed: a field that is neither declared nor ignored there is an error, as
under kubectl's strict field validation (F1.47). Classes without it skip what they do not declare.
A trailing underscore keeps a field clear of a Python keyword.
"""

from dataclasses import dataclass, field
from typing import ClassVar

__all__ = [
    "AnnotatedMeta",
    "LabelSelector",
    "LabelSelectorRequirement",
    "ObjectMeta",
    "Types",
]

Types = dict[str, object]
Labels = dict[str, str]


@dataclass(slots=True)
class OwnerReference:
    kind: str = ""
    name: str = ""
    controller: bool = False


@dataclass(slots=True)
class ObjectMeta:
    #: with the type it must have, although nothing here reads it
    ignored: ClassVar[Types] = {
        "annotations": dict[str, str],
        "clusterName": str,
        "creationTimestamp": str,
        "deletionGracePeriodSeconds": int,
        "deletionTimestamp": str,
        "finalizers": list[str],
        "generation": int,
        "managedFields": object,
        "resourceVersion": str,
        "selfLink": str,
        "uid": str,
    }
    name: str = ""
    generateName: str = ""
    namespace: str = ""
    labels: Labels = field(default_factory=dict)
    ownerReferences: list[OwnerReference] = field(default_factory=list)


@dataclass(slots=True)
class AnnotatedMeta(ObjectMeta):
    """The metadata of what is also asked for its annotations: policies, and accounts."""

    ignored: ClassVar[Types] = {k: v for k, v in ObjectMeta.ignored.items() if k != "annotations"}
    annotations: Labels = field(default_factory=dict)


@dataclass(slots=True)
class Namespace:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)


@dataclass(slots=True)
class ServiceAccount:
    metadata: AnnotatedMeta = field(default_factory=AnnotatedMeta)


@dataclass(slots=True)
class ContainerPort:
    name: str = ""
    containerPort: int = 0
    hostPort: int = 0
    protocol: str = ""


@dataclass(slots=True)
class EnvVar:
    name: str = ""
    value: str = ""


@dataclass(slots=True)
class SecurityContext:
    privileged: bool = False


@dataclass(slots=True)
class Container:
    ports: list[ContainerPort] = field(default_factory=list)
    env: list[EnvVar] = field(default_factory=list)
    securityContext: SecurityContext = field(default_factory=SecurityContext)
    restartPolicy: str = ""


@dataclass(slots=True)
class DnsConfig:
    nameservers: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PodSpec:
    containers: list[Container] = field(default_factory=list)
    initContainers: list[Container] = field(default_factory=list)
    nodeName: str = ""
    hostNetwork: bool = False
    serviceAccountName: str = ""
    dnsPolicy: str = ""
    dnsConfig: DnsConfig = field(default_factory=DnsConfig)


@dataclass(slots=True)
class PodIP:
    ip: str = ""


@dataclass(slots=True)
class PodStatus:
    phase: str = ""
    podIP: str = ""
    podIPs: list[PodIP] = field(default_factory=list)


@dataclass(slots=True)
class Pod:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


@dataclass(slots=True)
class TemplateMeta:
    """The metadata of a template, which KubeVirt and older charts fill with more than labels."""

    labels: Labels = field(default_factory=dict)


@dataclass(slots=True)
class PodTemplate:
    metadata: TemplateMeta = field(default_factory=TemplateMeta)
    spec: PodSpec = field(default_factory=PodSpec)


@dataclass(slots=True)
class WorkloadSpec:
    template: PodTemplate = field(default_factory=PodTemplate)


@dataclass(slots=True)
class WorkloadStatus:
    completionTime: str = ""


@dataclass(slots=True)
class Workload:
    """Deployment, StatefulSet, Job, VirtualMachine and all others with a pod template in `spec`."""

    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)
    status: WorkloadStatus = field(default_factory=WorkloadStatus)


@dataclass(slots=True)
class JobTemplate:
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)


@dataclass(slots=True)
class CronJobSpec:
    jobTemplate: JobTemplate = field(default_factory=JobTemplate)


@dataclass(slots=True)
class CronJob:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: CronJobSpec = field(default_factory=CronJobSpec)


@dataclass(slots=True)
class NodeAddress:
    type: str = ""
    address: str = ""


@dataclass(slots=True)
class NodeStatus:
    addresses: list[NodeAddress] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    status: NodeStatus = field(default_factory=NodeStatus)


@dataclass(slots=True)
class ServicePort:
    name: str = ""
    protocol: str = ""
    port: int = 0
    targetPort: int | str | None = None


@dataclass(slots=True)
class ServiceSpec:
    type: str = ""
    clusterIP: str = ""
    clusterIPs: list[str] = field(default_factory=list)
    selector: Labels = field(default_factory=dict)
    ports: list[ServicePort] = field(default_factory=list)


@dataclass(slots=True)
class Service:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ServiceSpec = field(default_factory=ServiceSpec)


@dataclass(slots=True)
class EndpointPort:
    name: str = ""
    port: int = 0
    protocol: str = ""


@dataclass(slots=True)
class EndpointSubset:
    addresses: list[PodIP] = field(default_factory=list)
    ports: list[EndpointPort] = field(default_factory=list)


@dataclass(slots=True)
class Endpoints:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    subsets: list[EndpointSubset] = field(default_factory=list)


@dataclass(slots=True)
class EndpointConditions:
    ready: bool | None = None


@dataclass(slots=True)
class Endpoint:
    addresses: list[str] = field(default_factory=list)
    conditions: EndpointConditions = field(default_factory=EndpointConditions)


@dataclass(slots=True)
class EndpointSlice:
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    addressType: str = ""
    endpoints: list[Endpoint] = field(default_factory=list)
    ports: list[EndpointPort] = field(default_factory=list)


@dataclass(slots=True)
class LabelSelectorRequirement:
    ignored: ClassVar[Types] = {}
    key: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)


@dataclass(slots=True)
class LabelSelector:
    ignored: ClassVar[Types] = {}
    matchLabels: Labels = field(default_factory=dict)
    matchExpressions: list[LabelSelectorRequirement] = field(default_factory=list)
