"""The picker at both ends of every control, without a browser."""

from itertools import product

import pytest

import nsimlib as ns
from nsimlib.errors import UnknownName

LESSON = ns.lesson("dns-is-traffic")
NAMES = ["db.corp.example", "fleet.shop.example"]


@pytest.fixture
def picker() -> ns.DnsPathPicker:
    return ns.DnsPathPicker(
        LESSON.layouts, LESSON.policies, "shop/web", NAMES, policy="dns-to-pods"
    )


def test_starts_with_what_was_asked_for(picker: ns.DnsPathPicker) -> None:
    assert repr(picker) == "DnsPathPicker: kube-dns, dns-to-pods, calico: 10.20.21.17 after 0 s"
    assert "UDP: shop/web asks 10.96.0.10, Service kube-system/kube-dns; allowed" in (
        picker.view.value
    )


def test_starts_with_the_first_of_each() -> None:
    found = ns.DnsPathPicker(LESSON.layouts, LESSON.policies, "shop/web", NAMES)
    assert (found.resolver.value, found.policy.value) == ("kube-dns", next(iter(LESSON.policies)))
    later = ns.DnsPathPicker(
        LESSON.layouts, LESSON.policies, "shop/web", NAMES, resolver="openshift", cni="cilium"
    )
    assert (later.resolver.value, later.cni.value) == ("openshift", "cilium")


def test_every_combination_of_the_ends_can_be_chosen(picker: ns.DnsPathPicker) -> None:
    controls = (picker.resolver, picker.policy, picker.name, picker.cni, picker.libc)
    values = [[value_of(c, 0), value_of(c, -1)] for c in controls]
    for chosen in product(*values):
        for control, value in zip(controls, chosen, strict=True):
            control.value = value
        assert picker.view.value.count("<svg") == 2
        assert picker.view.value == ns_html(picker)
        assert repr(picker).startswith(f"DnsPathPicker: {picker.resolver.value}")


def value_of(control: object, place: int) -> str:
    option = control.options[place]  # type: ignore[attr-defined]
    return str(option[1] if isinstance(option, tuple) else option)


def ns_html(picker: ns.DnsPathPicker) -> str:
    return picker.path._repr_html_()


@pytest.mark.parametrize(
    ("resolver", "hears"), [("kube-dns", "10.20.21.17"), ("node-cache", "Temporary failure")]
)
def test_another_resolver_may_end_the_way(
    picker: ns.DnsPathPicker, resolver: str, hears: str
) -> None:
    picker.resolver.value = resolver
    assert f"the application hears: {'EAI_AGAIN: ' * (hears[0] == 'T')}{hears}" in picker.view.value


def test_without_a_policy_every_resolver_answers(picker: ns.DnsPathPicker) -> None:
    picker.policy.value = ""
    for resolver in LESSON.layouts:
        picker.resolver.value = resolver
        assert picker.path.cut is None
    assert "no policy" in repr(picker)


def test_the_library_decides_how_long_silence_lasts(picker: ns.DnsPathPicker) -> None:
    picker.policy.value = "db-only"
    waits = {}
    for libc in ("glibc", "musl"):
        picker.libc.value = libc
        waits[libc] = picker.path.lookup.seconds
    assert waits == {"glibc": 20, "musl": 5}


def test_a_pod_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownName, match="shop/wbe"):
        ns.DnsPathPicker(LESSON.layouts, LESSON.policies, "shop/wbe", NAMES)


def test_every_control_has_a_visible_label(picker: ns.DnsPathPicker) -> None:
    controls = (picker.resolver, picker.policy, picker.name, picker.cni, picker.libc)
    assert [control.description for control in controls] == [
        "resolver",
        "policy",
        "asks for",
        "enforcer",
        "C library",
    ]
