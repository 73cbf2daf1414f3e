"""Users, Apps, installations and tokens as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.state import iso

if TYPE_CHECKING:
    from tests.github.state import App, Installation, Token, User

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user(who: User, root: str) -> dict | None:
    """Return a simple user, or None once deleted. A bot's login ends in `[bot]`, escaped in its URLs."""
    return None if who.deleted else account(who, root)


def account(who: User, root: str) -> dict:
    """Return a simple user that is known to exist."""
    login = who.login.replace("[", "%5B").replace("]", "%5D")
    url = f"{root}/users/{login}"
    page = (
        f"{root}/apps/{who.login.removesuffix('[bot]')}" if who.type == "Bot" else f"{root}/{login}"
    )
    return {
        "login": who.login,
        "id": who.id,
        "node_id": f"{who.type[0]}_kgDO{who.id}",
        "avatar_url": f"{root}/avatars/{who.id}.svg",
        "gravatar_id": "",
        "url": url,
        "html_url": page,
        **{name: url + suffix for name, suffix in USER_LINKS.items()},
        "type": who.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def app(it: App, root: str) -> dict:
    """Return an App as others see it."""
    return {
        "id": it.id,
        "slug": it.slug,
        "node_id": f"A_kwDO{it.id}",
        "client_id": it.client_id,
        "owner": user(it.owner, root),
        "name": it.name,
        "description": it.description,
        "external_url": it.url,
        "html_url": f"{root}/apps/{it.slug}",
        "created_at": iso(it.created_at),
        "updated_at": iso(it.created_at),
        "permissions": dict(it.permissions),
        "events": list(it.events),
    }


def installation(it: Installation, root: str) -> dict:
    """Return an installation."""
    url = f"{root}/app/installations/{it.id}"
    return {
        "id": it.id,
        "account": user(it.account, root),
        "repository_selection": it.selection,
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{root}/installation/repositories",
        "html_url": f"{root}/settings/installations/{it.id}",
        "app_id": it.app.id,
        "client_id": it.app.client_id,
        "app_slug": it.app.slug,
        "target_id": it.account.id,
        "target_type": it.account.type,
        "permissions": dict(it.permissions),
        "events": list(it.app.events),
        "created_at": iso(it.created_at),
        "updated_at": iso(it.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(it.account, root) if it.suspended_at else None,
        "suspended_at": iso(it.suspended_at),
    }


def token(it: Token) -> dict:
    """Return the answer to the mint of an installation token."""
    narrowed = it.repository_ids is not None
    selection = it.installation.selection if it.installation else "selected"
    return {
        "token": it.value,
        "expires_at": iso(it.expires_at),
        "permissions": dict(it.permissions),
        "repository_selection": "selected" if narrowed else selection,
    }
