"""Which board this is, and whether the sensor's port is the right one for it."""

from .findings import Sentence, Verdict
from .machine import Machine
from .sentences import wiring as say
from .visit import Visit

_MODEL = "/sys/firmware/devicetree/base/model"

_FAMILIES = {
    "Raspberry Pi 5": say.PORT_MISSING_PI_5,  # and the 500
    "Raspberry Pi Compute Module 5": say.PORT_MISSING_PI_5,
    "Raspberry Pi": say.PORT_MISSING_PI,
    "": say.PORT_MISSING,
}
"""How a model's name begins → what to say where the port is missing; the first that fits."""

_DEBUG_CONNECTOR = "ttyAMA10"
_MINI_UART = "ttyS0"
_OF_BLUETOOTH = "/dev/serial1"
"""The firmware's own name for the line to the Bluetooth chip, whichever UART it is."""


def board(machine: Machine) -> Verdict:
    """Which Raspberry Pi this is, if it is one."""
    model = _model(machine)
    return say.BOARD_PI(model=model) if _is_pi(model) else say.BOARD_OTHER()


def port(visit: Visit) -> Verdict:
    """Whether the sensor's port leads to the header's good UART, or to an adapter."""
    name, device, machine = visit.settings.sensor.port, visit.device, visit.machine
    if "://" in name:
        return say.PORT_IS_URL(port=name)
    model = _model(machine)
    if device is None:
        return _missing(model)(port=name)
    if machine.at(name).is_file() or machine.at(name).is_dir():
        return say.PORT_IS_NO_DEVICE(port=name)
    return _judge(machine, model, device)(port=name, device=device)


def _judge(machine: Machine, model: str, device: str) -> Sentence:
    if device == _DEBUG_CONNECTOR:
        return say.PORT_IS_DEBUG_CONNECTOR
    if _is_pi(model) and device == machine.device(_OF_BLUETOOTH):
        return say.PORT_IS_BLUETOOTH
    if _is_pi(model) and device == _MINI_UART:
        return say.PORT_IS_MINI_UART
    return say.PORT_RIGHT


def _missing(model: str) -> Sentence:
    return next(sentence for name, sentence in _FAMILIES.items() if model.startswith(name))


def _model(machine: Machine) -> str:
    return machine.text(_MODEL) or ""


def _is_pi(model: str) -> bool:
    return model.startswith("Raspberry Pi")
