"""What can go wrong, sorted by the only question that matters, what now."""


class SecondOrderError(Exception):
    """Any trouble we know how to answer; the message says what happened, to what, and what to do."""


class Refused(SecondOrderError):
    """The caller sent something wrong: answer 4xx, or set the row aside with this reason."""


class Retryable(SecondOrderError):
    """It will pass: try again, not before *after* seconds when the other side said so."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NeedsOwner(SecondOrderError):
    """Only the portal's owner can fix it: pause, and show them this sentence."""


class RecordGone(SecondOrderError):
    """Deleted or merged away in the CRM: forget it and go on."""
