"""Readers of cards and QR codes, and keypads: whatever types like a keyboard, at the USB."""
