"""An audit as Markdown: a comment for a pull request that nobody has to scroll through."""

from collections.abc import Iterable, Iterator
from html import escape

from nsimlib.audit.findings import Finding
from nsimlib.audit.run import Audit
from nsimlib.audit.trials import Trial
from nsimlib.errors import visible
from nsimlib.model.tables import Table, inert

__all__ = ["markdown"]

#: so many findings have a row, and so many of them details: the comment stays below 60 lines
ROWS, DETAILS = 10, 2
#: lines of a patch in the details
LINES = 9


def markdown(audit: Audit) -> str:
    """Return an audit as Markdown of at most 60 lines: a table, and details that fold."""
    parts = [f"**{audit.summary}**"]
    if audit.findings:
        parts += [_table(audit.findings[:ROWS]), *_left(audit)]
        parts += ["\n".join(_details(audit, each)) for each in audit.findings[:DETAILS]]
    parts += list(_notes(audit))
    return "\n\n".join(parts) + "\n"


def _table(findings: Iterable[Finding]) -> str:
    rows = tuple(
        (
            each.severity.word,
            f"`{each.id}`",
            f"{each.place.object} {each.place.path}".strip(),
            each.message,
        )
        for each in findings
    )
    return Table("", ("severity", "rule", "where", "what"), rows).to_markdown()


def _left(audit: Audit) -> Iterator[str]:
    more = len(audit.findings) - ROWS
    if more > 0:
        yield f"{more} more: run `nsim audit` for all of them."


def _notes(audit: Audit) -> Iterator[str]:
    if audit.accepted:
        yield f"{len(audit.accepted)} accepted and not listed."
    if audit.questions:
        yield f"Questions that more input would answer: {len(audit.questions)}."


def _details(audit: Audit, finding: Finding) -> Iterator[str]:
    yield f"<details><summary>{escape(finding.id)} {escape(finding.slug)}</summary>"
    yield ""
    yield inert(finding.rule.why)
    if finding.hit.witness:
        yield f"Ask: `{_code(finding.hit.witness.connection)}` ({finding.hit.witness.now.value})"
    if trial := audit.tried(finding):
        yield from _patch(trial)
    elif finding.advice:
        yield inert(finding.advice)
    yield "</details>"


def _patch(trial: Trial) -> Iterator[str]:
    yield f"The patch {inert(_short(trial.effect))}."
    lines = trial.diff.splitlines()[2:] or trial.yaml.splitlines()
    yield "```diff"
    yield from (visible(line).replace("```", "'''") for line in lines[:LINES])
    if len(lines) > LINES:
        yield f"… {len(lines) - LINES} more lines"
    yield "```"


def _short(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _code(text: str) -> str:
    return " ".join(visible(text).replace("`", "'").split())
