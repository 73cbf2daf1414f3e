"""Rules about what stops, starves or outlives the event loop."""
