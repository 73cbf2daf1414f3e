"""Whose word counts when several places configure the same repository."""

from __future__ import annotations

import pytest

from rules.core.config import Config
from rules.core.configuration.layers import (
    Above,
    Layered,
    PolicyError,
    organisation_layer,
    policy_layer,
    repository_layer,
)


def _layered(repository: str, organisation: str = "", policy: str = "") -> Layered:
    own = repository_layer({".github/backend-expert.toml": repository.encode()}.get, "b" * 40)
    above = Above(policy_layer(policy), organisation_layer("`o/.github`", organisation, "a" * 40))
    return Layered(own, above)


def test_the_operator_counts_more_than_the_repository_and_that_more_than_the_organisation():
    layers = _layered(
        'fail-on = "never"\ndrafts = true',
        'fail-on = "suggestion"\ndrafts = false\nbots = false',
        'fail-on = "warning"',
    )

    assert layers.config == Config(fail_on="warning", drafts=True, bots=False)
    sources = {key: layers.deciding(key).source for key in ("fail-on", "drafts", "bots", "tests")}
    assert sources == {
        "fail-on": "operator policy",
        "drafts": ".github/backend-expert.toml",
        "bots": "`o/.github`",
        "tests": "default",
    }
    (note,) = layers.notes
    assert note.startswith("`fail-on` is decided by the operator of this service; what `.github/")


def test_a_locked_key_is_set_by_no_repository():
    layers = _layered('ignore = ["SEC"]', "", 'locked = ["ignore", "per_path_ignores"]')

    assert layers.config == Config()
    assert [note.split(" is")[0] for note in layers.notes] == ["`ignore`"]


def test_an_organisation_may_set_what_is_locked_for_its_repositories():
    layers = _layered("summary = 'off'", "summary = 'findings'", 'locked = ["summary"]')

    assert layers.config == Config(summary="findings")


def test_to_say_the_same_as_the_operator_is_worth_no_word():
    assert _layered("drafts = true", "", "drafts = true").notes == ()


def test_what_is_wrong_in_the_defaults_of_an_organisation_is_told():
    layers = _layered("", "drfts = true\nbots = 1")

    assert layers.config == Config()
    assert layers.notes == (
        "In the defaults of `o/.github`: `drfts` is not a setting (did you mean `drafts`?).",
        "In the defaults of `o/.github`: `bots` should be true or false; the default is used.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail-on =", "is not valid TOML"),
        ('fail-on = "crit"', "`fail-on` should be one of critical"),
        ("fale-on = 1", "did you mean `fail-on`?"),
        ('locked = "fail-on"', "`locked` should be a list of keys."),
        ('locked = ["fale-on", 3]', "`locked` names `fale-on`, which is not a setting. `locked` n"),
        ("#" * 70_000, "is larger than 64 KB"),
    ],
)
def test_a_policy_that_is_wrong_is_refused(text: str, said: str):
    with pytest.raises(PolicyError) as caught:
        policy_layer(text)
    assert said in str(caught.value)


def test_a_baseline_lies_inside_the_repository():
    _, notes = Config.from_toml("baseline = '../x.json'", "backend-expert.toml")

    assert notes == ("`baseline` should be a path inside the repository; the default is used.",)
