"""What people do on GitHub, for tests and the demo to do in their place."""
