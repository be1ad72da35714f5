"""One policy for several resolvers: what the other exercises' tests do not ask."""

import pytest

import nsimlib as ns
from nsimlib.lessons.resolver_exercise import ResolverExercise


@pytest.fixture
def exercise() -> ResolverExercise:
    found = ns.exercise("dns-is-traffic/2")
    assert isinstance(found, ResolverExercise)
    return found


def without(exercise: ResolverExercise, line: str, instead: str = "") -> str:
    assert line in exercise.solution
    return exercise.solution.replace(line, instead)


BLOCK = "    - ipBlock: {{cidr: {}/32}}\n"


@pytest.mark.parametrize(
    ("line", "missed", "belief"),
    [
        (BLOCK.format("10.96.0.10"), "node-cache over UDP", "kube-dns-answers-everywhere"),
        (BLOCK.format("10.20.0.2"), "own-resolver over UDP", "kube-dns-answers-everywhere"),
        ("{port: 5353, protocol: UDP}", "openshift over UDP", "service-port-is-what-counts"),
    ],
)
def test_each_part_of_the_answer_is_needed(
    exercise: ResolverExercise, line: str, missed: str, belief: str
) -> None:
    feedback = exercise.judge(
        without(exercise, line, "{port: 53, protocol: UDP}" * (line[0] == "{"))
    )
    assert f'"{missed}" should be allowed' in repr(feedback)
    assert feedback.misconception is not None
    assert feedback.misconception.id == belief


@pytest.mark.parametrize(
    ("line", "instead", "missed"),
    [
        ("10.20.0.2/32", "10.20.0.0/16", "shop/web -> 10.20.0.99:53/UDP"),
        ("10.20.0.2/32", "0.0.0.0/0", "shop/web -> 198.51.100.53:53/UDP"),
    ],
)
def test_what_opens_more_is_told_what_it_opens(
    exercise: ResolverExercise, line: str, instead: str, missed: str
) -> None:
    feedback = exercise.judge(without(exercise, line, instead))
    assert f'"{missed}" should be denied' in repr(feedback)


def test_what_is_closed_is_closed_in_every_layout(exercise: ResolverExercise) -> None:
    open_there = without(
        exercise, "  - to:\n", "  - ports: [{port: 5432, protocol: TCP}]\n  - to:\n"
    )
    feedback = exercise.judge(open_there)
    assert '"shop/web -> 10.20.21.17:5432/TCP" should be denied' in repr(feedback)
    assert (feedback.met, feedback.wanted) == (13, 14)


def test_a_block_around_the_address_does_as_well(exercise: ResolverExercise) -> None:
    assert exercise.judge(without(exercise, "10.96.0.10/32", "10.96.0.0/28")).passed


def test_several_policies_are_one_answer(exercise: ResolverExercise) -> None:
    cluster_ip = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns-on-node, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 10.96.0.10/32}}]
    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
    split = without(exercise, BLOCK.format("10.96.0.10"))
    assert exercise.judge(f"{split}---{cluster_ip}").passed
