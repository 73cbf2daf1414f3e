"""Rules about who can read, change or take over what."""
