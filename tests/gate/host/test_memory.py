"""What a process holds of memory, and gives back."""

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from edge_agent.gate.host import memory

FREES = """
import re
from edge_agent.gate.host.memory import give_back, share_one_heap

share_one_heap()

def resident():
    return int(re.findall(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[0])

held = [bytes(4000) for _ in range(10_000)]
held.append(held)
last = bytes(4000)  # Above them: by itself the C library gives back only what is at the top.
del held
before = resident()
give_back()
print(before - resident())
"""


def test_what_a_start_has_used_goes_back_to_the_system() -> None:
    told = subprocess.run([sys.executable, "-c", FREES], capture_output=True, check=True).stdout
    assert int(told) > 30_000


def test_another_c_library_is_no_reason_not_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace())
    memory.share_one_heap()
    memory.give_back()
