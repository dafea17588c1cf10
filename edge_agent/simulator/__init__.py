"""A fingerprint sensor of the ZFM-20 family behind a pty, for a gate without hardware.

`serve` runs one; `running_simulator` runs one beside a test. It has its own wire codec and imports
nothing else of this project, so that it can testify against the rest.
"""

from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.errors import SimulatorError
from edge_agent.simulator.faults import FAULTS
from edge_agent.simulator.models import MODELS
from edge_agent.simulator.serving import SimulatorOptions, serve

__all__ = [
    "FAULTS",
    "MODELS",
    "Remote",
    "SimulatorError",
    "SimulatorOptions",
    "running_simulator",
    "serve",
]
