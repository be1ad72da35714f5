"""The slider over the moments of a packet, at the ends of each control."""

import pytest

import nsimlib as ns
from nsimlib.cni.profile import profile_names
from nsimlib.evaluation.layers import Moment


@pytest.fixture
def slider() -> ns.LayerSlider:
    cluster = ns.scenario("one-packet")
    return ns.LayerSlider(cluster, "shop/web", "orders.shop", "10.96.0.40:5432/TCP")


def test_it_begins_with_the_name_and_ends_on_the_wire(slider: ns.LayerSlider) -> None:
    assert slider.at.name == "NAME"
    assert "orders.shop" in slider.view.value
    assert "10.96.0.40" not in slider.view.value.partition("<table")[2]
    slider.moment.index = len(slider.moment.options) - 1
    assert slider.at.name == "WIRE"
    assert "10.244.2.20" in slider.view.value
    assert repr(slider).endswith("calico: the packet is on the wire")


def test_at_the_checkpoint_it_says_how_the_policy_decides(slider: ns.LayerSlider) -> None:
    slider.moment.value = Moment.CHECKPOINT
    assert "with nothing else: allowed" in slider.view.value
    assert 'scope="col"' in slider.view.value


@pytest.mark.parametrize("cni", profile_names())
def test_every_enforcer_keeps_the_moment(slider: ns.LayerSlider, cni: str) -> None:
    slider.moment.value = Moment.CHECKPOINT
    slider.cni.value = cni
    assert f"here: {cni}<" in slider.view.value
    assert slider.at is Moment.CHECKPOINT
    order = [moment for _, moment in slider.moment.options]
    replaced_first = order.index(Moment.REWRITTEN) < order.index(Moment.CHECKPOINT)
    assert replaced_first == ("10.244.2.20" in slider.view.value.partition("<table")[2])
