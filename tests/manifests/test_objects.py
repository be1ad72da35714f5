"""Objects → the model: namespaces, pods and their owners, nodes, Services, places."""

import pytest

from nsimlib.model.addresses import parse_address, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, Place, Pod
from tests.manifests.snippets import manifest, read


def pod_of(*manifests: str) -> Pod:
    (pod,) = read(*manifests).pods
    return pod


def owned(key: str, owner: str, *more: str, labels: str = "") -> str:
    """A pod, or with `apps/v1 ReplicaSet shop/web` another object, made by `kind/name`."""
    kind, _, name = owner.partition("/")
    reference = f"ownerReferences: [{{controller: true, kind: {kind}, name: {name}}}]"
    head = key if " " in key else f"Pod {key}"
    extra = f", labels: {{{labels}}}, {reference}}}"
    lines = manifest(head, *more).splitlines()
    return (
        "\n".join(line.removesuffix("}") + extra if "metadata" in line else line for line in lines)
        + "\n"
    )


class TestNamespaces:
    def test_the_automatic_label_is_always_there(self) -> None:
        spaces = read(manifest("Namespace shop"), manifest("Pod data/db")).namespaces
        assert {name: dict(space.labels) for name, space in spaces.items()} == {
            "shop": {NAME_LABEL: "shop"},
            "data": {NAME_LABEL: "data"},
        }

    def test_namespaces_that_are_merely_mentioned_are_noted(self) -> None:
        notes = read(manifest("Namespace shop"), manifest("Service data/db")).report.notes
        assert notes == ("namespaces without a manifest, known by name only: data",)

    def test_nothing_written_is_default(self) -> None:
        assert pod_of(manifest("Pod web")).key == "default/web"

    def test_an_owner_given_by_hand_does_not_win_over_the_label(self) -> None:
        text = (
            f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: a, labels: {{{NAME_LABEL}: b}}}}\n"
        )
        assert read(text).namespaces["a"].labels == {NAME_LABEL: "a"}


class TestPods:
    @pytest.mark.parametrize(
        ("status", "addresses"),
        [
            ("{podIP: 10.0.0.1}", ["10.0.0.1"]),
            (
                "{podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}",
                ["10.0.0.1", "fd00::1"],
            ),
            ("{podIPs: [{ip: 'fd00::1'}]}", ["fd00::1"]),
            ("{podIP: ''}", []),
            ("{}", []),
        ],
    )
    def test_addresses(self, status: str, addresses: list[str]) -> None:
        pod = pod_of(manifest("Pod a/b", f"status: {status}"))
        assert [str(address) for address in pod.addresses] == addresses

    def test_ports_of_containers_and_sidecars(self) -> None:
        spec = """spec:
  containers:
  - ports: [{name: http, containerPort: 80}, {containerPort: 53, protocol: UDP}]
  initContainers:
  - ports: [{name: gone, containerPort: 1}]
  - {restartPolicy: Always, ports: [{name: mesh, containerPort: 15001}]}"""
        declared = [(name, str(port)) for name, port in pod_of(manifest("Pod a/b", spec)).ports]
        assert declared == [("http", "80/TCP"), ("", "53/UDP"), ("mesh", "15001/TCP")]

    def test_node_and_host_network(self) -> None:
        pod = pod_of(manifest("Pod a/b", "spec: {nodeName: node-1, hostNetwork: true}"))
        assert (pod.node, pod.host_network) == ("node-1", True)

    @pytest.mark.parametrize(
        ("spec", "asks"),
        [
            (
                "dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.2], searches: [a.b]}",
                ["10.0.0.2"],
            ),
            # added to those of the cluster, which are asked first
            ("dnsPolicy: ClusterFirst, dnsConfig: {nameservers: [10.0.0.2]}", None),
            ("dnsConfig: {nameservers: [10.0.0.2]}", None),
            ("dnsPolicy: Default", None),
            ("dnsPolicy: None", None),
        ],
    )
    def test_whom_it_asks_for_names_if_its_own_spec_says_so(
        self, spec: str, asks: list[str] | None
    ) -> None:
        quoted = spec.replace("None", '"None"')
        found = pod_of(manifest("Pod a/b", f"spec: {{{quoted}}}")).dns
        assert (found and [str(each) for each in found.nameservers]) == asks
        template = f"spec: {{template: {{spec: {{{quoted}}}}}}}"
        assert pod_of(manifest("apps/v1 Deployment a/b", template)).dns == found

    @pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
    def test_pods_that_have_ended_are_left_out(self, phase: str) -> None:
        cluster = read(manifest("Pod a/b", f"status: {{phase: {phase}}}"))
        assert cluster.pods == ()
        assert "1 pod finished, left out" in cluster.report.notes

    def test_pods_without_an_address_are_counted(self) -> None:
        notes = read(*(manifest(f"Pod a/pod-{i}") for i in range(7))).report.notes
        assert "7 pods without an address" in notes

    def test_a_generated_name(self) -> None:
        text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n"
        assert pod_of(text).name == "job-"

    def test_a_wrong_container_port_costs_the_port_and_not_the_pod(self) -> None:
        spec = "spec: {containers: [{ports: [{name: a}, {name: b, containerPort: 80}]}]}"
        cluster = read(manifest("Pod a/b", spec), strict=False)
        assert [port.name for port in cluster.pods[0].ports] == ["b"]
        assert len(cluster.report.problems) == 1


