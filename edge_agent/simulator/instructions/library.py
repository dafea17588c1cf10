"""Templates in the flash, by slot."""

from __future__ import annotations

import struct

from edge_agent.simulator.answers import OK, PACKET_ERROR, Answer
from edge_agent.simulator.instructions.scan import buffer_of
from edge_agent.simulator.module import Module

_INDEX_PAGE_SLOTS = 256
_INDEX_PAGES = 4
_BAD_SLOT = Answer(0x0B)
_BAD_TEMPLATE = Answer(0x0C)
_DELETE_FAILED = Answer(0x10)
_FLASH_ERROR = Answer(0x18)


def store(module: Module, buffer: int, slot: int) -> Answer:
    template = module.ram.templates.get(buffer_of(buffer))
    if slot >= module.model.capacity:
        return _BAD_SLOT
    if template is None:
        return _FLASH_ERROR  # assumption: no manual says what an empty buffer gives
    module.flash.store(slot, template)
    return OK


def load(module: Module, buffer: int, slot: int) -> Answer:
    if slot >= module.model.capacity:
        return _BAD_SLOT
    template = module.flash.templates.get(slot)
    if template is None:
        return _BAD_TEMPLATE
    module.ram.templates[buffer_of(buffer)] = template
    return OK


def delete(module: Module, slot: int, count: int) -> Answer:
    if slot + count > module.model.capacity:
        return _DELETE_FAILED
    module.flash.delete(range(slot, slot + count))
    return OK


def empty(module: Module) -> Answer:
    module.flash.delete(range(module.model.capacity))
    return OK


def template_count(module: Module) -> Answer:
    return Answer(0x00, struct.pack(">H", len(module.flash.templates)))


def read_index_table(module: Module, page: int) -> Answer:
    if page >= _INDEX_PAGES:
        return PACKET_ERROR
    first = page * _INDEX_PAGE_SLOTS
    bits = sum(
        1 << slot - first
        for slot in module.flash.templates
        if slot in range(first, first + _INDEX_PAGE_SLOTS)
    )
    return Answer(0x00, bits.to_bytes(_INDEX_PAGE_SLOTS // 8, "little"))
