"""A fingerprint sensor of the ZFM-20 family behind a pty, for a gate without hardware.

`serve` runs one; `running_simulator` runs one beside a test. It has its own wire codec and imports
nothing else of this project, so that it can testify against the rest.
"""

from .background import Remote, running_simulator
from .faults import FAULTS
from .module import MODELS
from .paths import SimulatorError
from .serving import SimulatorOptions, serve

__all__ = [
    "FAULTS",
    "MODELS",
    "Remote",
    "SimulatorError",
    "SimulatorOptions",
    "running_simulator",
    "serve",
]