def owner_of(*manifests: str) -> str:
    owner = next(pod for pod in read(*manifests).pods if not pod.from_template).owner
    return f"{owner.kind}/{owner.name}"


HASH = "pod-template-hash: 7c9d"
REPLICAS = "spec: {template: {metadata: {labels: {a: b}}}}"


class TestOwners:
    @pytest.mark.parametrize(
        ("manifests", "owner"),
        [
            ((manifest("Pod a/web"),), "Pod/web"),
            ((owned("a/web-1", "StatefulSet/web"),), "StatefulSet/web"),
            ((owned("a/web-1", "Rollout/web"),), "Rollout/web"),
            # The kubelet's own pods belong to nobody
            ((owned("a/kube-proxy-node", "Node/node-1"),), "Pod/kube-proxy-node"),
            # ReplicaSet without anything else
            ((owned("a/web-7c9d-x", "ReplicaSet/web-7c9d", labels=HASH),), "ReplicaSet/web-7c9d"),
            # ReplicaSet with its owner in the input
            (
                (
                    owned("a/web-7c9d-x", "ReplicaSet/web-7c9d"),
                    owned("apps/v1 ReplicaSet a/web-7c9d", "Deployment/web"),
                ),
                "Deployment/web",
            ),
            # Deployment whose name the ReplicaSet carries on
            (
                (
                    owned("a/web-7c9d-x", "ReplicaSet/web-7c9d", labels=HASH),
                    manifest("apps/v1 Deployment a/web"),
                ),
                "Deployment/web",
            ),
            (
                (
                    owned("a/web-7c9d-x", "ReplicaSet/web-7c9d"),
                    manifest("apps/v1 Deployment a/web"),
                ),
                "ReplicaSet/web-7c9d",
            ),
            (
                (
                    owned("a/web-7c9d-x", "ReplicaSet/web-7c9d", labels=HASH),
                    manifest("apps/v1 Deployment other/web"),
                ),
                "ReplicaSet/web-7c9d",
            ),
            # Job and CronJob alike
            (
                (
                    owned("a/sync-28-x", "Job/sync-28"),
                    owned("batch/v1 Job a/sync-28", "CronJob/sync"),
                ),
                "CronJob/sync",
            ),
            (
                (owned("a/sync-28-x", "Job/sync-28"), manifest("batch/v1 CronJob a/sync")),
                "CronJob/sync",
            ),
            # Somebody above the Deployment
            (
                (
                    owned("a/web-7c9d-x", "ReplicaSet/web-7c9d"),
                    owned("apps/v1 ReplicaSet a/web-7c9d", "Deployment/web"),
                    owned("apps/v1 Deployment a/web", "Shop/shop"),
                ),
                "Shop/shop",
            ),
            # Nonsense: two that own each other
            (
                (
                    owned("a/x", "ReplicaSet/p"),
                    owned("apps/v1 ReplicaSet a/p", "Deployment/q"),
                    owned("apps/v1 Deployment a/q", "ReplicaSet/p"),
                ),
                "Deployment/q",
            ),
        ],
    )
    def test_the_outermost_controller_counts(self, manifests: tuple[str, ...], owner: str) -> None:
        assert owner_of(*manifests) == owner

    def test_an_owner_that_is_no_controller_does_not_count(self) -> None:
        text = (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
            "  ownerReferences: [{kind: ReplicaSet, name: b}]\n"
        )
        assert owner_of(text) == "Pod/web"

    def test_an_owner_without_a_kind_is_a_pod(self) -> None:
        text = (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
            "  ownerReferences: [{controller: true, name: b}]\n"
        )
        assert owner_of(text) == "Pod/b"


