"""An audit as one page of HTML: table first, then each finding with its evidence; it prints well.

The page stands alone: no script, no font, no picture comes from anywhere.
"""

from collections.abc import Iterator
from html import escape

from nsimlib.audit.findings import Finding
from nsimlib.audit.run import Audit
from nsimlib.audit.trials import Trial
from nsimlib.errors import visible
from nsimlib.views.catalogue import say
from nsimlib.views.html import fact_link, verdict_html
from nsimlib.views.styles import prose

__all__ = ["audit_page", "finding_html"]

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
pre, code { font-family: ui-monospace, monospace; font-size: 92%; }
pre { padding: .6rem .8rem; overflow-x: auto; border: 1px solid #8886; border-radius: .4rem; }
section { border-top: 1px solid #8888; margin-top: 1.6rem; break-inside: avoid; }
h2 { font-size: 1.1rem; margin: .9rem 0 .2rem; }
@media print { body { margin: 0; max-width: none; } a { color: inherit; } }
"""


def audit_page(audit: Audit) -> str:
    """Return an audit as a whole page, to keep, to print or to hand over."""
    title = escape(audit.summary)
    body = "".join((f"<h1>{title}</h1>", audit.table()._repr_html_(), *_sections(audit)))
    return visible(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def _sections(audit: Audit) -> Iterator[str]:
    for each in audit.findings:
        yield f"<section>{finding_html(each, audit.reported(each))}</section>"
    if audit.accepted:
        items = (f"<li>{escape(f'{a.finding}: {a.says}')}</li>" for a in audit.accepted)
        yield f"<section><h2>{say('audit.accepted')}</h2><ul>{''.join(items)}</ul></section>"
    if audit.questions or audit.unasked:
        lacking = (f"{need.value}: {', '.join(ids)}" for need, ids in audit.unasked.items())
        told = (f"<li>{escape(str(each))}</li>" for each in (*audit.questions, *lacking))
        yield f"<section><h2>{say('audit.needs')}</h2><ul>{''.join(told)}</ul></section>"
    yield f"<section>{audit.compliance()._repr_html_()}</section>"


def finding_html(finding: Finding, trial: Trial | None) -> str:
    """Return one finding: where, why it matters, the witness now and after, the patch if tried."""
    places = "".join(f"<li><code>{escape(str(each))}</code></li>" for each in finding.hit.where)
    facts = " ".join(map(fact_link, finding.rule.facts))
    head = f"{finding.id} {finding.slug} · {finding.severity.word}, {finding.confidence.word}"
    follows = "".join(f"<li>{escape(str(each))}</li>" for each in finding.consequences)
    said = "".join(
        (
            f"<h2>{escape(head)}</h2><p>{prose(finding.message)}</p><ul>{places}</ul>",
            f"<p>{prose(finding.rule.why)} {facts}</p>" if finding.rule.why else "",
            f"<p>{say('audit.follows')}</p><ul>{follows}</ul>" if follows else "",
            *_evidence(finding, trial),
        )
    )
    return visible(said)


def _evidence(finding: Finding, trial: Trial | None) -> Iterator[str]:
    if trial is None or finding.hit.fix is None:
        yield f"<p>{prose(finding.advice)}</p>" if finding.advice else ""
        yield f"<p>{say('audit.untried')}</p>" if finding.hit.fix else ""
        return
    if verdicts := trial.verdicts:
        for word, verdict in zip(("audit.now", "audit.after"), verdicts, strict=True):
            yield f"<details><summary>{say(word)}: {escape(verdict.outcome.value)}</summary>"
            yield f"{verdict_html(verdict)}</details>"
    tried = escape(say("audit.tried", effect=trial.effect))
    yield f"<p><b>{prose(finding.hit.fix.says)}</b> {tried}</p>"
    yield f"<pre>{escape(trial.diff or trial.yaml)}</pre>"
