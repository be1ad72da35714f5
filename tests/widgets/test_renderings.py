"""One policy in several renderings, with every enforcer, without a browser."""

import pytest

import nsimlib as ns
from nsimlib.views.below import html_of

SHOP = ns.scenario("shop")
ASKED = "shop/web -> data/db:5432/TCP"


@pytest.fixture
def renderings() -> ns.Renderings:
    return ns.Renderings(SHOP, "shop/web", ASKED)


def test_every_enforcer_shows_its_own_walk_and_rules(renderings: ns.Renderings) -> None:
    seen = set()
    for name in renderings.enforcer.options:
        renderings.enforcer.value = name
        rules = ns.datapath(name, SHOP, "shop/web")
        assert renderings.view.value == html_of(rules.walk(ASKED)) + html_of(rules)
        seen.add(renderings.view.value)
    assert len(seen) == len(renderings.enforcer.options) == 6


def test_another_connection_is_walked(renderings: ns.Renderings) -> None:
    before = renderings.view.value
    renderings.connection.value = "shop/web -> 203.0.113.10:443/TCP"
    assert renderings.view.value != before
    assert repr(renderings).endswith("203.0.113.10:443/TCP: ACCEPT")


@pytest.mark.parametrize(
    ("typed", "said"),
    [("shop/web", "expected &#x27; -&gt; &#x27;"), ("<b>x</b> -> data/db:1/TCP", "&lt;b&gt;x")],
)
def test_a_bad_connection_is_explained_and_can_be_mended(
    renderings: ns.Renderings, typed: str, said: str
) -> None:
    before = renderings.view.value
    renderings.connection.value = typed
    assert said in renderings.view.value
    assert repr(renderings).endswith("cannot be asked")
    renderings.connection.value = ASKED
    assert renderings.view.value == before


def test_controls_have_labels(renderings: ns.Renderings) -> None:
    assert renderings.enforcer.description == "enforcer"
    assert renderings.connection.description == "connection"
