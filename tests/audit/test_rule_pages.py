"""Every rule has a page with an example on which it really fires."""

import pytest

from docs.rule_pages import rule_entry
from nsimlib.audit.rules import RULES
from tests.audit.cases import example_of


@pytest.mark.parametrize("id", RULES)
def test_the_page_of_a_rule_has_an_example_and_what_is_said_of_it(id: str) -> None:
    page, example = rule_entry(RULES[id]), example_of(id)
    assert page.startswith(f"({id.lower()})=\n\n## {id} ")
    assert example.text.strip() in page
    assert f"```text\n{id} " in page
    assert RULES[id].why in page
    assert ("```diff" in page) == ("nofix" not in example.words and "asks" not in example.words)
