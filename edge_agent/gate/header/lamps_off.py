"""``edge-agent lamps-off``: what the service manager runs after a daemon that was killed.

Dark means that nothing has been recorded, so a green lamp must not outlive its daemon. Nothing of
the project is imported: the daemon's imports take a Pi longer than a worker looks at a lamp.
"""

import sys

LAMPS = {
    "green": 17,
    "amber": 27,
    "red": 22,
    "buzzer": 23,
    "lamp_in": "none",
    "lamp_out": "none",
}
"""Key of [panel] → its default (settings/schema.py; a test compares them)."""


def main(arguments: "list[str]") -> None:
    """Make low whatever [panel] names in the settings that follow ``--config``.

    Of settings that nothing can be read from, and of pins that cannot be had, it says why and
    leaves: the service manager goes on either way.
    """
    import tomllib

    path = arguments[-1] if arguments else "/etc/edge-agent/edge-agent.toml"
    try:
        with open(path, "rb") as file:
            panel = tomllib.load(file).get("panel", {})
        if panel.get("pins") == "gpio":
            pins = [panel.get(key, usual) for key, usual in LAMPS.items()]
            _darken([pin for pin in pins if pin != "none"])
    except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
        print(f"edge-agent lamps-off: {error}", file=sys.stderr)
        sys.exit(1)


def _darken(pins: "list[int]") -> None:
    import gpiod
    from gpiod.line import Direction, Value

    from .chip import header_chip

    low = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.INACTIVE)
    gpiod.request_lines(str(header_chip()), dict.fromkeys(pins, low), "edge-agent").release()
