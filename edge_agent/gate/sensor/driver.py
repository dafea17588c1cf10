"""pyfingerprint, without the image library that it imports for one method.

Pillow is 2 MiB of a Pi Zero's memory, and nothing here downloads an image by pyfingerprint. It is
loaded as soon as somebody uses it: ``edge-agent sensor image`` does.
"""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

import PIL


def _load_when_used(name: str) -> None:
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    loader = spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    loader.exec_module(module)
    # Else the import system itself looks into the module, which would load it.
    vars(PIL)["Image"] = module


_load_when_used("PIL.Image")

from pyfingerprint.pyfingerprint import PyFingerprint  # noqa: E402

__all__ = ["PyFingerprint"]
