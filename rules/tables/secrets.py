"""What secrets look like, and which names hold them."""

from __future__ import annotations

import re

KNOWN = {
    "AWS access key": (
        ("AKIA", "ASIA"),
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    ),
    "GitHub token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
    ),
    "GitLab token": (
        ("glpat-",),
        r"\bglpat-[A-Za-z0-9_-]{20,}",
    ),
    "OpenAI key": (
        ("sk-",),
        r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}|\bsk-(?:proj-[A-Za-z0-9_-]{40,}|[A-Za-z0-9]{48})\b",
    ),
    "Anthropic key": (
        ("sk-ant-",),
        r"\bsk-ant-[A-Za-z0-9_-]{40,}",
    ),
    "Stripe key": (
        ("sk_live_", "rk_live_", "whsec_"),
        r"\b(?:sk|rk)_live_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/]{24,}",
    ),
    "Slack token": (
        ("xox", "hooks.slack.com"),
        r"\bxox[abprs]-[A-Za-z0-9-]{20,}|hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
    ),
    "Google API key": (
        ("AIza",),
        r"\bAIza[0-9A-Za-z_-]{35}\b",
    ),
    "SendGrid key": (
        ("SG.",),
        r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{30,}",
    ),
    "npm token": (
        ("npm_",),
        r"\bnpm_[A-Za-z0-9]{36}\b",
    ),
    "PyPI token": (
        ("pypi-AgE",),
        r"\bpypi-AgE[A-Za-z0-9_-]{50,}",
    ),
    "Hugging Face token": (
        ("hf_",),
        r"\bhf_[A-Za-z0-9]{32,}\b",
    ),
    "Groq key": (
        ("gsk_",),
        r"\bgsk_[A-Za-z0-9]{48,}\b",
    ),
    "DigitalOcean token": (
        ("doo_v1_", "dop_v1_", "dor_v1_"),
        r"\bdo[opr]_v1_[a-f0-9]{64}\b",
    ),
    "Telegram bot token": (
        (":AA",),
        r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    "Discord bot token": (
        ("iscord",),
        r"\b[MNO][A-Za-z\d_-]{23,25}\.[\w-]{6}\.[\w-]{27,}\b",
    ),
    "Twilio key": (
        ("wilio",),
        r"\bSK[0-9a-f]{32}\b",
    ),
    "Mailgun key": (
        ("ailgun",),
        r"\bkey-[0-9a-f]{32}\b",
    ),
    "signed JSON web token": (
        ("eyJ",),
        r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    ),
    "private key": (
        ("PRIVATE KEY-----",),
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\\n|\s)+[A-Za-z0-9+/=]{20,}",
    ),
    "password in an address": (
        ("postgres", "mysql", "mongodb", "redis:", "amqp"),
        r"\b(?:postgres(?:ql)?|mysql|mongodb|redis|amqp)(?:\+\w+)?://[^\s:/@{}$<]+:(?![\s{$<*@])[^\s@{}$<]{8,}@(?!localhost|127\.|db\b|postgres\b|host\b|mysql\b|redis\b|0\.0)[\w.-]+\.[a-z]{2,}",
    ),
}
"""Kind of secret to marks, of which any text with one has one, and the pattern itself."""

SECRET_NAME = re.compile(
    r"(secret|passw(or)?d|passwd|\bpwd\b|pass_?phrase|api_?key|apikey|auth_?key|access_?key|priv(ate)?_?key"
    r"|signing_?key|encryption_?key|secret_?key|(^|_)pk$|token|mnemonic|seed_?phrase|bearer|credential"
    r"|webhook_?key|macaroon|admin_?key|jwt)",
    re.IGNORECASE,
)
"""Names whose values are worth a look."""

NOT_SECRET_NAME = re.compile(
    r"(hash|digest|checksum|address|contract|_ids?$|^id$|url|uri|path|file|header|field|param|regex|pattern"
    r"|prefix|suffix|label|_env|env_|name|topic|token_?id|condition|type|public|pub_?key|kind|count|limit"
    r"|length|max_|min_|num_|tokeniz|tokenis|column|table|scope|endpoint|route|algorithm|placeholder"
    r"|description|help|title|message|error|format|mask|symbol|version|stop_token|special|pad_token"
    r"|eos|bos|unk|separator|delimiter|example|cache_key|sort_key|primary|foreign|event|text|template|prompt"
    r"|mixpanel|posthog|amplitude|segment|analytics|sentry|publishable|site_?key)",
    re.IGNORECASE,
)
"""Names that talk about secrets without holding one."""

PLACEHOLDER = re.compile(
    r"(your|change|example|placeholder|dummy|fake|sample|replace|insert|todo|fixme|xxx|\*\*\*|\.\.\.|<|>|\$\{|\{\{"
    r"|\{[a-z_]*\}|%\(|%s|test|mock|demo|default|not[-_ ]?set|none|null|redacted|secret[-_]?key|my[-_]|foo|bar"
    r"|abc123|123456|deadbeef|0{8}|1{8}|f{8}|localhost|password|insecure|development|dev[-_]|local)",
    re.IGNORECASE,
)
"""Values that nobody means seriously."""
