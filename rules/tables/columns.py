"""What the name and type of a column or table tell: how many values, how many rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.schema.facts import ColumnFacts
    from rules.core.schema.tables import Table

FEW_VALUES = re.compile(
    r"^(is|has|can|was|should|allow|enable|use|needs|include|show)_|(^|_)(status|state|type|kind"
    r"|enabled|disabled|active|deleted|archived|visible|public|private|mode|level|side|direction"
    r"|currency|provider|category|source|platform|language|lang|locale|role|gender|severity"
    r"|priority|flag|flags|processed|resolved|closed|open|opened|read|seen|environment|env|version"
    r"|timeframe|interval|resolution|outcome|verified|approved|confirmed|success|dry_run|pending"
    r"|sent|paid|exchange|network|chain|region|country|phase|stage|step|tier|plan|format|method"
    r"|action|operation|scope|visibility|frequency|period|color|unit|position|index|order|rank"
    r"|(type|status|state|priority|severity|category|role|kind)_id|count|number_of|retry|retries|attempt|attempts|weight|size|score|rating|amount|price)$",
    re.IGNORECASE,
)
"""Names of columns that hold a few different values, or quantities: an index tells rows poorly."""

TIME = re.compile(
    r"(_at|_on|_time|_date|_ts|_until|_from|_till)$|^(time|timestamp|date|ts|created|updated|expires"
    r"|expiry|datetime|deadline|at|day)$|timestamp|_expires|expires_",
    re.IGNORECASE,
)
"""Names of columns that hold a moment: ranges over them pick the newest of many rows."""

TELLING = re.compile(
    r"(^|_)(id|uuid|guid|hash|key|token|email|slug|address|code|username|sku|pk|fk|ref|url|tx|txid"
    r"|checksum|fingerprint|handle|phone|uid|name|symbol|pair)$|_id$|Id$|ID$",
    re.IGNORECASE,
)
"""Names of columns that tell single rows, or a few, apart."""

OWNER = re.compile(
    r"(^|_)(org|organi[sz]ation|tenant|workspace|account|project|company|team)(_id)?$"
)
"""Names of columns that say whose a row is: one owner can have most of the rows."""

_FEW_TYPES = frozenset({
    "bool", "boolean", "enum", "saenum", "sqlenum", "literal", "choicetype", "tinyint", "json",
    "jsonb", "text[]", "array",
})  # fmt: skip
_PLAIN_TYPES = frozenset({
    "", "str", "int", "string", "text", "integer", "biginteger", "bigint", "uuid", "varchar", "char",
    "guid", "unicode", "numeric", "autostring", "uuid4", "pg_uuid", "pguuid", "smallinteger", "real",
    "float", "datetime", "date", "timestamp", "utcdatetime", "bytes", "blob", "largebinary", "decimal",
    "serial", "bigserial", "double", "nvarchar", "unicodetext", "citext", "emailstr", "uuidtype",
})  # fmt: skip

SMALL_TABLES = re.compile(
    r"^((\w+[_.])?(settings?|configs?|configurations?|preferences|schema_versions?|dbversions?|migrations?"
    r"|permissions?|currenc(y|ies)|countr(y|ies)|languages?|locales?|timezones?|types?|statuses|kinds?"
    r"|severit(y|ies)|priorit(y|ies)|features?|flags?|tiers?|templates?|faqs?|zones?|banners?|menus?|units?|modes?|lookup|enums?|state|metadata|meta)"
    r"|versions?|roles?|categor(y|ies)|plans?|providers?|templates?|levels?|groups?|labels?|admins?"
    r"|super_?users?|installed_extensions|cursors?|locks?|strateg(y|ies)|sources?|exchanges?|chains?"
    r"|networks?|households?|workspaces?|organi[sz]ations?|orgs?|tenants?|compan(y|ies)|integrations?"
    r"|extensions?|modules?|plugins?|tags?|teams?|projects?)$",
    re.IGNORECASE,
)
"""Names of tables with a few rows in most projects: a scan of them costs nothing."""

_ONE_ROW = re.compile(r"check\s*\(\s*\"?\w+\"?\s*=\s*1\s*\)", re.IGNORECASE)


def has_few_values(column: ColumnFacts) -> bool:
    """Whether so many rows share a value of the column that an index on it helps little."""
    kind = column.type.lower().split("(")[0].strip()
    if kind in _FEW_TYPES or kind not in _PLAIN_TYPES:
        return True
    return any(names.search(column.name) for names in (FEW_VALUES, TIME, OWNER))


def is_for_many_rows(column: ColumnFacts) -> bool:
    """Whether a range of the column, or its order, picks a few of very many rows: a moment."""
    return bool(TIME.search(column.name))


def selectivity(column: ColumnFacts) -> int:
    """How well a column tells rows apart, as far as its name says; more is better."""
    return 2 if TELLING.search(column.name) else 1


def is_small(table: Table) -> bool:
    """Whether a table is one of those that stay small, or has one row by a check."""
    if SMALL_TABLES.search(table.label) or SMALL_TABLES.search(_snake(table.class_)):
        return True
    return any(_ONE_ROW.search(sql) for sql in table.definitions[:1])


def _snake(class_: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_.rsplit(".", 1)[-1].removesuffix("Model"))
