"""The register of facts as readers see it. What it holds is checked in `tests/test_facts.py`."""

import pytest

from nsimlib.errors import UnknownName
from nsimlib.explanation.facts import fact, facts


def test_a_fact_by_its_number() -> None:
    assert fact("F1.9").id == "F1.9"
    assert fact("F1.9") is facts()["F1.9"]


def test_an_erratum_says_what_the_article_claims() -> None:
    claims = {number[0]: bool(known.article) for number, known in facts().items()}
    assert claims["F"] is False
    assert claims["E"] is True


def test_an_unknown_number_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no fact 'F1\.99'; did you mean F1\.9"):
        fact("F1.99")
