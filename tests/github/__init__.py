"""A local GitHub: the stand-in that tests and the demo run against.

    with LocalGitHub() as github:
        app = github.apps.create(webhook_url="http://127.0.0.1:8000/webhook")
        shop = github.repositories.create("alice/shop", {"main.py": "x = 1\\n"})
        github.apps.install(app, [shop])
        github.repositories.commit(shop, "feature", {"main.py": "x = 2\\n"})
        pull = github.pulls.open(shop, "feature", title="Two")

It keeps state in memory and real bare git repositories in a temporary folder.
"""

from tests.github.local import LocalGitHub

__all__ = ["LocalGitHub"]
