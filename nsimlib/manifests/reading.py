"""Files and texts → a cluster."""

import os
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from nsimlib.errors import ManifestError, Problem
from nsimlib.manifests.drafting import Draft
from nsimlib.manifests.dumps import DumpedObject, read_dump
from nsimlib.manifests.files import Input, inputs, text_of
from nsimlib.manifests.json_text import read_json
from nsimlib.manifests.listed import Data
from nsimlib.manifests.nodes import Document, Flaw
from nsimlib.manifests.registry import KINDS
from nsimlib.manifests.yaml_dumps import read_yaml_dump
from nsimlib.manifests.yaml_text import read_yaml
from nsimlib.model.cluster import Cluster
from nsimlib.model.memory import paused_collection
from nsimlib.model.policy import Policy

__all__ = ["Progress", "load", "loads", "read_policies"]

JSON_START = re.compile(rb"\s*[{\[]")
TEXT_NAME = "<text>"

Objects = Iterator[Document | DumpedObject]
Located = tuple[Input, Document | DumpedObject]


class Progress(Protocol):
    """What shows how far a long reading is; `tqdm.auto.tqdm` is one."""

    def __call__(self, iterable: Iterable[Located], *, desc: str, unit: str) -> Iterable[Located]:
        """Return the same items, showing how they go by."""


def load(
    *paths: str | os.PathLike[str], strict: bool = True, progress: Progress | None = None
) -> Cluster:
    """Return the cluster that files describe.

    Parameters
    ----------
    paths
        Files and folders with manifests, or what `kubectl get -A -o yaml` or `-o json` wrote, or
        `-` for the standard input. A folder is read with all folders in it, hidden ones left out.
    strict
        Refuse what the API server would refuse. Otherwise objects with problems are left out, and
        the problems are in the cluster's `report`.
    progress
        Shows the objects read, such as `tqdm.auto.tqdm`.

    Raises
    ------
    ManifestError
        With all problems of all files, unless `strict` is False.

    Examples
    --------
    >>> load("no-such-file.yaml")
    Traceback (most recent call last):
    nsimlib.errors.ManifestError: 1 problem in the manifests
      no-such-file.yaml: the path "no-such-file.yaml" does not exist
    """
    with paused_collection():
        # In a function of its own, so that all but the cluster is gone when collection resumes.
        return _load(paths, strict, progress)


def loads(text: str, name: str = TEXT_NAME, strict: bool = True) -> Cluster:
    """Return the cluster that a manifest text describes; `name` stands for the file in messages.

    What is left out gets the server's default: here the protocol, and the directions, of which an
    empty `egress` does not imply Egress (F1.7, F1.10).

    >>> web, = loads('''
    ... apiVersion: networking.k8s.io/v1
    ... kind: NetworkPolicy
    ... metadata: {name: web, namespace: shop}
    ... spec: {egress: []}
    ... ''').policies
    >>> [direction.value for direction in web.directions]
    ['Ingress']
    """
    draft = Draft(files=[name], text=text)
    for document in _objects(text.encode(errors="surrogatepass")):
        draft.take(name, document)
    return _finish(draft, strict)


def read_policies(source: str) -> tuple[Policy, ...]:
    """Return the policies of a manifest text, or of the files at a path.

    Raises
    ------
    ManifestError
        If something in it is wrong, or is no policy: it would be left out without a word.
    """
    is_text = "\n" in source or ": " in source or source.lstrip().startswith("{")
    cluster = loads(source) if is_text else load(source)
    name = TEXT_NAME if is_text else source
    policies = {policy.kind for policy in cluster.policies}
    counted = (*cluster.report.objects, *cluster.report.unmodelled)
    others = [kind for kind, _ in counted if kind not in policies]
    if others or not cluster.policies:
        found = f"found {', '.join(others)}" if others else "found nothing"
        detail = f"expected policies only, {found}"
        raise ManifestError([Problem(name, 0, 0, "", detail, remedy="Load the rest as a cluster.")])
    return cluster.policies


def _load(
    paths: Iterable[str | os.PathLike[str]], strict: bool, progress: Progress | None
) -> Cluster:
    draft = Draft()
    objects: Iterable[Located] = _read_all(paths, draft)
    if progress is not None:
        objects = progress(objects, desc="Reading manifests", unit=" objects")
    for file, document in objects:
        draft.take(file.name, document, file.chosen)
    return _finish(draft, strict)


def _finish(draft: Draft, strict: bool) -> Cluster:
    if strict and draft.problems:
        raise ManifestError(draft.problems)
    return draft.cluster(read_policies)


def _read_all(paths: Iterable[str | os.PathLike[str]], draft: Draft) -> Iterator[Located]:
    for file in inputs(*paths):
        if isinstance(file, Problem):
            draft.problems.append(file)
            continue
        draft.files.append(file.name)
        try:
            data = file.read()
        except OSError as error:
            draft.problems.append(Problem(file.name, 0, 0, "", error.strerror or str(error)))
            continue
        empty = True
        for document in _objects(data):
            empty = False
            yield file, document
        if empty:
            draft.notes.append(f"{file.name}: empty")


def _objects(data: Data) -> Objects:
    """The objects of a file, or the flaw that hides them."""
    try:
        if JSON_START.match(data):
            found = read_dump(data, KINDS)
            return iter(_json_or_yaml(text_of(data)) if found is None else found)
        dumped = read_yaml_dump(data, KINDS)
        return read_yaml(text_of(data)) if dumped is None else iter(dumped)
    except Flaw as flaw:
        return iter([Document(None, (flaw,))])


def _json_or_yaml(text: str) -> list[Document]:
    """JSON, or YAML that merely begins like it; what is neither is reported as JSON."""
    try:
        return list(read_json(text))
    except Flaw as flaw:
        documents = list(read_yaml(text))
        is_yaml = not any(document.flaws for document in documents)
        return documents if is_yaml else [Document(None, (flaw,))]