def stand_ins(cluster: Cluster) -> list[str]:
    return [f"{pod.owner.kind} {pod.key}" for pod in cluster.pods if pod.from_template]


class TestStandIns:
    @pytest.mark.parametrize(
        "head",
        [
            "apps/v1 Deployment a/web",
            "extensions/v1beta1 Deployment a/web",
            "apps/v1 ReplicaSet a/web",
            "apps/v1 StatefulSet a/web",
            "apps/v1 DaemonSet a/web",
            "batch/v1 Job a/web",
            "v1 ReplicationController a/web",
            "kubevirt.io/v1 VirtualMachine a/web",
        ],
    )
    def test_every_workload_has_one(self, head: str) -> None:
        spec = (
            "spec: {replicas: 0, template: {metadata: {labels: {app: web}}, "
            "spec: {hostNetwork: true, containers: [{ports: [{containerPort: 80}]}]}}}"
        )
        pod = pod_of(manifest(head, spec))
        assert (pod.name, pod.labels, pod.host_network) == ("web", {"app": "web"}, True)
        assert [str(declared.port) for declared in pod.ports] == ["80/TCP"]
        assert f"{pod.owner.kind} {pod.owner}" == f"{head.split()[1]} a/web"

    def test_a_cron_job_has_one(self) -> None:
        spec = "spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: sync}}}}}}"
        assert pod_of(manifest("batch/v1 CronJob a/sync", spec)).labels == {"app": "sync"}

    @pytest.mark.parametrize(
        "manifests",
        [
            # It has live pods
            (owned("a/web-1", "StatefulSet/web"), manifest("apps/v1 StatefulSet a/web", REPLICAS)),
            # It had pods, and they ended
            (
                owned("a/job-x", "Job/job", "status: {phase: Succeeded}"),
                manifest("batch/v1 Job a/job", REPLICAS),
            ),
            (manifest("batch/v1 Job a/job", REPLICAS, "status: {completionTime: now}"),),
        ],
    )
    def test_a_workload_with_pods_of_its_own_has_none(self, manifests: tuple[str, ...]) -> None:
        assert stand_ins(read(*manifests)) == []

    def test_of_workloads_above_one_another_only_the_outermost_has_one(self) -> None:
        cluster = read(
            owned("apps/v1 ReplicaSet a/web-1", "Deployment/web", REPLICAS),
            owned("apps/v1 ReplicaSet a/web-2", "Deployment/web", REPLICAS),
            manifest("apps/v1 Deployment a/web", REPLICAS),
            owned("apps/v1 ReplicaSet a/api-1", "Deployment/api", REPLICAS),
            owned("apps/v1 ReplicaSet a/api-2", "Deployment/api", REPLICAS),
        )
        assert stand_ins(cluster) == ["Deployment a/web", "Deployment a/api"]

    def test_pods_stand_in_the_order_of_the_input(self) -> None:
        cluster = read(
            manifest("apps/v1 Deployment a/z", REPLICAS),
            manifest("Pod a/y"),
            manifest("apps/v1 Deployment a/x", REPLICAS),
        )
        assert [pod.name for pod in cluster.pods] == ["z", "y", "x"]


