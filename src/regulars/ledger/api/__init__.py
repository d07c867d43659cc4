"""Points over HTTP: what a member holds, and one movement at a time.

Every write carries an Idempotency-Key. Transfers and holds are named by their callers, or by the
key where they are not; either way the name counts for ever.
"""

from regulars.ledger.api import holding, moving, reading
from regulars.ledger.api.calling import router

__all__ = ["holding", "moving", "reading", "router"]
