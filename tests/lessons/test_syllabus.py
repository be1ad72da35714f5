"""The lessons as data agree with their notebooks, the catalogue with the code."""

import ast
import re
from string import Formatter

import nbformat
import pytest

import nsimlib as ns
from nsimlib.explanation.facts import facts
from nsimlib.lessons.entries import Entry, entries, variant
from nsimlib.lessons.misconceptions import misconceptions
from nsimlib.lessons.syllabus import TRACKS, Lesson, syllabus
from nsimlib.manifests.shipped import read_shipped, shipped_names
from nsimlib.views.catalogue import say
from tests.conftest import ROOT

LESSONS = list(syllabus().values())
every = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
#: the sections of every lesson, in this order
SECTIONS = ["Hook", "Predict", "Try", "Explain", "Exercise", "Recap"]


def cells(lesson: Lesson) -> list[nbformat.NotebookNode]:
    path = ROOT / "notebooks" / "lessons" / lesson.notebook
    return list(nbformat.read(path, as_version=4).cells)


def test_every_notebook_is_a_lesson() -> None:
    found = {path.name for path in (ROOT / "notebooks" / "lessons").glob("*.ipynb")}
    assert {lesson.notebook for lesson in LESSONS} == found


@every
def test_title_and_first_cell_come_from_the_data(lesson: Lesson) -> None:
    title, setup = cells(lesson)[0].source, next(c for c in cells(lesson) if c.cell_type == "code")
    assert title.startswith(f"# {lesson.title}\n")
    assert "import nsimlib as ns" in setup.source
    assert f'ns.lesson("{lesson.slug}")' in setup.source


@every
def test_sections_come_in_their_order(lesson: Lesson) -> None:
    text = "\n".join(cell.source for cell in cells(lesson) if cell.cell_type == "markdown")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS


@every
def test_every_bet_and_exercise_is_in_the_notebook(lesson: Lesson) -> None:
    code = "\n".join(cell.source for cell in cells(lesson) if cell.cell_type == "code")
    for bet in lesson.bets:
        assert f'ns.predict("{bet}")' in code
        assert f'ns.settle("{bet}")' in code
    for exercise in lesson.exercises:
        assert f'ns.exercise("{exercise}")' in code
    assert lesson.bets
    assert lesson.exercises


@every
def test_it_builds_on_lessons_before_it(lesson: Lesson) -> None:
    earlier = [each.slug for each in LESSONS if each.number < lesson.number]
    assert set(lesson.after) <= set(earlier)
    assert set(lesson.tracks) <= set(TRACKS)
    assert lesson.objectives
    assert lesson.cluster.pods


@pytest.mark.parametrize("name", TRACKS)
def test_a_track_adds_up(name: str) -> None:
    table = ns.track(name)
    minutes = [row[2] for row in table.rows if isinstance(row[2], int)]
    assert table.title.endswith(f"{sum(minutes)} minutes")


def test_an_unknown_track_or_lesson_names_the_nearest() -> None:
    with pytest.raises(ns.UnknownName, match="did you mean taster"):
        ns.track("tester")
    with pytest.raises(ns.UnknownName, match="did you mean start-here"):
        ns.lesson("start-hear")


# Misconceptions


def named(entry: Entry) -> list[str]:
    found = [each["misconception"] for each in entry.get("choices", ()) if isinstance(each, dict)]
    found += [each["misconception"] for each in entry.get("slips", ())]
    found += [each["misconception"] for b in entry.get("blanks", ()) for each in b.get("slips", ())]
    return [each for each in found if each]


def test_every_misconception_that_is_named_is_known() -> None:
    everything = [*entries("exercises").values(), *entries("predictions").values()]
    assert {name for entry in everything for name in named(entry)} <= set(misconceptions())


def test_misconceptions_cite_known_facts() -> None:
    cited = {number for each in misconceptions().values() for number in each.facts}
    assert cited <= set(facts())


# The catalogue


def keys_in_code() -> set[str]:
    found = set()
    for path in (ROOT / "nsimlib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_sentence_is_said_somewhere() -> None:
    sentences = read_shipped("data", "strings", "en.yaml")
    assert isinstance(sentences, dict)
    built = {f"bet.{how}{about}" for how in ("right", "other") for about in ("", "-connection")}
    assert set(sentences) - keys_in_code() - built == set()


@pytest.mark.parametrize("language", shipped_names("data", "strings"))
def test_a_translation_has_the_fields_of_the_original(language: str) -> None:
    english, other = (read_shipped("data", "strings", f"{name}.yaml") for name in ("en", language))
    assert isinstance(english, dict)
    assert isinstance(other, dict)

    def fields(sentence: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}

    for key, sentence in other.items():
        assert fields(sentence) == fields(english[key]), key


def test_a_translation_has_only_keys_of_the_original() -> None:
    english = read_shipped("data", "strings", "en.yaml")
    german = read_shipped("data", "strings", "de.yaml")
    assert isinstance(english, dict)
    assert isinstance(german, dict)
    assert german.keys() < english.keys()


def test_what_a_translation_lacks_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSIM_LANGUAGE", "de")
    assert say("exercise.passed", wanted=8) == "alle 8 Verbindungen enden wie gewünscht"
    assert say("dns.resolver") == "resolver"


def test_a_language_without_a_catalogue_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSIM_LANGUAGE", "xx")
    with pytest.raises(ns.UnknownName, match="catalogue for"):
        say("bet.choose")


def test_a_key_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(ns.UnknownName, match=r"did you mean bet\.choose"):
        say("bet.chose")


# Variants


def test_a_seed_always_gives_the_same_variant_and_seeds_differ() -> None:
    entry = {"id": "a/1", "wanted": {"${end}": "allowed"}, "variants": [{"end": "x"}, {"end": "y"}]}
    first = {str(variant(entry, seed)) for seed in range(20)}
    assert first == {str(variant(entry, seed)) for seed in range(20)}
    assert len(first) == 2
    assert variant(entry, 0)["wanted"] == {"x": "allowed"}


def test_a_variant_that_lacks_a_word_fails() -> None:
    with pytest.raises(KeyError, match="port"):
        variant({"id": "a/1", "question": "${port}", "variants": [{"end": "x"}]}, 0)
