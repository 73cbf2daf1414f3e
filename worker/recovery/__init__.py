"""Finding what GitHub could not deliver, and what nobody told of."""
