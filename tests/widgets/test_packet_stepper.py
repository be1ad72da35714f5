"""The packet stepper at every step, without a browser."""

import pytest

import nsimlib as ns
from nsimlib.datapath.chains import Datapath
from nsimlib.views.stepping import step_html

SHOP = ns.scenario("shop")
DNS = "shop/web -> 10.96.0.10:53/UDP"


@pytest.fixture
def stepper() -> ns.PacketStepper:
    return ns.PacketStepper(ns.datapath("calico", SHOP, "shop/web"), DNS)


def test_starts_at_the_first_line(stepper: ns.PacketStepper) -> None:
    assert stepper.walk is not None
    assert (stepper.step.value, stepper.step.max) == (1, len(stepper.walk.steps))
    assert stepper.view.value == step_html(stepper.walk, 1)
    assert "into cali-FORWARD" in stepper.view.value


def test_every_step_can_be_reached_and_shows_itself(stepper: ns.PacketStepper) -> None:
    seen = [stepper.view.value]
    assert stepper.walk is not None
    for _ in stepper.walk.steps[1:]:
        stepper.buttons["next"].click()
        seen.append(stepper.view.value)
    assert seen == [step_html(stepper.walk, n) for n in range(1, len(stepper.walk.steps) + 1)]
    assert len(set(seen)) == len(seen)


def test_buttons_stop_at_both_ends(stepper: ns.PacketStepper) -> None:
    stepper.buttons["previous"].click()
    assert stepper.step.value == 1
    stepper.buttons["deciding"].click()
    assert stepper.step.value == stepper.step.max
    assert "decides: DROP" in stepper.view.value
    stepper.buttons["next"].click()
    assert stepper.step.value == stepper.step.max
    stepper.buttons["previous"].click()
    assert stepper.step.value == stepper.step.max - 1
    stepper.buttons["first"].click()
    assert stepper.step.value == 1


def test_a_set_shows_who_is_in_it(stepper: ns.PacketStepper) -> None:
    """The DNS rule looks for kube-dns in its own namespace, and finds nobody (F1.2)."""
    assert stepper.walk is not None
    steps = stepper.walk.steps
    stepper.step.value = 1 + next(n for n, step in enumerate(steps) if "cali40s:" in str(step))
    assert "nobody" in stepper.view.value
    assert "does not hold" in stepper.view.value


def test_another_connection_begins_anew(stepper: ns.PacketStepper) -> None:
    stepper.buttons["deciding"].click()
    stepper.connection.value = "shop/web -> shop/api:8080/TCP"
    assert stepper.step.value == 1
    stepper.buttons["deciding"].click()
    assert "decides: ACCEPT" in stepper.view.value


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("shop/web", "expected &#x27; -&gt; &#x27;"),
        ("shop/wbe -> shop/api:80/TCP", "did you mean shop/web"),
        ("<b>x</b> -> shop/api:80/TCP", "&lt;b&gt;x"),
    ],
)
def test_a_bad_connection_is_explained_in_the_view(
    stepper: ns.PacketStepper, typed: str, said: str
) -> None:
    stepper.buttons["deciding"].click()
    stepper.connection.value = typed
    assert said in stepper.view.value
    assert "<b>x" not in stepper.view.value
    assert (stepper.step.value, stepper.step.max, stepper.walk) == (1, 1, None)
    assert repr(stepper).endswith("cannot be asked")
    for button in stepper.buttons.values():
        button.click()
    assert said in stepper.view.value
    stepper.connection.value = DNS
    assert "into cali-FORWARD" in stepper.view.value


@pytest.mark.parametrize("cni", ["flannel", "kube-router", "weave"])
def test_the_rules_of_others_are_stepped_through_alike(cni: str) -> None:
    rules = ns.datapath(cni, SHOP, "shop/web")
    assert isinstance(rules, Datapath)
    stepper = ns.PacketStepper(rules, DNS)
    stepper.buttons["deciding"].click()
    assert stepper.walk is not None
    assert f"decides: {stepper.walk.fate.value}" in stepper.view.value


def test_a_packet_that_meets_no_rule() -> None:
    rules = ns.datapath("calico", SHOP, "shop/cache")
    stepper = ns.PacketStepper(rules, "shop/cache-0 -> shop/cache-0:6379/TCP")
    assert "the packet stays inside the pod" in stepper.view.value
    assert "stays inside the pod" in repr(stepper)


def test_a_walk_over_two_nodes_says_on_which_one_it_is() -> None:
    rules = ns.datapath("calico", SHOP, "shop/debug")
    stepper = ns.PacketStepper(rules, "shop/debug -> data/db:5432/TCP")
    assert "node worker-2, FORWARD" in stepper.view.value
    stepper.buttons["deciding"].click()
    assert "node worker-1, FORWARD" in stepper.view.value


def test_repr_is_fixed(stepper: ns.PacketStepper) -> None:
    assert repr(stepper) == (
        f"PacketStepper: {DNS}, step 1 of 22: -A FORWARD -j cali-FORWARD (into cali-FORWARD)"
    )


def test_every_control_has_a_visible_label(stepper: ns.PacketStepper) -> None:
    controls = (stepper.connection, stepper.step, *stepper.buttons.values())
    assert [control.description for control in controls] == [
        "connection",
        "step",
        "first",
        "previous",
        "next",
        "deciding",
    ]
