"""What people think of what we said, asked for and counted."""
