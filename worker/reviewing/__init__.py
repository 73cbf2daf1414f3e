"""One pull request taken, reviewed stage by stage, recorded and released."""
