"""Vega by way of vl-convert: the script that draws charts in a browser, and charts as pictures."""

import base64
import contextlib
from importlib.metadata import version
from pathlib import Path

from analysis.records import writing
from analysis.report.specs import Spec

VEGA_LITE = "v6.1"
EXPORTS = "window.vegaEmbed = vegaEmbed;"
# Putting it together takes a second or two, so it is kept where Python keeps what it compiles.
KEPT = Path(__file__).parent / "__pycache__" / f"vega-{version('vl-convert-python')}.js"


def script() -> str:
    """Vega-Embed with all that it needs, as one script."""
    with contextlib.suppress(OSError):
        return KEPT.read_text(encoding="utf-8")
    import vl_convert  # many pages need no more of it than what is kept

    made = str(vl_convert.javascript_bundle(EXPORTS, vl_version=VEGA_LITE))
    if "</script" in made.lower() or "<!--" in made:
        raise RuntimeError("the library's script would end its own element on the page")
    with contextlib.suppress(OSError):
        KEPT.parent.mkdir(exist_ok=True)
        writing.write(KEPT, made)
    return made


def picture(spec: Spec) -> str:
    """A chart as SVG, as the address of an image."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
