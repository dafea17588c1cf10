"""A real Chromium without a window, spoken to over a pair of pipes (DevTools protocol).

Nothing is installed for it but Debian's own package: the protocol is one JSON object after the
other, each ended by a zero byte.
"""

import base64
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from .patience import PATIENCE_S

_NAMES = ("chromium", "chromium-headless-shell")

_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    # In a container there are no namespaces for it, and all it shows is our own page.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
)


def chromium() -> str:
    """Where it is; skips where it is not installed."""
    for name in _NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip("Chromium is not installed (apt-get install chromium)")


class Browser:
    """One Chromium with one page. A context manager that leaves nothing running."""

    def __init__(self, width: int = 800, height: int = 480, *flags: str) -> None:
        self._home = tempfile.mkdtemp(prefix="ea-browser-")
        to_it, self._out = os.pipe()
        self._in, from_it = os.pipe()
        size = f"--window-size={width},{height}"
        command = [
            chromium(),
            *_FLAGS,
            f"--user-data-dir={self._home}",
            size,
            *flags,
            "about:blank",
        ]
        self._process = subprocess.Popen(
            # It reads from 3 and writes to 4. Not by sh, which may know no number above 9.
            ["bash", "-c", f'exec "$@" 3<&{to_it} 4>&{from_it}', "bash", *command],
            pass_fds=(to_it, from_it),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_it)
        os.close(from_it)
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        self.said: list[dict[str, Any]] = []
        """Every event of the protocol, in order."""
        [page] = [
            target
            for target in self.ask("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        ]
        attached = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        self.size(width, height)

    def size(self, width: int, height: int) -> None:
        """Of the screen, in pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def colours(self, scheme: str) -> None:
        """``light`` or ``dark``, as the system would prefer."""
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=wanted)

    def go(self, url: str) -> None:
        """Open a page; returns when it is there."""
        self.said.clear()
        self.ask("Page.navigate", url=url)
        self.until(lambda: any(one["method"] == "Page.loadEventFired" for one in self.said))

    def run(self, script: str) -> Any:
        """What an expression of JavaScript comes to, promises too."""
        told = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def text(self, selector: str) -> str:
        """What is to be read there, as the eye has it; "" where it is hidden."""
        found: str = self.run(
            f"(e => e && e.checkVisibility() ? e.innerText : '')"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        return found

    def see(self, selector: str, wanted: str) -> None:
        """Wait until this stands there."""
        self.until(lambda: wanted in self.text(selector), lambda: self.text("body"))

    def until(self, true: Callable[[], object], told: Callable[[], object] = lambda: "") -> None:
        """Wait until it is so; the browser is asked again and again."""
        give_up = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < give_up, told()
            self._hear(0.02)

    def picture(self, file: Path) -> None:
        """A screenshot."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def stop(self) -> None:
        """As a screen that sleeps: not one of its processes goes on."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """After ``stop``."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one request of the protocol."""
        self._number += 1
        number = self._number
        request: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            request["sessionId"] = self._session
        os.write(self._out, json.dumps(request).encode() + b"\0")
        give_up = time.monotonic() + PATIENCE_S
        while True:
            for message in self._hear(1.0):
                if message.get("id") == number:
                    assert "error" not in message, (method, message["error"])
                    result: dict[str, Any] = message["result"]
                    return result
            assert time.monotonic() < give_up, f"{method}: no answer"
            assert self._process.poll() is None, "Chromium has ended"

    def _hear(self, within_s: float) -> list[dict[str, Any]]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._in, selectors.EVENT_READ)
            if not selector.select(within_s):
                return []
        self._unread += os.read(self._in, 1 << 20)
        *whole, self._unread = self._unread.split(b"\0")
        messages = [json.loads(one) for one in whole]
        self.said += [one for one in messages if "method" in one]
        return messages

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_on()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._home, ignore_errors=True)
