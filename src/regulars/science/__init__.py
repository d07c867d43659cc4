"""Pure numerics: arrays in, frozen answers out, every method with its paper."""
