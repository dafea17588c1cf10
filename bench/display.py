"""How soon a press stands on the screen, and what the screen costs the daemon.

    python bench/display.py [PRESSES]

A daemon on an unpaced simulated sensor, the screen's process, and Debian's Chromium without a
window. The first paint is that of browsers which were never started before. From the lamp (the
event's own CLOCK_BOOTTIME) to the frame that has the name in it; ratios between machines matter,
and nothing here is a Pi.
"""

import os
import statistics
import sys
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import Browser, chromium  # noqa: E402
from tests.display.serving import serving  # noqa: E402
from tests.system.gate import Gate, Part  # noqa: E402
from tests.system.test_display import Front  # noqa: E402

_STARTS = 5

_STAMP_PAINTS = """
window.paints = [];
new MutationObserver(() => {
  const name = document.querySelector('#name').textContent;
  if (name) requestAnimationFrame(() => requestAnimationFrame(
    () => paints.push(performance.timeOrigin + performance.now())));
}).observe(document.querySelector('#name'), {childList: true});
"""

_FIRST_PAINT = (
    "performance.getEntriesByType('paint').find(p => p.name == 'first-contentful-paint').startTime"
)


def first_paints(url: str) -> list[float]:
    """Milliseconds from the navigation to the first contentful paint, each in a new browser."""
    found = []
    for _ in range(_STARTS):
        with Browser() as browser:
            browser.go(url)
            browser.until(lambda: browser.run("performance.getEntriesByType('paint').length") > 1)
            found.append(browser.run(_FIRST_PAINT))
    return found


def presses(gate: Gate, front: Front, count: int) -> list[float]:
    """Milliseconds from the lamp to the painted name, one for each press."""
    front.browser.run(_STAMP_PAINTS)
    boot_to_wall_ms = time.time() * 1000 - time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
    told = []
    for number in range(count):
        gate.finger(f"press NV00{1 + number % 2}")
        shown = front.watch.panel()
        gate.finger("lift")
        told.append(shown["boottime_ms"] + boot_to_wall_ms)
        front.browser.until(partial(painted, front.browser, number + 1))
        time.sleep(0.1)  # The glass is to be seen empty.
    return [at - then for at, then in zip(front.browser.run("paints"), told, strict=True)]


def painted(browser: Browser, count: int) -> bool:
    """Whether as many names were painted."""
    return bool(browser.run("paints.length") >= count)


def resident_mib(part: Part) -> float:
    """Of the process alone (its RSS)."""
    lines = Path(f"/proc/{part.process.pid}/status").read_text().splitlines()
    [kib] = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(kib) / 1024


def cpu_s(part: Part) -> float:
    """Processor time that the process has taken."""
    fields = Path(f"/proc/{part.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(count: int) -> None:
    """Print the figures."""
    chromium()
    with serving() as server:
        paints = first_paints(server.url)
    print(
        f"first paint, a browser never started before: median {statistics.median(paints):.0f} ms,"
        f" longest of {len(paints)} {max(paints):.0f} ms"
    )
    with Gate(punch={"repeat_window_s": 0}) as gate, Browser() as browser:
        gate.simulate("--no-pace")
        gate.enrol("NV001", "NV002")
        front = Front(gate, browser)
        began = cpu_s(front.daemon)
        late = sorted(presses(gate, front, count))
        with_screen = cpu_s(front.daemon) - began
        print(
            f"lamp to painted name, {count} presses: median {statistics.median(late):.0f} ms,"
            f" 99th percentile {late[int(len(late) * 0.99) - 1]:.0f} ms, longest {late[-1]:.0f} ms"
        )
        print(
            f"resident: daemon {resident_mib(front.daemon):.1f} MiB,"
            f" screen's process {resident_mib(front.display):.1f} MiB"
        )
        front.display.stop()
        began = cpu_s(front.daemon)
        for number in range(count):
            gate.finger(f"press NV00{1 + number % 2}")
            front.watch.panel()
            gate.finger("lift")
            time.sleep(0.2)
        without = cpu_s(front.daemon) - began
        print(
            f"daemon's processor time for {count} presses: {with_screen:.2f} s with a screen,"
            f" {without:.2f} s without; resident without {resident_mib(front.daemon):.1f} MiB"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
