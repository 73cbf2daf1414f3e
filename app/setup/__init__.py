"""Set-up in the browser: from a link in the terminal to an App whose credentials are kept here."""
