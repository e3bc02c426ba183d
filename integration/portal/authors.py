"""Authors: what to call whoever did something, as it is stored with their deed."""

_KNOWN = {"": "somebody who was erased", "second-order": "Second Order"}


def in_words(author: str) -> str:
    """Return what people read for a stored author; of HubSpot's users only numbers are kept."""
    if author.startswith("user:"):
        return "a HubSpot user"
    return _KNOWN.get(author, author)
