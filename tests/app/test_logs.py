import pytest

from app.logs import LONGEST, REDACTED, cleaned


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token ghs_16C7e42F292c6912E7.abc-def is", f"token {REDACTED} is"),
        ("ghp_0123456789abcdef", REDACTED),
        ("github_pat_11ABC_def", REDACTED),
        ("Authorization: Bearer abc.def.ghi", f"Authorization: {REDACTED}"),
        ("https://x-access-token:s3cret@github.com/o/r", f"https://{REDACTED}@github.com/o/r"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", REDACTED),
        ("a\nb\x1b[31mc\u202e", "a\ufffdb\ufffd[31mc\ufffd"),
        ("nothing special: café", "nothing special: café"),
    ],
)
def test_texts_are_redacted_and_without_control_characters(text: str, shown: str):
    assert cleaned(text) == shown


def test_secrets_are_redacted_by_their_key_at_any_depth():
    event = {"headers": {"authorization": "x", "accept": "y"}, "list": [{"webhook_secret": "z"}]}

    assert cleaned(event) == {
        "headers": {"authorization": REDACTED, "accept": "y"},
        "list": [{"webhook_secret": REDACTED}],
    }


def test_a_traceback_keeps_its_lines_and_a_text_without_end_is_cut():
    assert cleaned("one\ntwo\x07", key="exception") == "one\ntwo\ufffd"
    assert cleaned("a" * (LONGEST + 5)) == "a" * LONGEST + "…"
