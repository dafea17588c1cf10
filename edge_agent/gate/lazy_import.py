"""Libraries of libraries that a gate hardly uses: loaded once somebody does, not at each start."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any


def load_when_used(name: str) -> None:
    """Let the module ``name`` be imported in name only, until somebody looks into it.

    Without effect where it is loaded, or not installed.
    """
    spec = find_spec(name)
    if name in sys.modules or spec is None:
        return
    module = sys.modules[name] = module_from_spec(spec)
    module.__class__ = _Unloaded
    package, _, leaf = name.rpartition(".")
    if package:
        vars(import_module(package))[leaf] = module


class _Unloaded(ModuleType):
    """importlib has a LazyLoader, but to that ``import x.y`` is use: it asks for ``__spec__``."""

    def __getattr__(self, name: str) -> Any:
        with _loading:  # Of several threads, one loads it.
            spec = self.__spec__
            if spec is not None and spec.loader is not None and spec not in _begun:
                _begun.append(spec)
                spec.loader.exec_module(self)
        return ModuleType.__getattribute__(self, name)


_loading = RLock()

_begun: list[ModuleSpec] = []
"""What is being loaded, or is loaded: modules that it imports may look into it meanwhile."""
