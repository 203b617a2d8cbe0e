"""How fast the live page is, and what it keeps in memory: ``python -m benchmarks.live [--seconds 60]``.

It plays the page in Chromium without a window (Debian's, or what --chromium names; the extra ``browser``) and prints,
every tenth of the time: pictures and steps a second as the page says, the processor time that a picture takes on
either side, the memory of the server's process and of all of Chromium's, and the machine's load.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += family(int(path.parent.name))
    return found


def seconds_and_mib(pids: list[int]) -> tuple[float, float]:
    """Processor time so far, and memory that is theirs alone."""
    seconds = mib = 0.0
    for pid in pids:
        try:
            times = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
            pages = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()
        except OSError:
            continue
        seconds += sum(map(int, times)) / TICK
        mib += (int(pages[1]) - int(pages[2])) * 4096 / 2**20
    return seconds, mib


def main() -> None:
    """Play and print."""
    p = argparse.ArgumentParser(prog="benchmarks.live", description=(__doc__ or "").split("\n")[0])
    p.add_argument("--seconds", type=float, default=60.0, help="how long to play (60)")
    p.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's path")
    options = p.parse_args()
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "tinygan.live", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        address = server.stdout.readline().split()[4]
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(120_000)
        began = time.monotonic()
        page.goto(address)
        page.get_by_role("button", name="Play", exact=True).click()
        page.locator("[data-name=pictures]").wait_for()
        print(f"it plays {time.monotonic() - began:.1f} s after its address was opened")
        mine = set(family(os.getpid())) - set(family(server.pid)) - {os.getpid()}
        both = [family(server.pid), sorted(mine)]
        before, shown = [seconds_and_mib(pids) for pids in both], frames(page)
        for _ in range(10):
            page.wait_for_timeout(100 * options.seconds)
            now, newest = [seconds_and_mib(pids) for pids in both], frames(page)
            ours, theirs = (1000 * (now[i][0] - before[i][0]) / max(newest - shown, 1) for i in (0, 1))
            said = {name: page.locator(f"[data-name={name}]").inner_text() for name in ("pictures", "steps")}
            print(
                f"{said['pictures']:>3} pictures/s {said['steps']:>4} steps/s; ms of a core for a picture: server "
                f"{ours:4.1f} (with its steps), Chromium {theirs:5.1f}; MiB: server {now[0][1]:4.0f}, Chromium "
                f"{now[1][1]:5.0f}; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
            before, shown = now, newest
        browser.close()
        server.terminate()


def frames(page: object) -> int:
    """Pictures sent so far."""
    return int(page.evaluate("Bokeh.documents[0].roots()[0].tags[0].get_column('n')[0]"))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
