"""Where values come from and where they become dangerous."""
