"""YAML 1.1 as the API server reads it, trap by trap."""

import math

import pytest

from nsimlib.manifests.scalars import Value, key_text, resolve

TRAPS: tuple[tuple[str, Value], ...] = (
    # null
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("nULL", "nULL"),
    # booleans, of which other YAML readers know fewer
    ("yes", True),
    ("Yes", True),
    ("y", True),
    ("Y", True),
    ("on", True),
    ("ON", True),
    ("True", True),
    ("tRue", "tRue"),
    ("no", False),
    ("n", False),
    ("off", False),
    ("False", False),
    # integers
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("010", 8),
    ("0o10", 8),
    ("0x1F", 31),
    ("-0x1f", -31),
    ("0b101", 5),
    ("1_000", 1000),
    ("0b12", "0b12"),
    ("0x", "0x"),
    ("18446744073709551615", 18446744073709551615),
    ("18446744073709551616", 18446744073709551616.0),
    # floats
    ("1.10", 1.1),
    ("1.", 1.0),
    (".5", 0.5),
    ("+.5", 0.5),
    ("1e3", 1000.0),
    ("918650e5", 91865000000.0),
    ("08", 8.0),
    ("1_0.5", 10.5),
    (".1_0", ".1_0"),
    (".inf", math.inf),
    ("-.INF", -math.inf),
    ("9" * 5000, math.inf),
    (".", "."),
    ("1.10.2", "1.10.2"),
    ("1e", "1e"),
    ("inf", "inf"),
    # times and sixties are text
    ("12:30", "12:30"),
    ("1:2:3", "1:2:3"),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    # text
    ("web", "web"),
    ("-", "-"),
    ("+", "+"),
    ("_1", "_1"),
    ("<<", "<<"),
    ("1a", "1a"),
    ("nope", "nope"),
    ("10.0.0.1", "10.0.0.1"),
)


class TestResolve:
    @pytest.mark.parametrize(("text", "value"), TRAPS)
    def test_plain_scalars(self, text: str, value: Value) -> None:
        found = resolve(text)
        assert found == value
        assert type(found) is type(value)

    def test_what_is_not_a_number(self) -> None:
        found = resolve(".nan")
        assert isinstance(found, float)
        assert math.isnan(found)


class TestKeyText:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("on", "true"),
            ("n", "false"),
            ("010", "8"),
            ("1.50", "1.5"),
            ("1e6", "1e+06"),
            ("a", "a"),
        ],
    )
    def test_the_server_writes_keys_anew(self, text: str, key: str) -> None:
        assert key_text(text) == key

    def test_null_is_no_key(self) -> None:
        assert key_text("") is None
