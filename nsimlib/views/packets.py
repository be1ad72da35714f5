"""What the packet lab shows, as HTML; imported when some of it is first shown."""

from nsimlib.views import captures
from nsimlib.views.html import html_of
from nsimlib.views.scenes import scene_html

__all__ = ["captures"]

html_of.register(scene_html)
