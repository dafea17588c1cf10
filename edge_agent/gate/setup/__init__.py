"""A machine made a gate by a file on its card, which nobody but a phone or a PC has written."""
