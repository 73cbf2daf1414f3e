import pytest

from worker.events.grammar import Words, first_command


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("/recheck", Words("recheck", "")),
        ("  /recheck  ", Words("recheck", "")),
        ("/Recheck Full\n\nbecause I pushed", Words("recheck", "Full")),
        ("\r\n/recheck\tfull\r\n", Words("recheck", "full")),
        ("/dismiss  BE-12   it is   a test", Words("dismiss", "BE-12 it is a test")),
        ("> they said\n> /fix\n\n/help", Words("help", "")),
        ("```\n/fix\n```\n/help", Words("help", "")),
        ("~~~~ text\n/fix\n~~~\n/fix\n~~~~\n/help", Words("help", "")),
        ("    /fix\n/help", Words("help", "")),
    ],
)
def test_a_comment_that_starts_with_a_command_gives_it(body: str, words: Words):
    assert first_command(body) == words


@pytest.mark.parametrize(
    "body",
    [
        "",
        "please /recheck",
        "Thanks!\n/recheck",
        "> /recheck",
        "> quoted\n/recheck",
        "`/recheck`",
        "```\n/recheck",
        "```\n/recheck\n```",
        "````\n```\n/recheck\n````",
        "    /recheck",
        "\t/recheck",
        "//recheck",
        "/re-check",
        "/recheck/full",
        "/ recheck",
        "- /recheck",
        "/dismiss " + "x" * 600,
        "/usr/bin/python",
    ],
)
def test_a_comment_that_starts_with_anything_else_gives_none(body: str):
    assert first_command(body) is None
