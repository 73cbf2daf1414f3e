"""Path operations: routes, routers and the dependencies that they inherit."""
