"""The module itself: what it says, taking it as the gate's, and what its window sees."""

from base64 import b64encode

from msgspec import structs, to_builtins

from .context import RequestContext, Result
from .requests import AdoptSensor, AskSensor, TakeImage


def ask_sensor(context: RequestContext, request: AskSensor) -> Result:
    """What the sensor says of itself, in use or not, and whether it is paired.

    ``lacking``: how many of the gate's ``prints`` have surely no template in it, for their slot is
    empty; ``of_workers``: of how many people.
    """
    info = context.connected or context.sensor.connect()
    doubt = context.pairing.check()
    told: Result = to_builtins(structs.replace(info, moved=None))
    del told["adapter"], told["moved"]  # The status tells of it.
    slots, prints = context.sensor.slots(), context.gate.known.prints
    lacking = [one.worker for one in prints if one.slot not in slots]
    told |= {"prints": len(prints), "lacking": len(lacking), "of_workers": len(set(lacking))}
    return {**told, "used": len(slots), "paired": doubt is None, "doubt": doubt}


def adopt_sensor(context: RequestContext, request: AdoptSensor) -> Result:
    """Take the sensor as it is; which prints were forgotten, for it does not hold them.

    ``replaced``: the one before, where it may still hold some.
    """
    if context.connected is None:
        context.sensor.connect()
    adopted = context.pairing.adopt(context.actor)
    replaced = None if adopted.replaced is None else adopted.replaced.told()
    return {"forgotten": to_builtins(adopted.forgotten), "replaced": replaced}


def take_image(context: RequestContext, request: TakeImage) -> Result:
    """The image of the next finger: all that ever leaves the gate of a finger unsealed.

    ``pixels``: base64, one byte each, row by row.
    """
    context.sensor_in_use()
    context.capture.picture()
    image = context.sensor.read_image()
    pixels = b64encode(image.pixels).decode()
    return {"width": image.width, "height": image.height, "pixels": pixels}
