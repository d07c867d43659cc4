"""A believable shop chain, written as messy exports and loaded as any user's files would be."""
