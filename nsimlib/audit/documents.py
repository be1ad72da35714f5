"""The text of an object, in its file and as its author wrote it, and that text changed.

Comments, quotes, order and indentation stay. An object in a list, in JSON or in no file at all is
written anew from what was read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from nsimlib.audit.patches import Action, Change, Steps
from nsimlib.errors import UnknownName
from nsimlib.manifests import dump
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy

__all__ = ["Document", "document_of", "new_document"]

#: a text longer than this is a dump, and nobody's handwriting
LONGEST = 1 << 20
#: metadata that authors write; the rest is the server's
OWN = ("name", "namespace", "labels", "annotations")
MARKER = re.compile(r"---(\s|$)")
LIST = re.compile(r"^(\s*)[^\s#-][^\n]*:\s*\n(?:\s*#[^\n]*\n)*(\s*)- ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one object: the lines of the file that hold it, before and after a change.

    Without a `first` line it stands in no file that could be changed in place.
    """

    object: str
    file: str
    first: int
    before: str
    after: str

    @property
    def last(self) -> int:
        """The last line that it holds."""
        return self.first + max(self.before.count("\n") - 1, 0)

    @property
    def diff(self) -> str:
        """What changes, as `diff -u` would print it."""
        name = self.file or self.object
        old, new = (text.splitlines(keepends=True) for text in (self.before, self.after))
        lines = list(unified_diff(old, new, name, name))
        skipped = max(self.first - 1, 0)
        return "".join(HUNK.sub(lambda m: _moved(m, skipped), line) for line in lines)

    def changed(self, change: Change) -> "Document":
        """Return it with one more change.

        Raises
        ------
        UnknownName
            If the object has no such path.
        """
        if change.action is Action.DELETE:
            return replace(self, after="")
        yaml = _yaml(self.after)
        data = yaml.load(self.after)
        _apply(data, change)
        text = StringIO()
        yaml.dump(data, text)
        return replace(self, after=text.getvalue())


HUNK = re.compile(r"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def _moved(match: re.Match[str], by: int) -> str:
    old, new = int(match[1]) + by, int(match[3]) + by
    return f"@@ -{old}{match[2] or ''} +{new}{match[4] or ''} @@"


def new_document(manifest: Mapping[str, Any]) -> Document:
    """Return the text of a new object, where there was none."""
    meta = manifest["metadata"]
    key = "/".join(part for part in (meta.get("namespace"), meta["name"]) if part)
    return Document(f"{manifest['kind']} {key}", "", 0, "", _text_of(manifest))


def document_of(cluster: Cluster, change: Change) -> Document:
    """Return the text of the object that a change is about, from its file if that can be read.

    Raises
    ------
    UnknownName
        If neither a text nor a policy of the cluster has it.
    """
    if found := _in_text(_text(cluster, change.source.file), change):
        return found
    for policy in cluster.policies:
        if f"{policy.kind} {policy.key}" == change.object:
            text = _again(policy)
            return Document(change.object, "", 0, text, text)
    known = (f"{policy.kind} {policy.key}" for policy in cluster.policies)
    raise UnknownName("text of", change.object, known)


def _again(policy: Policy) -> str:
    """A policy written anew: as its author has it if that was kept, else with all defaults."""
    data = policy.written.data if policy.written else {}
    if "apiVersion" not in data:
        return dump(Cluster(policies=(policy,)))
    meta = {key: value for key, value in data["metadata"].items() if key in OWN}
    kept = {key: value for key, value in data.items() if key != "status"}
    return _text_of({**kept, "metadata": meta})


def _text_of(manifest: Mapping[str, Any]) -> str:
    text = StringIO()
    _yaml("").dump(dict(manifest), text)
    return text.getvalue()


def _text(cluster: Cluster, file: str) -> str:
    if cluster.report.text and cluster.report.files == (file,):
        return cluster.report.text
    path = Path(file)
    if not (file and path.is_file() and path.stat().st_size <= LONGEST):
        return ""
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _in_text(text: str, change: Change) -> Document | None:
    """The lines between two markers that hold the line of a change, if they are its object."""
    lines = text.splitlines(keepends=True)
    if not 0 < change.source.line <= len(lines) or len(text) > LONGEST:
        return None
    marks = [number for number, line in enumerate(lines) if MARKER.match(line)]
    first = max((n + 1 for n in marks if n < change.source.line), default=0)
    last = min((n for n in marks if n >= first), default=len(lines))
    part = "".join(lines[first:last])
    part += "" if part.endswith("\n") else "\n"
    return (
        Document(change.object, change.source.file, first + 1, part, part)
        if _is(part, change)
        else None
    )


def _is(text: str, change: Change) -> bool:
    try:
        found = _yaml(text).load(text)
    except YAMLError:
        return False
    if not isinstance(found, CommentedMap) or text.lstrip().startswith("{"):
        return False
    meta = found.get("metadata")
    kind, _, key = change.object.partition(" ")
    name = meta.get("name") if isinstance(meta, CommentedMap) else None
    return kind.startswith(str(found.get("kind"))) and key.rpartition("/")[2] == name


def _yaml(text: str) -> YAML:
    """A reader and writer that indents lists as the text does."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = LONGEST
    yaml.allow_duplicate_keys = True
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    found = LIST.search(text)
    offset = max(len(found[2]) - len(found[1]), 0) if found else 0
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml


def _apply(data: Any, change: Change) -> None:
    *way, last = change.path
    holder = _at(data, tuple(way), change)
    match change.action:
        case Action.SET:
            holder[last] = change.value
        case Action.INSERT if isinstance(holder, CommentedSeq) and isinstance(last, int):
            holder.insert(last, change.value)
        case Action.REMOVE if _has(holder, last):
            del holder[last]
        case Action.RENAME if isinstance(holder, CommentedMap) and last in holder:
            position, comment = list(holder).index(last), holder.ca.items.get(last)
            holder.insert(position, change.value, holder.pop(last))
            if comment:
                holder.ca.items[change.value] = comment
        case _:
            raise UnknownName(f"path of {change.object}", str(change.path), ())


def _at(data: Any, way: Steps, change: Change) -> Any:
    """What is at the end of a way; where something is set, mappings on the way are made."""
    for step in way:
        if isinstance(data, CommentedMap) and step not in data and change.action is Action.SET:
            data[step] = CommentedMap()
        if not _has(data, step):
            raise UnknownName(f"path of {change.object}", str(change.path), ())
        data = data[step]
    return data


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(holder, CommentedSeq):
        return isinstance(step, int) and step < len(holder)
    return isinstance(holder, CommentedMap) and step in holder
