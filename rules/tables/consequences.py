"""Names of calls by what it costs when their failure is not noticed."""

from __future__ import annotations

import re

WRITING = re.compile(
    r"^(commit|flush|bulk_save_objects|insert(_one|_many)?|update_one|update_many|delete_one|"
    r"delete_many|bulk_write|upsert|(a?create|post|place|submit|cancel)_(and_post_)?orders?|"
    r"(market_)?(buy|sell)(_order)?|transfer|withdraw|deposit|refund|charge|pay(_invoice)?|"
    r"send_transaction|send_raw_transaction|redeem|settle|save|persist|write_text|write_bytes|"
    r"executemany|session_commit|put_object|upload)$"
)
"""Something is stored, ordered or paid."""

WRITING_SQL = re.compile(r"\s*(insert|update|delete|replace|create|alter|drop)\b", re.IGNORECASE)
"""The beginning of an SQL text that changes something."""

GUARDING = re.compile(
    r"^(authenticate|authorize|check_permissions?|require_\w+|verify_(token|signature|password|jwt|"
    r"webhook|hmac|api_key|access)|check_(auth|access|token|signature|password))$"
)
"""Somebody is let in or kept out."""

CLEANING = re.compile(
    r"^(a?close\w*|disconnect|shutdown|stop\w*|terminate|kill|cancel|unlink|remove|rmtree|rmdir|"
    r"release|rollback|cleanup|clean_up|dispose|quit|detach|unsubscribe|unregister|join|wait_closed|"
    r"delete_(dir|file|folder|directory)|remove_(dir|file)s?|teardown|tear_down|__exit__|__aexit__|wait|delete_message|seek|_?cleanup_\w+|_?close_\w+|_?kill_\w+|_?stop_\w+)$",
    re.IGNORECASE,
)
"""Something that is thrown away anyway is closed or removed."""

CONVERTING = re.compile(
    r"^(int|float|str|bool|bytes|Decimal|loads|dumps|parse|fromisoformat|strptime|fromtimestamp|now|today|utcnow|"
    r"isoformat|to_datetime|to_numeric|astimezone|isna|notna|hasattr|UUID|strip|lower|upper|split|replace|get|decode|encode|\w*b64decode|literal_eval|"
    r"getattr|len|round|hex|fromhex|rstrip|lstrip|to_decimal|safe_load|urlparse|timedelta|"
    r"model_validate|model_validate_json|total_seconds|dict|list|tuple|set|type|repr|isinstance|"
    r"removesuffix|removeprefix|splitlines|strftime|timestamp|group|keys|values|items|abs|min|max|"
    r"quantize|ip_address|ip_network|signature|version|getsourcelines|getsource|getpass|getuser|"
    r"getcwd|relative_to|resolve|stat|get_type_hints|find_spec|append|add|extend|unquote|getfile|getsize|parse_isoformat|"
    r"from_\w+|parse_\w+|_?(parse|coerce|convert)_?\w*)$"
)
"""A value is read or turned into another; nothing else can fail there."""

MEASURING = re.compile(
    r"metric|telemetry|tracer|(?<!life)span|analytics|posthog|sentry|statsd|prometheus|\.labels|\.observe|"
    r"\.inc$|counter|gauge|histogram",
    re.IGNORECASE,
)
"""Something is counted, measured or traced."""

TELEMETRY = re.compile(r"(^|[/_])(telemetry|tracing|tracer|instrumentation|prometheus)([/_.]|$)")
"""Files that do nothing else than measure, by their path."""
