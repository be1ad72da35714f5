"""Pods and what they are made from: the core group, apps, batch and KubeVirt."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from nsimlib.manifests import shapes
from nsimlib.manifests.accounts import Accounts
from nsimlib.manifests.containers import traits
from nsimlib.manifests.core import address_faults, port_faults
from nsimlib.manifests.faults import Fault
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.validation import label_faults, metadata_faults
from nsimlib.model.addresses import Address, parse_address
from nsimlib.model.objects import (
    ContainerPort,
    Namespace,
    OwnDns,
    Pod,
    ServiceAccount,
    Traits,
    Workload,
)
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import Labels

__all__ = ["FINISHED", "KINDS", "WORKLOADS", "Pods", "container_faults", "own_labels", "pods"]

#: phases of pods that run no more and so take part in no connection
FINISHED = ("Succeeded", "Failed")
#: the ports of a pod, and what else its containers say
Declared = tuple[tuple[ContainerPort, ...], Traits]
HASH_LABEL = "pod-template-hash"
# More owners above one another than any controller makes: a circle.
MAX_OWNERS = 8


@dataclass(slots=True)
class Pods:
    """The pods of a cluster, those that run no more, and how many have no address."""

    pods: tuple[Pod, ...] = ()
    finished: list[Pod] = field(default_factory=list)
    without_address: int = 0


def pods(
    live: Iterable[Found],
    workloads: Iterable[Found],
    namespaces: Mapping[str, Namespace],
    accounts: Iterable[Found],
) -> Pods:
    """Return the pods that run, and for each workload without any a stand-in from its template."""
    known = {_workload(found): found for found in workloads}
    placed: list[tuple[int, Pod]] = []
    served: set[Workload] = set()
    counted, declared, running_as = Pods(), _Declared(), Accounts(accounts)
    for found in live:
        owner = _top_owner(found, known)
        if owner:
            served.add(owner)
        account = running_as.by(found, found.shape.spec)
        ports = declared.by(found.shape.spec)
        pod = _pod(found, namespaces[found.namespace], ports, owner, account)
        if found.shape.status.phase in FINISHED:
            counted.finished.append(pod)
            continue
        counted.without_address += not pod.addresses
        placed.append((found.position, pod))
    for workload, found in known.items():
        top = _top_owner(found, known) or workload
        # A workload made by another of the input leaves it to that one to have a stand-in.
        if top not in served and (top == workload or top not in known) and not _completed(found):
            served.add(top)
            account = running_as.by(found, _template(found.shape).spec)
            pod = _stand_in(found, namespaces[found.namespace], top, account)
            placed.append((found.position, pod))
    placed.sort(key=lambda each: each[0])
    counted.pods = tuple(pod for _, pod in placed)
    return counted


def own_labels(workloads: Iterable[Found]) -> dict[Workload, Labels]:
    """Return the labels that workloads have themselves, whatever their pods have."""
    return {_workload(found): found.meta.labels for found in workloads if found.meta.labels}


def _workload(found: Found) -> Workload:
    return Workload(found.namespace, found.kind.name, found.name)


def _top_owner(found: Found, known: Mapping[Workload, Found]) -> Workload | None:
    """The outermost workload that makes an object, or None if nothing does."""
    meta, top = found.meta, None
    for _ in range(MAX_OWNERS):
        owner = _controller(found.namespace, meta) or (top and _by_name(top, meta, known))
        if owner is None:
            return top
        if owner not in known:
            return _by_name(owner, meta, known) or owner
        meta, top = known[owner].meta, owner
    return top


def _controller(namespace: str, meta: shapes.ObjectMeta) -> Workload | None:
    """The controller of an object; the node that keeps a static pod is none."""
    for owner in meta.ownerReferences:
        if owner.controller and owner.kind != "Node":
            return Workload(namespace, owner.kind or "Pod", owner.name)
    return None


def _by_name(
    workload: Workload, meta: shapes.ObjectMeta, known: Mapping[Workload, Found]
) -> Workload | None:
    """The Deployment or CronJob of the input whose name a ReplicaSet or Job carries on."""
    stem, _, suffix = workload.name.rpartition("-")
    match workload.kind:
        case "ReplicaSet" if suffix == meta.labels.get(HASH_LABEL):
            owner = workload._replace(kind="Deployment", name=stem)
        case "Job" if suffix.isdecimal():
            owner = workload._replace(kind="CronJob", name=stem)
        case _:
            return None
    return owner if owner in known else None


def _completed(found: Found) -> bool:
    """Whether it is a Job that is done, whose pods are gone for good."""
    shape = found.shape
    return isinstance(shape, shapes.Workload) and bool(shape.status.completionTime)


def _pod(
    found: Found,
    namespace: Namespace,
    declared: Declared,
    owner: Workload | None,
    account: ServiceAccount,
) -> Pod:
    spec: shapes.PodSpec = found.shape.spec
    return Pod(
        namespace,
        found.name,
        found.meta.labels,
        _addresses(found.shape.status),
        declared[0],
        spec.nodeName or None,
        spec.hostNetwork,
        owner,
        account=account,
        dns=_dns(spec),
        traits=declared[1],
    )


def _dns(spec: shapes.PodSpec) -> OwnDns | None:
    """Whom a pod asks for names, where its own spec says so and nothing else."""
    if spec.dnsPolicy != "None" or not spec.dnsConfig.nameservers:
        return None
    config = spec.dnsConfig
    return OwnDns(tuple(map(parse_address, config.nameservers)), tuple(config.searches))


def _addresses(status: shapes.PodStatus) -> tuple[Address, ...]:
    texts = [each.ip for each in status.podIPs] or [status.podIP]
    return tuple(parse_address(text) for text in texts if text)


class _Declared:
    """What containers declare; replicas that share their containers share that as well."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[object, Declared]] = {}

    def by(self, spec: shapes.PodSpec) -> Declared:
        containers = spec.containers, spec.initContainers
        key = id(containers[0]), id(containers[1])
        if key not in self._known:
            # Kept with the answer, so that no other list gets its identity.
            self._known[key] = containers, (_ports(spec), traits(spec))
        return self._known[key][1]


