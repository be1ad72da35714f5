"""Radio buttons and menus that keep their arrow keys inside a notebook."""

from pathlib import Path

import anywidget

__all__ = ["ArrowKeys"]


class ArrowKeys(anywidget.AnyWidget):
    """An invisible child of a box: its radio buttons and menus keep their arrow keys.

    Without it JupyterLab takes them and moves to another cell, so that a learner without a mouse
    loses the place.
    """

    _esm = Path(__file__).parent / "arrow_keys.js"
