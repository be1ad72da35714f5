"""Names, labels and annotations are somebody else's: no output takes them for its own language."""

import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import nsimlib as ns
from nsimlib.audit.run import Audit
from nsimlib.cli import main
from nsimlib.cli.commands import MODULES
from nsimlib.errors import ACTING
from nsimlib.model.tables import Table, inert
from nsimlib.views.audit_page import audit_page
from nsimlib.views.html import error_html

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>'\" onclick='x"
TERMINAL = "\x1b[31m\x1b]0;title\x07\r\x9b2J\u202e\u2066\u200b\x7f"
MARKDOWN = "@all #1 [x](https://a.example) ![p](//a.example) www.a.example <!-- x --> | `a`"
HOSTILE = f"{SCRIPT} {TERMINAL} {MARKDOWN}"
#: what a regular expression may be as well
MARKED = HOSTILE.translate(str.maketrans("", "", "()[]|'"))
SAID = json.dumps(HOSTILE)
MANIFESTS = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: shop, annotations: {{note: {SAID}}}, labels: {{team: {SAID}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: shop, labels: {{app: {SAID}}}}}
spec:
  nodeName: {SAID}
  serviceAccountName: {SAID}
  containers: [{{name: {SAID}, image: {SAID}, ports: [{{containerPort: 80}}]}}]
status: {{podIP: 10.0.0.1}}
---
apiVersion: v1
kind: Pod
metadata: {{name: db, namespace: shop, labels: {{app: db}}}}
status: {{podIP: 10.0.0.2}}
---
apiVersion: nsimlib.io/v1
kind: Place
metadata: {{name: {SAID}}}
spec: {{description: {SAID}, cidrs: [9.9.9.0/24]}}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: layer-7, namespace: shop, annotations: {{nsimlib.io/ignore: {SAID}}}}}
spec:
  description: {SAID}
  endpointSelector: {{}}
  egress:
  - toEndpoints: [{{}}]
    toPorts:
    - ports: [{{port: "80", protocol: TCP}}]
      rules: {{http: [{{path: {json.dumps("/" + MARKED)}, headers: [{json.dumps(MARKED)}]}}]}}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: by-selector, namespace: shop}}
