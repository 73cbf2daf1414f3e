"""Who is signed in. No function commits."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import SignedIn

_RAW = {"synchronize_session": False}


async def start(
    session: AsyncSession,
    *,
    key: str,
    user_id: int,
    login: str,
    token: bytes,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember a session, and forget those that ended."""
    await session.execute(
        delete(SignedIn).where(SignedIn.expires_at <= now), execution_options=_RAW
    )
    await session.execute(
        insert(SignedIn).values(
            key=key,
            user_id=user_id,
            login=login,
            token=token,
            created_at=now,
            expires_at=expires_at,
        )
    )


async def find(session: AsyncSession, key: str, now: datetime) -> SignedIn | None:
    """The session of that key, if it has not ended."""
    return await session.scalar(
        select(SignedIn).where(SignedIn.key == key, SignedIn.expires_at > now)
    )


async def end(session: AsyncSession, key: str) -> None:
    """Forget a session."""
    await session.execute(delete(SignedIn).where(SignedIn.key == key), execution_options=_RAW)
