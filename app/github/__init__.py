"""Talking to GitHub as an App; the only place that knows githubkit."""
