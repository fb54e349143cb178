"""How fast a large report is written, opened and filtered: ``report_speed.py [ITEMS]``.

Judges made items (30,000 unless told otherwise) with two free judges, writes the report and drives
it in a headless Chromium from the file system; needs ``playwright`` and Chromium. Every figure of
the page is the median of several measurements, from the input to the next frame.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from made_items import write_items
from measured import measure

REPEATS = 5
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

_OPENED = "performance.getEntriesByName('first-contentful-paint')[0]"
_SET = """([id, value]) => new Promise(done => {
  const field = document.getElementById(id);
  const before = performance.now();
  if (field.type === "checkbox") field.checked = value;
  else field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));
})"""
_FILTERS = {
    "search": ("query", ("teapot", "violin", "a bridge under", "")),
    "outcome": ("is", ("wrong", "flipped", "right", "")),
    "label": ("label", ("1", "2", "t", "")),
    "sort": ("sort", ("hard", "prompt", "easy", "")),
    "disagree": ("disagree", (True, False)),
}


def main() -> None:
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    with tempfile.TemporaryDirectory() as folder:
        report = written(Path(folder), items)
        driven((report / "index.html").as_uri())


def written(folder: Path, items: int) -> Path:
    """Runs of two judges, and their report."""
    data = folder / "items.jsonl"
    write_items(data, items)
    unieval = [sys.executable, "-m", "unieval.cli"]
    judges = ("--judge", "random", "--judge", "first")
    runs, report = folder / "runs", folder / "report"
    task = ("--task", "genai-bench-image", "--data", str(data))
    measure([*unieval, "run", *judges, *task, "--out", str(runs)])
    used = measure([*unieval, "report", str(runs), "--out", str(report)])
    size = sum(file.stat().st_size for file in report.rglob("*") if file.is_file())
    print(f"{items:,} items, 2 judges, both orders")
    print(f"written in {used.wall:.1f} s ({used.cpu:.1f} s of processor, {used.peak:.0f} MB peak)")
    print(f"size {size / 1e6:.1f} MB, page {(report / 'index.html').stat().st_size / 1e3:.0f} kB")
    return report


def driven(address: str) -> None:
    """Open and filter the page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        first, listed = zip(*[opened(browser, address) for _ in range(REPEATS)], strict=True)
        print(f"summary painted after {statistics.median(first):.0f} ms")
        print(f"samples listed after {statistics.median(listed):.0f} ms")
        page = browser.new_page(bypass_csp=True, viewport={"width": 1280, "height": 800})
        page.goto(f"{address}#view=samples")
        page.wait_for_selector(".row")
        for name, (field, values) in _FILTERS.items():
            times = [page.evaluate(_SET, [field, v]) for _ in range(REPEATS) for v in values]
            print(f"{name}: median {statistics.median(times):.0f} ms, slowest {max(times):.0f} ms")
        browser.close()


def opened(browser: Any, address: str) -> tuple[float, float]:
    """Milliseconds to the summary's first paint, and to the list when it is asked for at once."""
    # the page allows no script but its own, and waiting needs one
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address)
    page.wait_for_function(f"({_OPENED})?.startTime")
    first = float(page.evaluate(f"{_OPENED}.startTime"))
    page.goto("about:blank")
    page.goto(f"{address}#view=samples")
    page.wait_for_selector(".row")
    listed = float(page.evaluate("performance.now()"))
    context.close()
    return first, listed


if __name__ == "__main__":
    main()
