"""Every error a person may meet: what happened, what to do about it, and whether trying again can help.

Foreign errors are translated at the border where they arise; bugs pass through untouched.
"""

from __future__ import annotations


class VitrineError(Exception):
    """What happened, in one sentence, and the mend.

    Args:
        message: what happened.
        hint: what the person can do about it; empty where there is nothing to say.
        retryable: whether the same thing may work when tried again unchanged.
    """

    def __init__(self, message: str, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.message, self.hint, self.retryable = message, hint, retryable

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsError(VitrineError):
    """A setting, a variable or a command-line word that cannot be used."""


class GalleryError(VitrineError):
    """A folder, archive or upload that cannot become a gallery."""


class ModelError(VitrineError):
    """A model or server that cannot be used at all: the run ends here and keeps what it has."""


class StoreError(VitrineError):
    """The workspace cannot be read or written: full disk, no permission, network file system."""


class RunError(VitrineError):
    """A run that cannot go on."""


class Stopped(VitrineError):  # noqa: N818  ending is no error
    """A person, a signal or the budget stopped the run; what was paid for is kept."""

    def __init__(self, message: str = "Stopped.", hint: str = "Run it again to go on where it stopped.") -> None:
        super().__init__(message, hint, retryable=True)
