"""The fingerprint sensor: frames, instructions, which module it is, whether it can be used."""
