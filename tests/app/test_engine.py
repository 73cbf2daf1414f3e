from pathlib import Path

from sqlalchemy import text

from app.db.engine import Database


async def test_a_connection_that_is_closed_in_its_transaction_keeps_no_lock(tmp_path: Path):
    """As that of a cancelled task is, whose statement lives on in a traceback."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    cancelled, other = Database(url), Database(url)
    async with other.write() as session:
        await session.execute(text("CREATE TABLE visits (number INTEGER)"))

    connection = await cancelled.engine.connect()
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.execute("BEGIN IMMEDIATE")
    statement = await driver.execute("INSERT INTO visits VALUES (1) RETURNING number")
    await driver.close()
    async with other.write() as session:
        await session.execute(text("INSERT INTO visits VALUES (2)"))

    async with other.read() as session:
        assert (await session.scalars(text("SELECT number FROM visits"))).all() == [2]
    del statement
    await connection.invalidate()
    await connection.close()
    await cancelled.close()
    await other.close()
