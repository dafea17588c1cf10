"""``edge-agent`` and ``python -m edge_agent``: what holds for every command, there is or will be.

Text is UTF-8 whatever the locale says, what an output cannot show is escaped, output that is lost
ends the command with a sentence, and Ctrl-C ends it with none.
"""

import codecs
import gc
import io
import os
import resource
import sys
from contextlib import suppress

from . import __version__

TYPE_CHECKING = False  # For mypy; to ask typing for it would load half as much again.
if TYPE_CHECKING:
    from typing import Any

_ESCAPE = "edge-agent-escape"
_INTERRUPTED = 130

_ZONES = "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"
"""https://docs.python.org/3/library/zoneinfo.html#configuring-the-data-sources"""


def main() -> None:
    """Run the command that was asked for, and exit with its code."""
    try:
        _fill_closed_streams()
        _keep_no_core()
        _speak_utf8()
        sys.stdout = _over(sys.stdout, _Output)
        sys.stderr = _over(sys.stderr, _Aside)
        _run()
    except KeyboardInterrupt:  # In the middle of an import, perhaps.
        sys.exit(_INTERRUPTED)


def _fill_closed_streams() -> None:
    """Where one of the three was closed (``>&-``), have it lead nowhere.

    The first thing that is done: whatever is opened next, such as the database, would be written
    to by whoever, a child too, tells something there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # It gets the lowest that is free, which is this one.
            os.set_inheritable(number, True)


def _run() -> None:
    if sys.argv[1:] == ["--version"]:
        # Without loading what commands need, for scripts ask it at each start.
        _tell_version()
        return
    if sys.argv[1:2] == ["lamps-off"]:
        # Without loading what commands need: a lamp is lit meanwhile that should not be.
        from .gate.header.lamps_off import main as lamps_off

        lamps_off(sys.argv[2:])
        return
    plays = _is_the_demo(sys.argv[1:])
    if plays:
        from .demo import wishes

        wishes.listen()
    # Where Python itself would look; to find out it loads all that it was built with.
    os.environ.setdefault("PYTHONTZPATH", _ZONES)
    # What is imported stays: to look for garbage in it meanwhile takes a tenth of a command's time.
    gc.disable()
    from .cli import main as command_line

    try:
        command_line(prog_name="edge-agent")
    finally:
        if plays:
            wishes.close_ears()
        else:
            import signal

            # Nothing is left to undo: a Ctrl-C while Python cleans up ends it there.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        # To look for garbage in all that was imported, once more before it goes, is another tenth.
        gc.freeze()


def _is_the_demo(arguments: list[str]) -> bool:
    """Whether the whole way of a punch is asked for, which ends well whenever it is ended."""
    if arguments[:1] == ["--lang"]:
        arguments = arguments[2:]
    elif arguments and arguments[0].startswith("--lang="):
        arguments = arguments[1:]
    elsewhere = any(one.startswith("--broker") for one in arguments)
    return arguments[:1] == ["demo"] and not elsewhere


def _keep_no_core() -> None:
    """Of no command a core is kept: names, and a PIN that was typed, are in many of them.

    A daemon, and what has to do with templates, does more (``gate/host/memory.py``).
    """
    with suppress(OSError, ValueError):  # Somebody has forbidden to set it.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tell_version() -> None:
    from .contract.errors import OutputLost

    try:
        print(f"edge-agent, version {__version__}", flush=True)
    except BrokenPipeError:
        sys.exit(1)
    except OutputLost as lost:
        print(f"edge-agent: {lost}", file=sys.stderr)
        sys.exit(lost.exit_code)


def _speak_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale is of another character set.

    What was typed came in as that, and paths go out as that: a name would be stored as other
    letters, and a file looked for under another name (LC_ALL=en_US over SSH).
    """
    if sys.getfilesystemencoding().lower() not in ("utf-8", "utf8") and not sys.flags.utf8_mode:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


class _Output(io.FileIO):
    """Standard output. A write that fails is told once, for what it is; the rest goes nowhere."""

    _lost = False

    def write(self, data: "Any", /) -> int:
        if self._lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            self._lost = True
            raise  # Whoever read it has had enough, and knows.
        except OSError as error:
            self._lost = True
            from .contract.errors import OutputLost

            raise OutputLost(
                f"What this command prints could not be written ({error.strerror}): it is not "
                "complete."
            ) from error


class _Aside(io.FileIO):
    """Standard error. What is said by the way is no reason to break off what is under way."""

    def write(self, data: "Any", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _over(stream: "Any", kind: type[io.FileIO]) -> "Any":
    """The same stream on such a file; one that leads nowhere where Python found it closed."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    raw = kind(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=_ESCAPE,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""``\u1ec5`` for what cannot be shown: JSON that holds it says the same."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end


codecs.register_error(_ESCAPE, _escape)


if __name__ == "__main__":
    main()