spec:
  selector: {json.dumps("app == '" + HOSTILE.replace("'", "") + "'")}
  types: [Egress]
  egress: [{{action: Allow, destination: {{nets: [9.9.9.0/24]}}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {SAID}, namespace: shop}}
spec:
  podSelector: {{}}
  policyTypes: [{SAID}]
  {SAID}: 1
  egress: [{{ports: [{{port: {SAID}}}], to: [{{ipBlock: {{cidr: {SAID}}}}}, {{}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny, namespace: shop, annotations: {{nsimlib.io/ignore: {SAID}}}}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{ports: [{{port: 53}}]}}]}}
---
apiVersion: {SAID}
kind: {SAID}
metadata: {{name: x}}
"""
ASKED = "shop/web -> shop/db:80/TCP"
OUTSIDE = "shop/web -> 9.9.9.9:443/TCP"


@cache
def cluster() -> ns.Cluster:
    return ns.loads(MANIFESTS, f"{HOSTILE.replace('/', '')}.yaml", strict=False)


@cache
def audited() -> Audit:
    found = ns.audit(cluster(), cni="cilium")
    assert found.findings
    return found


def difference() -> object:
    return ns.difference(cluster(), cluster().without("shop/deny"))


#: what shows itself, as text anywhere and as HTML in a notebook
SHOWN: dict[str, Callable[[], object]] = {
    "a cluster": cluster,
    "a verdict": lambda: ns.why(cluster(), ASKED, cni="cilium"),
    "a verdict outside": lambda: ns.why(cluster(), OUTSIDE, cni="calico"),
    "all pairs": lambda: ns.reachability(cluster()),
    "a matrix": lambda: ns.reachability(cluster(), cni="cilium").matrix("80/TCP"),
    "a policy": lambda: cluster().policy("shop/layer-7"),
    "a selector": lambda: cluster().policy("shop/by-selector"),
    "policies": lambda: ns.policy_table(cluster()),
    "isolation": lambda: ns.isolation(cluster()),
    "two doors": lambda: ns.two_doors(cluster()),
    "a comparison": lambda: ns.compare(cluster(), cnis=["calico", "cilium"]),
    "judgements": lambda: ns.compare(cluster(), ASKED, cnis=["calico", "cilium"]),
    "a difference": difference,
    "the chains": lambda: ns.datapath("calico", cluster(), "shop/web"),
    "an audit": audited,
    "findings": lambda: audited().table(),
    "evidence for controls": lambda: audited().compliance(),
    "any table": lambda: Table(HOSTILE, (HOSTILE,), ((HOSTILE,), ("`" + HOSTILE + "`",))),
    "expectations": lambda: ns.expect(cluster(), deny=[ASKED]),
}


def drawn(name: str) -> str:
    shown: Any = SHOWN[name]()
    return str(shown._repr_html_())


#: everything else that is HTML
PAGES: dict[str, Callable[[], str]] = {
    **{name: (lambda name=name: drawn(name)) for name in SHOWN},  # type: ignore[misc]
    "a page": lambda: audit_page(audited()),
    "an error": lambda: error_html(ns.UnknownName("pod", HOSTILE, [HOSTILE + "x"])),
    "an overview": lambda: str(ns.overview(ns.reachability(cluster()))._repr_html_()),
    "a picture": lambda: str(ns.picture(ns.reachability(cluster()))._repr_html_()),
    "the findings browser": lambda: str(ns.FindingsBrowser(audited()).view.value),
    "the connection tester": lambda: str(ns.ConnectionTester(cluster()).view.value),
    "the map": lambda: "".join((ns.Map(cluster()).svg, ns.Map(cluster()).reason)),
}


class Tags(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.met: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met += [tag] if tag in ("script", "img", "iframe", "object", "base", "form") else []
        for name, value in attrs:
            if name.startswith("on") or (value or "").lower().lstrip().startswith("javascript:"):
                self.met.append(f"{tag} {name}")

    def handle_comment(self, data: str) -> None:
        self.met.append(f"<!--{data}-->")


@pytest.mark.parametrize("name", PAGES)
def test_no_html_runs_what_a_name_says(name: str) -> None:
    page = PAGES[name]()
    tags = Tags()
    tags.feed(page)
    assert tags.met == []
    assert not ACTING.search(page)


@pytest.mark.parametrize("name", SHOWN)
def test_no_text_acts_on_the_terminal(name: str) -> None:
    assert not ACTING.search(repr(SHOWN[name]()))


FORMS = ("text", "json", "markdown", "sarif", "junit", "html")
COMMANDS: dict[str, tuple[str, ...]] = {
    "why": (ASKED, "--lenient"),
    "why as JSON": (ASKED, "--lenient", "--format", "json"),
    "why of nobody": (f"shop/{TERMINAL} -> shop/db:80", "--lenient"),
    "why of strict reading": (ASKED,),
    "reach": ("--lenient",),
    "reach as CSV": ("--lenient", "--format", "csv"),
    "reach as rules": ("--lenient", "--format", "rules"),
    "reach as a list": ("--lenient", "--format", "list"),
    "compare": ("--lenient", "--cni", "calico", "--cni", "cilium"),
    "compare as Markdown": (
        *("--lenient", "--cni", "calico", "--cni", "cilium"),
        *("--format", "markdown"),
    ),
    **{f"audit as {form}": ("--format", form) for form in FORMS},
    "chains": ("shop/web", "--cni", "calico", "--lenient"),
    "redact": ("--key", "example"),
    "dns": ("shop/web", f"{TERMINAL}.example", "--lenient"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_acts_on_the_terminal(name: str, tmp_path: Path) -> None:
    command, options = name.partition(" ")[0], COMMANDS[name]
    assert command in MODULES
    path = tmp_path / f"{TERMINAL}.yaml"
    path.write_text(MANIFESTS, encoding="utf-8")
    done = CliRunner().invoke(main, [command, str(path), *options])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.stdout + done.stderr
    assert not ACTING.search(done.stdout + done.stderr)


def test_diff_and_check_do_not_either(tmp_path: Path) -> None:
    path, wanted = tmp_path / f"{TERMINAL}.yaml", tmp_path / "wanted.yaml"
    junit = tmp_path / "junit.xml"
    path.write_text(MANIFESTS, encoding="utf-8")
    connection = {"connection": ASKED, "outcome": "denied", "note": HOSTILE}
    said = {"apiVersion": "nsimlib.io/v1", "kind": "Expectations", "connections": [connection]}
    wanted.write_text(json.dumps(said), encoding="utf-8")
    for command in (
        ("diff", str(path), str(path), "--lenient"),
        ("check", str(path), str(wanted), "--lenient", "--junit", str(junit)),
    ):
        done = CliRunner().invoke(main, command)
        assert done.stdout
        assert not ACTING.search(done.stdout + done.stderr)
    ElementTree.parse(junit)


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_commands_print_with_echo_alone(module: str) -> None:
    path = Path(ns.__file__).parent / "cli" / f"{module}.py"
    assert not re.search(r"click\.(echo|secho)|\bprint\(", path.read_text(encoding="utf-8"))


def test_errors_and_problems_say_what_signs_they_met() -> None:
    with pytest.raises(ns.ManifestError) as caught:
        ns.loads(MANIFESTS)
    assert not ACTING.search(str(caught.value))
    assert not any(ACTING.search(str(each)) for each in caught.value.problems)
    assert r"\u001b[31m" in str(ns.UnknownName("pod", TERMINAL, ())).replace(r"\x1b", r"\u001b")


def test_reports_for_programs_are_valid_and_readable() -> None:
    found = audited()
    ElementTree.fromstring(found.to_junit())
    ElementTree.fromstring(ns.expect(cluster(), deny=[ASKED]).to_junit())
    said = [each["message"]["text"] for each in json.loads(found.to_sarif())["runs"][0]["results"]]
    assert said == [each.message for each in found.findings]
    assert not any(map(ACTING.search, said))


#: what Markdown makes something of, out of code
ACTIVE = re.compile(r"<|(?<!\\)\[|@\w|(?<!&)#\w|://|www\.")


def test_markdown_of_an_audit_has_no_link_mention_or_html() -> None:
    text = re.sub(r"```.*?```", "", audited().to_markdown(), flags=re.DOTALL)
    ours = re.sub(r"</?(details|summary)>", "", text)
    assert not ACTIVE.search(re.sub(r"`NSIM-\w+`", "", ours))
    assert not ACTING.search(text)


def test_markdown_of_any_table_has_as_many_columns_as_it_says() -> None:
    head, _, row = Table("", ("a", "b"), ((HOSTILE, "x\n| y"),)).to_markdown().splitlines()
    assert len(re.findall(r"(?<!\\)\|", head)) == len(re.findall(r"(?<!\\)\|", row)) == 3
    assert not ACTIVE.search(row)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a <b> & c", "a &lt;b> &amp; c"),
        ("@team", "@&#8203;team"),
        ("#12", "#&#8203;12"),
        ("https://a.example", "https:&#8203;//a.example"),
        ("WWW.a.example", "WWW&#8203;.a.example"),
        ("![x](y)", "!\\[x](y)"),
        ("a\n# b", "a # b"),
        ("`a|b` on 80/TCP", "`a|b` on 80/TCP"),
    ],
)
def test_inert_text(text: str, said: str) -> None:
    assert inert(text) == said


def test_a_patch_for_what_cannot_be_found_in_the_text_is_advice() -> None:
    text = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {"pod.Selector": {}, podSelector: {}, egress: [{}]}
"""
    found = ns.audit(ns.loads(text, strict=False))
    lost = [each for each in found.findings if each.hit.fix and found.tried(each) is None]
    assert lost
    for report in (found.to_markdown(), audit_page(found), found.to_sarif(), found.to_junit()):
        assert lost[0].id in report
