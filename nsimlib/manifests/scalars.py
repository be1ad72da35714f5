"""What an unquoted YAML scalar means to the API server.

The server reads YAML 1.1 through go-yaml v2, and so do we: `yes` is a boolean, `1.10` and
`918650e5` are numbers, while times such as `12:30` and dates stay text.
"""

import re

__all__ = ["WORDS", "Value", "key_text", "resolve", "type_word"]

Value = str | int | float | bool | None

WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(
        ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True
    ),
    **dict.fromkeys(
        ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False
    ),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
}
# Anything that does not start like this is text: most scalars are done after one look.
FIRST = frozenset("yYnNtTfFoO~.+-0123456789")
INTEGER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
BASES = {"0x": 16, "0b": 2, "0o": 8}
# Longer integers do not fit 64 bits, and Python refuses to read thousands of digits.
LONGEST = 70


def resolve(text: str) -> Value:
    """Return the value of an unquoted scalar; text is returned as it stands.

    >>> [resolve(text) for text in ("1.10", "010", "yes", "918650e5", "12:30", "2024-01-01")]
    [1.1, 8, True, 91865000000.0, '12:30', '2024-01-01']
    """
    if text and text[0] not in FIRST:
        return text
    if text in WORDS:
        return WORDS[text]
    # Before a point, go-yaml does not take underscores out.
    digits = text if text[0] == "." else text.replace("_", "")
    if (match := INTEGER.fullmatch(digits)) and len(digits) <= LONGEST:
        return _integer(match[1], match[2].lower())
    if FLOAT.fullmatch(digits):
        return float(digits)
    return text


def _integer(sign: str, digits: str) -> int | float:
    base = BASES.get(digits[:2], 8 if digits.startswith("0") else 10)
    number = int(digits[2:] if digits[:2] in BASES else digits, base)
    number = -number if sign == "-" else number
    return number if -(1 << 63) <= number < 1 << 64 else float(number)


def type_word(value: Value) -> str:
    """Return what Go's JSON reader calls the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case _:
            return "number"


def key_text(text: str) -> str | None:
    """Return what the server makes of an unquoted key, or None for one that it refuses.

    >>> key_text("on"), key_text("0x10"), key_text("app"), key_text("~")
    ('true', '16', 'app', None)
    """
    match resolve(text):
        case None:
            return None
        case bool() as flag:
            return "true" if flag else "false"
        case float() as number:
            return f"{number:g}"
        case value:
            return str(value)
