"""Release: an error that was dealt with gives back what its frames hold."""

import traceback


def release(error: BaseException) -> None:
    """Clear the frames that an error, and the errors it came from, still hold.

    An HTTP library keeps errors in the frames they came through. Such a ring, with the batch that
    could not be written in it, stays until the interpreter looks for garbage, which an agent does
    seldom: each attempt in vain would cost three megabytes for minutes.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        traceback.clear_frames(each.__traceback__)
        waiting += (each.__cause__, each.__context__)