class TestNodes:
    def test_addresses_and_no_names(self) -> None:
        status = """status:
  addresses:
  - {type: InternalIP, address: 10.0.0.1}
  - {type: Hostname, address: node-1}
  - {type: ExternalIP, address: 203.0.113.1}
  - {type: InternalIP, address: 10.0.0.1}"""
        (node,) = read(manifest("Node node-1", status)).nodes
        assert [str(address) for address in node.addresses] == ["10.0.0.1", "203.0.113.1"]


SLICE = "discovery.k8s.io/v1 EndpointSlice a/web-1"
OF_WEB = "metadata: {name: web-1, namespace: a, labels: {kubernetes.io/service-name: web}}"


class TestServices:
    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            ("{clusterIP: 10.96.0.1}", ["10.96.0.1"]),
            (
                "{clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd00::1']}",
                ["10.96.0.1", "fd00::1"],
            ),
            ("{clusterIP: None, clusterIPs: [None]}", []),
            ("{type: ExternalName, externalName: db.example.com}", []),
        ],
    )
    def test_cluster_addresses(self, spec: str, expected: list[str]) -> None:
        (service,) = read(manifest("Service a/web", f"spec: {spec}")).services
        assert [str(address) for address in service.cluster_ips] == expected

    @pytest.mark.parametrize(
        ("port", "expected"),
        [
            ("{port: 80}", ("", "80/TCP", 80)),
            ("{name: dns, port: 53, protocol: UDP, targetPort: 1053}", ("dns", "53/UDP", 1053)),
            ("{port: 80, targetPort: http}", ("", "80/TCP", "http")),
        ],
    )
    def test_ports(self, port: str, expected: tuple[str, str, int | str]) -> None:
        (service,) = read(manifest("Service a/web", f"spec: {{ports: [{port}]}}")).services
        ((name, served, target),) = service.ports
        assert (name, str(served), target) == expected

    def test_an_empty_selector_is_none(self) -> None:
        assert read(manifest("Service a/web", "spec: {selector: {}}")).services[0].selector is None

    def endpoints(self, *manifests: str) -> list[str] | None:
        (service,) = read(manifest("Service a/web"), *manifests).services
        if service.endpoints is None:
            return None
        return [f"{name} {address} {port}" for name, address, port in service.endpoints]

    def test_only_ready_endpoints_count(self) -> None:
        text = manifest(
            SLICE,
            OF_WEB,
            "endpoints:",
            "- addresses: [10.0.0.1]",
            "- {addresses: [10.0.0.2], conditions: {ready: false}}",
            "- {addresses: [10.0.0.3], conditions: {ready: true}}",
            "ports: [{name: http, port: 8080}, {name: dns, port: 53, protocol: UDP}]",
        ).replace('metadata: {name: "web-1", namespace: "a"}\n', "")
        assert self.endpoints(text) == [
            "http 10.0.0.1 8080/TCP",
            "http 10.0.0.3 8080/TCP",
            "dns 10.0.0.1 53/UDP",
            "dns 10.0.0.3 53/UDP",
        ]

    def test_older_endpoints_count_where_there_is_no_slice(self) -> None:
        text = manifest(
            "Endpoints a/web",
            "subsets:",
            "- addresses: [{ip: 10.0.0.1}]",
            "  notReadyAddresses: [{ip: 10.0.0.2}]",
            "  ports: [{port: 80}]",
        )
        assert self.endpoints(text) == [" 10.0.0.1 80/TCP"]

    def test_nothing_said_is_not_nothing_there(self) -> None:
        assert self.endpoints() is None
        assert self.endpoints(manifest("Endpoints a/web")) == []


class TestPlaces:
    def test_ranges_and_names(self) -> None:
        spec = "spec: {description: d, cidrs: [10.0.0.0/8], names: {DB.Example.com.: [10.1.2.3]}}"
        (place,) = read(manifest("nsimlib.io/v1 Place db", spec)).places
        names = {"db.example.com": (parse_address("10.1.2.3"),)}
        assert place == Place("db", "d", (parse_cidr("10.0.0.0/8"),), names)
