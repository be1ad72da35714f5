"""Recorded answers: what `dig` prints, with a line for each time."""

from pathlib import Path

import pytest

from nsimlib.dns.recordings import History, read_answers
from nsimlib.errors import ManifestError

RECORDING = """\
; 2026-03-01T08:00:00Z
db.example.      300 IN CNAME orders.example.
orders.example.    5 IN A 10.20.21.17
orders.example.    5 IN AAAA 2001:db8::17

# 2026-03-01T09:01:00+01:00
DB.example.      240 IN CNAME orders.example.
orders.example.    5 IN A 10.20.22.18
; <<>> DiG 9.18 <<>> what a shell leaves behind
"""
EIGHT = 1772352000


def recording(folder: Path, text: str) -> Path:
    file = folder / "answers.txt"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_chain_is_an_answer_to_the_name_that_was_asked(tmp_path: Path) -> None:
    answers = read_answers(recording(tmp_path, RECORDING))
    assert [(a.name, a.type.value, a.since - EIGHT, *map(str, a.addresses)) for a in answers] == [
        ("db.example", "A", 0, "10.20.21.17"),
        ("db.example", "AAAA", 0, "2001:db8::17"),
        ("db.example", "A", 60, "10.20.22.18"),
    ]
    assert [record.ttl for record in answers[2].records] == [240, 5]


def test_a_text_is_read_as_its_file(tmp_path: Path) -> None:
    assert read_answers(RECORDING) == read_answers(recording(tmp_path, RECORDING))


def test_questions_of_one_time_are_no_duplicates(tmp_path: Path) -> None:
    """`dig` prints the CNAME once for A, and once for AAAA."""
    twice = "; 2026-03-01T08:00:00Z\n" + 2 * "a.example. 9 IN CNAME b.example.\n"
    answers = read_answers(recording(tmp_path, twice + "b.example. 9 IN A 192.0.2.1\n"))
    assert [len(answer.records) for answer in answers] == [2]


def test_a_circle_of_names_holds_no_address(tmp_path: Path) -> None:
    records = ("; 2026-03-01T08:00:00Z", "a.example. 9 IN CNAME b.example.")
    text = "\n".join((*records, "b.example. 9 IN CNAME a.example.\n"))
    assert read_answers(recording(tmp_path, text)) == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("db.example. 5 IN A 10.20.21", "2:1: not a record of an address or a CNAME"),
        ("db.example. 5 IN AAAA 10.20.21.17", "not a record of an address"),
        ("db.example. IN A 10.20.21.17", "not a record of an address"),
        ("connection timed out", "not a record of an address"),
    ],
)
def test_what_is_no_record_has_its_place_and_a_remedy(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ManifestError) as error:
        read_answers(recording(tmp_path, f"; 2026-03-01T08:00:00Z\n{line}\n{line}\n"))
    assert len(error.value.problems) == 2
    assert says in str(error.value)
    assert "`dig +noall +answer`" in str(error.value)


def test_a_record_before_any_time(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="1:1: no time above it"):
        read_answers(recording(tmp_path, "db.example. 5 IN A 10.20.21.17\n"))


@pytest.mark.parametrize(("held", "says"), [(None, "No such file"), (b"\xff\xfd\xff", "not UTF-8")])
def test_a_file_that_cannot_be_read(tmp_path: Path, held: bytes | None, says: str) -> None:
    file = tmp_path / "answers.txt"
    if held is not None:
        file.write_bytes(held)
    with pytest.raises(ManifestError, match=says):
        read_answers(file)


def test_a_history_knows_when_it_was_looked_at(tmp_path: Path) -> None:
    history = History(read_answers(recording(tmp_path, RECORDING)))
    assert [at - EIGHT for at in history.times] == [0, 60]
    assert {str(address) for _, address in history.current} == {"10.20.22.18", "2001:db8::17"}
