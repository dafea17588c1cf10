"""Where in the sensor's library a new template may go."""

from collections.abc import Iterable

from ...domain.errors import BadRequest


def free_slots(taken: Iterable[int], owned: Iterable[int], capacity: int, count: int) -> list[int]:
    """Empty slots; failing these, ones whose template belongs to nobody.

    Raises BadRequest where there are not ``count`` of them.
    """
    owned = set(owned)
    used = owned.union(taken)
    empty = [slot for slot in range(capacity) if slot not in used]
    unowned = [slot for slot in range(capacity) if slot in used - owned]
    if len(free := empty + unowned) < count:
        raise BadRequest(
            f"The sensor is full ({capacity} prints): remove prints of workers who have left with "
            "'prints remove', or use a sensor with a larger library."
        )
    return free[:count]
