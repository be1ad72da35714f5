"""Faces of pod classes: a class under one of its addresses, and where each label is found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.matching import is_judged
from nsimlib.model.addresses import Address, Family
from nsimlib.model.objects import Pod

__all__ = ["Face", "faces_of", "family_of", "postings"]


@dataclass(frozen=True, slots=True)
class Face:
    """A class of pods under one of its addresses, or under none that is known."""

    pod: Pod
    address: Address | None


def family_of(face: Face) -> Family | None:
    """Return the family of a face's address, or None where no address is known."""
    return face.address.family if face.address else None


def faces_of(pod: Pod) -> Iterator[Face]:
    """Yield the faces of a pod, IPv4 first."""
    by_family = {address.family: address for address in reversed(pod.addresses)}
    for _, address in sorted(by_family.items()):
        yield Face(pod, address)
    if not by_family:
        yield Face(pod, None)


Postings = tuple[
    Mapping[str, list[int]],
    Mapping[tuple[str, str | None], list[int]],
    Mapping[Family, list[tuple[int, int]]],
]


def postings(faces: Iterable[Face], profile: Profile) -> Postings:
    """Where each namespace, each label and each address is found; selectors pass over some pods."""
    by_namespace: dict[str, list[int]] = defaultdict(list)
    by_label: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    by_address: dict[Family, list[tuple[int, int]]] = defaultdict(list)
    for number, face in enumerate(faces):
        if face.address is not None:
            by_address[face.address.family].append((face.address.value, number))
        if not is_judged(face.pod, profile):
            continue
        by_namespace[face.pod.namespace.name].append(number)
        for key, value in face.pod.labels.items():
            by_label[key, value].append(number)
            by_label[key, None].append(number)
    return by_namespace, by_label, by_address
