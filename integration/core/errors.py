"""Errors by what to do about them: refuse, try again, ask the owner, forget the record."""


class SecondOrderError(Exception):
    """A failure with a known answer; its message says what happened, to what, and what to do."""


class Refused(SecondOrderError):
    """The caller sent something wrong: answer 4xx, or set the row aside with this message."""


class Retryable(SecondOrderError):
    """It will pass: try again, not before *after* seconds where the other side named them.

    *is_server_fault* says that the other side failed to answer this one call; it may well answer
    others.
    """

    def __init__(
        self, message: str, *, after: float | None = None, is_server_fault: bool = False
    ) -> None:
        super().__init__(message)
        self.after = after
        self.is_server_fault = is_server_fault


class NeedsOwner(SecondOrderError):
    """Only the portal's owner can repair it: pause the portal and show them this message."""


class RecordGone(SecondOrderError):
    """The record was deleted or merged away in the CRM: forget it and go on."""
