"""Names of things that must not be shown, guessed or written down."""

from __future__ import annotations

import ast
import re

_SECRET = re.compile(
    r"(passw(or)?d|passwd|passphrase|pass_phrase|secret|api_?key|apikey|auth_?key|access_?key|private_?key"
    r"|priv_?key|signing_?key|encryption_?key|admin_?key|invoice_?key|inkey|wallet_?key|bearer|authorization"
    r"|mnemonic|seed_?phrase|credential|macaroon|preimage|signature|(^|_)sig$|hmac|otp|csrf|xsrf"
    r"|(access|auth|refresh|session|bot|id|api|reset|verification|jwt|ws|csrf|bearer|user|admin|webhook|invite"
    r"|internal|service|static|oauth|login|github|slack|discord|telegram|hf)_?tokens?$|(^|_)jwt$|^_?token$"
    r"|cookies?$|(^|_)pk$|(admin|auth|basic|dashboard|db|http|login|mail|redis|smtp|user)_?(pass|pwd)$|passcode|pin_?code|verification_?code|hexdigest|(^|_)mac$)",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(^_?env_|_origins?$|_ids?$|_name$|_names$|_type$|_types$|_count$|_url$|_uri$|_path$|_file$|_filename$|_field$|_param$|_header$"
    r"|_key_(id|name|type|hash_id|prefix|env|label)|_length$|_len$|_env$|_var$|_expires?(_\w+)?$|_expiry$|_ttl$"
    r"|_version$|_address$|_arn$|_ref$|_manager$|_store$|_provider$|_service$|_required$|_enabled$|_valid$"
    r"|_policy$|_error$|_status$|_exists$|_present$|_configured$|_set$|_missing$|_ok$|_source$|_index$|_model$"
    r"|_placeholder$|_endpoint$|_url$|_mode$|_kind$|_from$|_until$|_dir$|_folder$|_fields?$|_safety|_reason$|_flags?$|_kwargs?$|_candidates$|_parameter_id$|_title$|_description$|_format$|_state$|_result$|_response$|_event$|_id_|_created(_at)?$|_at$|_updated$|_scheme$|_class$|_prefix$|_usage$|_limit$|_symbol$|_price"
    r"|^(has|is|needs|no|use|must|may|can|could|did|was|will|force|deleted|removed|revoked|expired|purged|missing|max|min|num|total|n|count|with|require|requires|allow|enable|should|check"
    r"|validate|verify|get|set|update|delete|create|generate|hash|reset_password|forgot|list)_"
    r"|public_?key|pub_?key|token_?id|credential_?key|tokenizer|tokens_?(used|per|in|out|count)|tokenize|max_tokens|prompt"
    r"|completion|next_token|page_?token|continuation|sync_?token|unk_|eos_|bos_|pad_|cancel|cookie_?(jar|name)"
    r"|wallet_token|outcome|market|yes_token|no_token|function_signature|_signatures?_count|type_signature)",
    re.IGNORECASE,
)


_TAIL = re.compile(
    r"(s|_?(value|key|keys|token|text|plain|raw|str|string|b64|hex|bytes|hash|hashed|plaintext|code|phrase|\d+))*",
    re.IGNORECASE,
)
"""What may stand behind a secret's word in a name: `secret_value` is one, `secret_handling` not."""
_PUBLIC = re.compile(
    r"(signature|(^|_)sig$|hmac|hexdigest|(^|_)mac$|_hash(ed)?$|^hash(ed)?_)", re.IGNORECASE
)


def is_secret_name(name: str) -> bool:
    """Whether a name says that its value is a secret, and not something about one."""
    if _NOT_SECRET.search(name):
        return False
    return any(_TAIL.fullmatch(name[found.end() :]) for found in _SECRET.finditer(name))


def is_loggable(name: str) -> bool:
    """Whether a name that sounds secret may be logged all the same: hashes and signatures may."""
    return bool(_PUBLIC.search(name))


def last_name(node: ast.expr) -> str:
    """The word by which an expression is known: `settings.api_key`, `headers["X-Token"]`, `f()`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key.replace("-", "_")
        case ast.Call(
            func=ast.Attribute(value=owner, attr="get" | "pop" | "getenv"),
            args=[ast.Constant(value=str(key)), *_],
        ):
            return key.replace("-", "_") or last_name(owner)
        case ast.Call(
            func=ast.Name(id="str" | "bytes" | "getattr") as function, args=[inner, *rest]
        ):
            if function.id == "getattr" and rest and isinstance(rest[0], ast.Constant):
                return str(rest[0].value)
            return last_name(inner)
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _SAME:
            return last_name(owner)
        case ast.Call(func=function):
            return last_name(function)
        case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Subscript(value=value):
            return last_name(value)
        case ast.BoolOp(values=[first, *_]):
            return last_name(first)
        case _:
            return ""


_SAME = {
    "encode",
    "decode",
    "strip",
    "lower",
    "upper",
    "get_secret_value",
    "hex",
    "removeprefix",
    "split",
}
"""Methods whose result goes by the name of their owner."""
