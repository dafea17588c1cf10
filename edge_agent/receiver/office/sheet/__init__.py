"""A period as the sheet that workers, foreman and director sign.

``roll`` is what was worked and excused, gathered from the database by ``gather``; ``reckon`` says
what a day counts for; each form draws it; ``write`` puts them into one file.
"""
