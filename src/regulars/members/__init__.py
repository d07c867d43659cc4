"""Who someone is: identities, profile, tags, groups, consent, privacy requests."""
