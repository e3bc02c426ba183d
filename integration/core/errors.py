"""Errors by what to do about them: refuse, try again, ask the owner, forget the record."""


class SecondOrderError(Exception):
    """A failure with a known answer; its message says what happened, to what, and what to do."""


class Refused(SecondOrderError):
    """The caller sent something wrong: answer 4xx, or set the row aside with this message."""


class Retryable(SecondOrderError):
    """It will pass: try again, not before *after* seconds where the other side named them."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NeedsOwner(SecondOrderError):
    """Only the portal's owner can repair it: pause the portal and show them this message."""


class RecordGone(SecondOrderError):
    """The record was deleted or merged away in the CRM: forget it and go on."""
