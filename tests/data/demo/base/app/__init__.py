"""Market desk: prediction markets on one page."""
