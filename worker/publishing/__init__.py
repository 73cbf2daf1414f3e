"""A review becomes comments, a summary and a check run on GitHub, whatever stands there already."""
