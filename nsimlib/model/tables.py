"""Tables for people, and as pandas DataFrames: the one place that imports pandas, once asked to."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nsimlib.errors import visible
from nsimlib.model.shown import Shown

if TYPE_CHECKING:
    import pandas

__all__ = ["Table", "Tabled", "frame", "inert"]


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """A table with a title; shows itself, and gives a DataFrame."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def to_frame(self) -> "pandas.DataFrame":
        """Return the table as a DataFrame."""
        return frame(self.rows, self.columns)

    def to_markdown(self) -> str:
        r"""Return the table, without its title, as a Markdown table.

        >>> print(Table("", ("port",), (("80|81",),)).to_markdown())
        | port |
        |---|
        | 80\|81 |
        """
        head, *rows = (_markdown_line(each) for each in (self.columns, *self.rows))
        return "\n".join((head, "|" + "---|" * len(self.columns), *rows))


class Tabled(Shown):
    """Mixin for what shows itself as its table."""

    __slots__ = ()

    def to_table(self) -> Table:
        """Return what there is to show."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def _markdown_line(cells: Iterable[object]) -> str:
    texts = (inert(str(cell)).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(texts)} |"


#: what makes a link, a picture, a mention or a reference, with what stands where it is taken apart
ACTIVE: Final = (
    (re.compile(r"\["), r"\["),
    (re.compile(r"([@#])(?=\w)"), r"\1&#8203;"),
    (re.compile(r":(?=//)"), ":&#8203;"),
    (re.compile(r"\bwww(?=\.)", re.IGNORECASE), r"\g<0>&#8203;"),
)


def inert(text: str) -> str:
    r"""Return a text as one line of Markdown: names are somebody else's.

    No HTML, link, picture or mention comes of them; what is in backticks stays code.

    >>> inert("<!-- x --> [a](b) @all")
    '&lt;!-- x --> \\[a](b) @&#8203;all'
    """
    line = " ".join(visible(text).splitlines()).replace("&", "&amp;").replace("<", "&lt;")
    for sign, apart in ACTIVE:
        line = sign.sub(apart, line)
    return line


def frame(
    rows: Iterable[Sequence[object]], columns: Sequence[str], index: Sequence[str] = ()
) -> "pandas.DataFrame":
    """Return a DataFrame of the rows; where there is no pandas, say what does without."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        # In the browser nothing compiled can be added.
        hint = "a DataFrame needs pandas, which is not here; .rows and .to_markdown() need nothing"
        raise ModuleNotFoundError(hint, name=error.name) from None

    return pandas.DataFrame(list(rows), columns=list(columns), index=list(index) or None)
