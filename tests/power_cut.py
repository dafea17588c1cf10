"""A power cut between two steps of a program: the rest of it never happens."""

import os
import traceback
from collections.abc import Callable


class PowerCut(BaseException):
    """Raised where the power fails, if the test's own process is to go on: nothing catches it.

    Whatever tidies up on the way out does so all the same.
    """


_DONE, _CUT, _FAILED = range(3)


def cut() -> None:
    """The power fails in this process, which ``in_time`` has made: nothing is tidied up."""
    os._exit(_CUT)


def in_time(work: Callable[[], object]) -> bool:
    """Do ``work`` in a process of its own: whether it was done before the power failed in it.

    Whatever it raises fails the test. It never gets out of that process, where the rest of the
    tests would go on a second time.
    """
    child = os.fork()
    if child == 0:
        ended = _FAILED
        try:
            work()
            ended = _DONE
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(ended)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (_DONE, _CUT), "it failed by itself: see above"
    return ended == _DONE
