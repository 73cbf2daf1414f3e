"""The engine that runs the rules, with no input or output of its own."""
