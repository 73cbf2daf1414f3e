"""What people read of a review on GitHub."""
