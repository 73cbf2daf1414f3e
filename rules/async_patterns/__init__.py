"""Rules about code that shares one event loop."""
