"""Plumbing under every app: clock, permissions, idempotency, jobs, crypto, pages, problems."""
