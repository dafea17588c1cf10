"""The sensor's flash memory: templates, notepad and parameters, kept in a file where one is given.

A file holds one digest line and one JSON line. It is replaced whole at each write (temporary file,
fsync, rename), so a process that is killed leaves the state before or after the write. What a
power cut does to a real module's flash is modelled on top of that: see `cut_power`.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .paths import SimulatorError

NOTEPAD_PAGES = 16
NOTEPAD_PAGE_BYTES = 32
_FORMAT = "edge-agent simulator flash 1"


class PowerCut(Exception):
    """The power failed in the middle of a flash write."""


@dataclass(frozen=True)
class Parameters:
    """What SetSysPara, SetPwd and SetAddr change; the defaults are the makers'."""

    baud_multiplier: int = 6
    security_level: int = 3
    packet_size_code: int = 2
    password: int = 0
    address: int = 0xFFFFFFFF


class Flash:
    """The memory of one module. Every change is on disk when the method returns.

    Every method that changes something may raise `PowerCut` (the module restarts, the change is
    half done) and `SimulatorError` (the file cannot be written).
    """

    def __init__(self, model: str, path: Path | None = None) -> None:
        self.templates: dict[int, bytes] = {}
        self.notepad: dict[int, bytes] = {}
        self.parameters = Parameters()
        self._model = model
        self._path = path
        self._cuts = 0

    @classmethod
    def open(cls, model: str, path: Path | None) -> Flash:
        """The flash kept at `path`, or an empty one where there is no such file or no path.

        Raises:
            SimulatorError: the file is damaged, unreadable, or of another model's flash.
        """
        flash = cls(model, path)
        if path is None or not path.exists():
            return flash
        try:
            flash._load(path.read_bytes())
        except OSError as error:
            raise SimulatorError(
                f"cannot read the flash file {path} ({error.strerror}); choose another"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise SimulatorError(
                f"the flash file {path} is damaged; move it away to start with an empty sensor"
            ) from error
        return flash

    def cut_power(self, count: int) -> None:
        """Let the power fail in the middle of each of the next `count` writes."""
        self._cuts += count

    def store(self, slot: int, template: bytes) -> None:
        """Write one template."""
        self._write(self.templates, {slot: template})

    def delete(self, slots: range) -> None:
        """Delete the templates in the slots; empty ones are none of them."""
        self._write(self.templates, {slot: None for slot in slots if slot in self.templates})

    def wear_out(self, slot: int) -> bool:
        """Let some cells of a template lose their charge; False where the slot is empty."""
        template = self.templates.get(slot)
        if template is None:
            return False
        worn = bytearray(template)
        worn[len(worn) // 2 :: 37] = bytes(byte | 0x11 for byte in worn[len(worn) // 2 :: 37])
        worn[-1] ^= 0x80  # at least this one
        self.templates[slot] = bytes(worn)
        self._save()
        return True

    def exchange(self, one: int, other: int) -> bool:
        """Have two templates change places; False where one of the slots is empty."""
        held = self.templates
        if one not in held or other not in held:
            return False
        held[one], held[other] = held[other], held[one]
        self._save()
        return True

    def write_page(self, page: int, data: bytes) -> None:
        """Write one page of the notepad."""
        self._write(self.notepad, {page: data})

    def set(self, **changes: int) -> None:
        """Change parameters. A cut leaves the old ones: assumed kept in two copies."""
        if self._cut():
            raise PowerCut
        self.parameters = replace(self.parameters, **changes)
        self._save()

    def _write(self, memory: dict[int, bytes], changes: dict[int, bytes | None]) -> None:
        cut_after = len(changes) // 2 if self._cut() else None
        for done, (key, data) in enumerate(changes.items()):
            if done == cut_after and data is not None:
                # The first half was programmed; the rest is as the erase left it.
                data = data[: len(data) // 2].ljust(len(data), b"\xff")
            elif done == cut_after:
                break
            if data is None:
                del memory[key]
            else:
                memory[key] = data
        self._save()
        if cut_after is not None:
            raise PowerCut

    def _cut(self) -> bool:
        if not self._cuts:
            return False
        self._cuts -= 1
        return True

    def _load(self, content: bytes) -> None:
        digest, _, body = content.partition(b"\n")
        if digest.decode("ascii") != _digest(body):
            raise ValueError("the digest does not fit the content")
        state: dict[str, Any] = json.loads(body)
        if state["format"] != _FORMAT:
            raise ValueError("another format")
        if state["model"] != self._model:
            raise SimulatorError(
                f"the flash file {self._path} is that of model {state['model']}, not of"
                f" {self._model}; choose that model or another file"
            )
        self.templates = {int(key): bytes.fromhex(data) for key, data in state["templates"].items()}
        self.notepad = {int(key): bytes.fromhex(data) for key, data in state["notepad"].items()}
        self.parameters = Parameters(**state["parameters"])

    def _save(self) -> None:
        if self._path is None:
            return
        state = {
            "format": _FORMAT,
            "model": self._model,
            "templates": {key: data.hex() for key, data in self.templates.items()},
            "notepad": {key: data.hex() for key, data in self.notepad.items()},
            "parameters": asdict(self.parameters),
        }
        body = json.dumps(state).encode()
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            with temporary.open("wb") as file:
                file.write(_digest(body).encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise SimulatorError(
                f"cannot write the flash file {self._path} ({error.strerror});"
                " make room or choose another place"
            ) from error


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
