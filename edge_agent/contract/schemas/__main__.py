"""``make contract``: write the files anew."""

from .files import FOLDER, write

write(FOLDER)
