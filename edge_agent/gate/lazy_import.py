"""Libraries of libraries that a gate hardly uses: loaded once somebody does, not at each start."""

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec


def load_when_used(name: str) -> None:
    """Let the submodule ``name`` be imported in name only, until somebody looks into it.

    Without effect where it is loaded, or not installed.
    """
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    loader = spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    loader.exec_module(module)
    # Else the import system itself looks into the module, which would load it.
    package, _, leaf = name.rpartition(".")
    vars(import_module(package))[leaf] = module
