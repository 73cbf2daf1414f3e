"""Rules run in a bounded child process."""
