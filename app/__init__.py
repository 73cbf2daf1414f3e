"""What the outside talks to, and what is remembered."""
