"""What eyes do not see on a picture: whether a page runs over its screen, and what axe finds serious."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "jingwei/web/static/lib/axe.js"
#: the rules of WCAG 2.2 A and AA, as axe names them
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_RUN = """async tags => (await axe.run(document, {
  runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
})).violations.map(one => ({
  rule: one.id, impact: one.impact, at: one.nodes.map(node => node.target.join(" ")),
}))"""

_OVER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const inside = one => one.parentElement && (getComputedStyle(one.parentElement).overflowX !== "visible"
    || inside(one.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter(one => one.getBoundingClientRect().right > wide + 1 && !inside(one))
    .map(one => one.tagName.toLowerCase() + (one.className.baseVal ?? "." + one.className)).slice(0, 4);
}"""


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical on the page, each with the places."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(_RUN, RULES)
    return [
        f"{one['rule']} at {', '.join(one['at'][:3])}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def runs_over(page: Page) -> list[str]:
    """What makes the page scroll sideways; nothing where it does not."""
    return list(page.evaluate(_OVER))