def _ports(spec: shapes.PodSpec) -> tuple[ContainerPort, ...]:
    """The ports of containers and sidecars; other init containers are gone when the pod serves."""
    sidecars = [each for each in spec.initContainers if each.restartPolicy == "Always"]
    return tuple(
        ContainerPort(port.name, Port(port.containerPort, Protocol(port.protocol or "TCP")))
        for container in (*spec.containers, *sidecars)
        for port in container.ports
        if not any(port_faults((), port.containerPort, port.protocol, ""))
    )


def _stand_in(
    found: Found, namespace: Namespace, workload: Workload, account: ServiceAccount
) -> Pod:
    template = _template(found.shape)
    return Pod(
        namespace,
        workload.name,
        template.metadata.labels,
        ports=_ports(template.spec),
        host_network=template.spec.hostNetwork,
        workload=workload,
        from_template=True,
        account=account,
        dns=_dns(template.spec),
        traits=traits(template.spec),
    )


def _template(shape: shapes.Workload | shapes.CronJob) -> shapes.PodTemplate:
    spec = shape.spec.jobTemplate.spec if isinstance(shape, shapes.CronJob) else shape.spec
    return spec.template


def _pod_faults(shape: shapes.Pod) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)
    yield from _spec_faults(("spec",), shape.spec)
    for i, each in enumerate(shape.status.podIPs):
        yield from address_faults(("status", "podIPs", i, "ip"), each.ip)
    if shape.status.podIP and not shape.status.podIPs:
        yield from address_faults(("status", "podIP"), shape.status.podIP)


def _spec_faults(path: Path, spec: shapes.PodSpec) -> Iterator[Fault]:
    yield from container_faults((*path, "containers"), spec.containers)
    yield from container_faults((*path, "initContainers"), spec.initContainers)
    for i, each in enumerate(spec.dnsConfig.nameservers):
        yield from address_faults((*path, "dnsConfig", "nameservers", i), each)


def container_faults(path: Path, containers: list[shapes.Container]) -> Iterator[Fault]:
    """Yield what is wrong with the ports of containers, which opens and closes nothing."""
    for i, container in enumerate(containers):
        for j, port in enumerate(container.ports):
            place = (*path, i, "ports", j)
            for fault in port_faults(place, port.containerPort, port.protocol, "containerPort"):
                yield replace(fault, harmless=True)


def _workload_faults(
    shape: shapes.Workload | shapes.CronJob, path: Path = ("spec", "template")
) -> Iterator[Fault]:
    yield from metadata_faults(shape.metadata)
    template = _template(shape)
    yield from label_faults((*path, "metadata", "labels"), template.metadata.labels)
    yield from _spec_faults((*path, "spec"), template.spec)


_cron_job_faults = partial(_workload_faults, path=("spec", "jobTemplate", "spec", "template"))

#: kinds with a pod template in `spec`, by API group
TEMPLATED = {
    "": ("ReplicationController",),
    "apps": ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"),
    "extensions": ("Deployment", "ReplicaSet", "DaemonSet"),
    "batch": ("Job",),
    "kubevirt.io": ("VirtualMachine",),
}
KINDS: Kinds = {
    ("", "Pod"): Kind("Pod", shapes.Pod, _pod_faults),
    ("batch", "CronJob"): Kind("CronJob", shapes.CronJob, _cron_job_faults),
    **{
        (group, kind): Kind(kind, shapes.Workload, _workload_faults)
        for group, kinds in TEMPLATED.items()
        for kind in kinds
    },
}
#: kinds that stand for their pods when none is there
WORKLOADS = tuple(sorted({kind for _, kind in KINDS} - {"Pod"}))
