"""Pure primitives that every app may use: refusals, ids, amounts, periods, contacts, masks."""
