"""Tests for a real sensor and real lamps, which ask the person beside them to help. See README.md.

make hw-test PORT=/dev/serial0
"""
