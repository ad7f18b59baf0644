"""The one wait: until it is done, or its deadline."""

import time

import pytest

from provisioning_assets.core.settle import settle


def answers(*given):
    left = list(given)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_the_first_answer_that_is_done_ends_the_wait():
    assert settle(answers(1, 2, 3, 4), done=lambda answer: answer == 3, within=5, every=0.001) == 3


def test_an_answer_that_is_done_at_once_waits_for_nothing():
    began = time.monotonic()
    assert settle(answers("there"), done=bool, within=60, every=30) == "there"
    assert time.monotonic() - began < 5


def test_at_the_deadline_the_last_answer_is_given_as_it_is():
    began = time.monotonic()
    assert settle(answers(1, 2, 0), done=lambda _answer: False, within=1, every=0.01) == 0
    assert time.monotonic() - began < 5


def test_the_last_look_is_at_the_deadline_however_seldom_it_looks():
    began, looked = time.monotonic(), []
    settle(lambda: looked.append(time.monotonic() - began), done=bool, within=0.1, every=30)
    assert len(looked) == 2
    assert 0.1 <= looked[1] < 5


def test_what_the_look_raises_passes_at_once():
    def broken():
        raise LookupError

    with pytest.raises(LookupError):
        settle(broken, done=bool, within=60, every=30)


def test_nothing_is_an_answer_too():
    assert settle(answers(None), done=lambda answer: answer is None, within=60, every=30) is None
