"""Of the sensor and its window."""

from ..findings import Sentence, State

OK, WARN = State.OK, State.WARN

SENSOR_READY = Sentence(
    OK,
    "It answers at {baud} baud on {port} (system id {system_id}, security level {level})",
)
SENSOR_LEVEL_LOW = Sentence(
    WARN,
    "It answers at {baud} baud, but its security level is {level}: it may take one worker's "
    "finger for another's",
    "set the level to 3 with the tool that lowered it",
)
SENSOR_TOLD_READY = Sentence(OK, "The daemon has it in use at {baud} baud on {port}")
SENSOR_TOLD_STARTING = Sentence(
    WARN, "The daemon is just connecting to it", "run this again in five seconds"
)
BACKED_UP = Sentence(OK, "A backup of the templates holds every print")
NOT_BACKED_UP = Sentence(
    WARN,
    "{count} prints are in no backup of the templates and would be gone with the sensor",
    "run 'edge-agent templates backup'",
)
SLOTS_FREE = Sentence(OK, "{used} of {capacity} slots are used")
SLOTS_NEARLY_FULL = Sentence(
    WARN,
    "{used} of {capacity} slots are used",
    "remove the prints of workers who have left (edge-agent prints remove), or plan a sensor with "
    "more slots",
)

GLASS_BARE = Sentence(OK, "The sensor sees nothing on it, and nobody has pressed in the last day")
GLASS_READS_WELL = Sentence(
    OK, "{poor} of the last day's {touches} touches were too poor to be read"
)
GLASS_READS_POORLY = Sentence(
    WARN,
    "{poor} of the last day's {touches} touches were too poor to be read",
    "wipe the glass; where that does not help, 'edge-agent sensor image FILE' shows what the "
    "sensor sees (your own finger), and a scratched or milky window wants another sensor",
)
GLASS_SEES_THINGS = Sentence(
    WARN,
    "The sensor sees something where no finger is, {seen} times in {looks} looks",
    "wipe the glass, shade it from sun and lamps, and run this again",
)
GLASS_TOUCHED = Sentence(
    WARN,
    "A finger is on the glass, or the print that the last one has left",
    "wipe the glass, keep off it, and run this again",
)
