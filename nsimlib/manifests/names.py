"""What the API server says about names, label keys, label values and port names."""

import re
from functools import lru_cache

__all__ = [
    "label_key_errors",
    "label_value_errors",
    "name_errors",
    "namespace_errors",
    "port_name_errors",
    "port_number_errors",
]

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_LABEL = re.compile(LABEL)
DNS_SUBDOMAIN = re.compile(rf"{LABEL}(\.{LABEL})*")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
PORT_NAME = re.compile(r"[-a-z0-9]+")
MAX_NAME, MAX_LABEL, MAX_VALUE, MAX_PORT_NAME = 253, 63, 63, 15

# The server's sentences end with the regular expression as well, which helps nobody.
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')"
)
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc')"
)
QUALIFIED_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character "
    "(e.g. 'MyName', or 'my.name', or '123-abc')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character "
    "(e.g. 'MyValue', or 'my_value', or '12345')"
)
PORT_RULE = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"

Errors = tuple[str, ...]


def _too_long(text: str, limit: int) -> Errors:
    return (f"must be no more than {limit} bytes",) if len(text.encode()) > limit else ()


def name_errors(name: str) -> Errors:
    """Return what is wrong with the name of an object (F1.37)."""
    rule = () if DNS_SUBDOMAIN.fullmatch(name) else (SUBDOMAIN_RULE,)
    return _too_long(name, MAX_NAME) + rule


@lru_cache(maxsize=1 << 12)
def namespace_errors(name: str) -> Errors:
    """Return what is wrong with the name of a namespace or a Service.

    >>> namespace_errors("shop.prod")
    ('must not contain dots',)
    """
    if DNS_LABEL.fullmatch(name):
        return _too_long(name, MAX_LABEL)
    rule = "must not contain dots" if DNS_SUBDOMAIN.fullmatch(name) else LABEL_RULE
    return (*_too_long(name, MAX_LABEL), rule)


@lru_cache(maxsize=1 << 14)
def label_key_errors(key: str) -> Errors:
    """Return what is wrong with the key of a label (F1.35)."""
    match key.split("/"):
        case [name]:
            prefix: Errors = ()
        case ["", name]:
            prefix = ("prefix part must be non-empty",)
        case [domain, name]:
            prefix = tuple(f"prefix part {error}" for error in name_errors(domain))
        case _:
            optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            return (f"a valid label key {QUALIFIED_RULE} {optional}",)
    length = _too_long(name, MAX_LABEL) if name else ("must be non-empty",)
    rule = () if QUALIFIED.fullmatch(name) else (QUALIFIED_RULE,)
    return prefix + tuple(f"name part {error}" for error in length + rule)


@lru_cache(maxsize=1 << 16)
def label_value_errors(value: str) -> Errors:
    """Return what is wrong with the value of a label; an empty one is fine (F1.35)."""
    rule = () if not value or QUALIFIED.fullmatch(value) else (VALUE_RULE,)
    return _too_long(value, MAX_VALUE) + rule


def port_number_errors(number: int) -> Errors:
    """Return what is wrong with a port number (F1.39)."""
    return () if 1 <= number <= 65535 else ("must be between 1 and 65535, inclusive",)


def port_name_errors(name: str) -> Errors:
    """Return all that is wrong with the name of a port (F1.39).

    >>> port_name_errors("8080")
    ('must contain at least one letter (a-z)',)
    """
    rules = (
        (PORT_NAME.fullmatch(name), PORT_RULE),
        (re.search("[a-z]", name), "must contain at least one letter (a-z)"),
        ("--" not in name, "must not contain consecutive hyphens"),
        (name.strip("-") == name, "must not begin or end with a hyphen"),
    )
    return _too_long(name, MAX_PORT_NAME) + tuple(error for holds, error in rules if not holds)
