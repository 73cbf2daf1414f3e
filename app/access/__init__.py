"""Who may see what: sign-in through GitHub, sessions, and what GitHub lets a person read."""
