"""The door switch in every position, without a browser: what each map says, `why` says too."""

from itertools import chain, combinations

import pytest

import nsimlib as ns
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.policy import Direction
from nsimlib.views.html import html_of

LESSON = "two-doors"
READY = ns.policy_files(LESSON)
EVERY_SET = list(chain.from_iterable(combinations(READY, n) for n in range(len(READY) + 1)))
PORT = "5432/TCP"
WORDS = {Outcome.ALLOWED: "allowed", Outcome.DENIED: "denied"}


@pytest.mark.parametrize("on", EVERY_SET, ids="+".join)
def test_each_map_says_what_the_evaluator_says_of_that_door(on: tuple[str, ...]) -> None:
    switch = ns.DoorSwitch(ns.scenario(LESSON), READY, on=on, port=PORT)
    for ends in (("shop/api", "data/db"), ("data/report", "data/db"), ("shop/web", "data/db")):
        verdict = ns.why(switch.cluster, f"{ends[0]} -> {ends[1]}:{PORT}")
        egress, ingress = (
            next(end.outcome for end in verdict.ends if end.direction is direction)
            for direction in Direction
        )
        found = [each[ends].word for each in switch.doors.matrices.values()]
        assert found == [WORDS[egress], WORDS[ingress], WORDS[verdict.outcome]]


def test_a_ring_is_around_what_one_door_alone_keeps_apart() -> None:
    switch = ns.DoorSwitch(ns.scenario(LESSON), READY, on=["api-egress", "db-ingress"], port=PORT)
    assert ("shop/api", "data/db") in switch.doors.one_sided
    switch.boxes["db-lets-api-in"].value = True
    assert ("shop/api", "data/db") not in switch.doors.one_sided
    assert switch.view.value == html_of(switch.doors)


def test_a_pod_that_two_doors_keep_apart_has_no_ring() -> None:
    on = ["web-egress", "db-lets-api-in"]
    switch = ns.DoorSwitch(ns.scenario(LESSON), READY, on=on, port=PORT)
    assert switch.doors.both["shop/web", "data/db"].word == "denied"
    assert ("shop/web", "data/db") not in switch.doors.one_sided


def test_every_port_on_offer_can_be_shown() -> None:
    switch = ns.DoorSwitch(ns.scenario(LESSON), READY, on=["api-egress"])
    for port in switch.port.options:
        switch.port.value = port
        assert f"{port}: row may reach column" in switch.view.value
        assert repr(switch) == f"DoorSwitch on {port}: api-egress"
