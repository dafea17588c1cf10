"""What is made of the commands' help and of the catalogues, and kept in git:

    make pages

writes the man pages and the completion of shells in ``config/share/``, and the tables of messages
and the wiring drawings in ``docs/``, anew.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
