"""What other services are asked."""
