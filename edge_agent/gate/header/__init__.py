"""The pins of a Pi's header, without a compiler on any Python: by libgpiod."""
