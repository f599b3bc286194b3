"""PackML machine states and their numbers (ANSI/ISA-TR88.00.02, OPC 30050)."""

from enum import IntEnum


class PackMLState(IntEnum):
    """State of a machine; the number is what a tag of role ``state`` carries."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETE = 17

    @property
    def word(self) -> str:
        """The state's name as the standard writes it, such as ``Execute``."""
        return self.name.capitalize()
