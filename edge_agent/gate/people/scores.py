"""How good a score of the sensor's is. Its manual gives none: real fingers were seen to score 60 to
275 (simulator.fingers), and one that stays at the low end is refused on every dry morning.
"""

GOOD, FAIR = 100, 60
"""From these scores on."""


def quality_of(score: int) -> str:
    """``good``, ``fair`` or ``weak``."""
    return "good" if score >= GOOD else "fair" if score >= FAIR else "weak"
