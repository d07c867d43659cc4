"""How a sender's message id is kept: as a short hash, for ever."""

import hashlib

BODY_CONTEXT = "events_dead_letter|body"


def message_hash(message_id: str) -> bytes:
    """Hash a sender's message id to the 16 bytes that are kept for ever."""
    return hashlib.blake2b(message_id.encode(), digest_size=16).digest()
