"""The demonstration: a pull request on a local GitHub, reviewed while one looks on."""
