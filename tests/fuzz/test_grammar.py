"""Changes that know the protocol stay within their bounds and use its words."""

from random import Random

from fuzz.grammar import (
    change_number,
    insert_line,
    insert_mark,
    mutate,
    with_dictionary,
)

SCRIPT = b"put 0 0 60 2\r\nab\r\nkick 12\r\n"


def test_a_line_is_put_where_a_line_begins():
    for seed in range(50):
        changed = insert_line(SCRIPT, Random(seed))
        added = len(changed) - len(SCRIPT)
        begins = (
            0,
            *(at + 2 for at in range(len(SCRIPT)) if SCRIPT[at:][:2] == b"\r\n"),
        )
        assert any(changed[:at] + changed[at + added :] == SCRIPT for at in begins)


def test_a_mark_is_two_bytes_of_which_the_first_is_255():
    for seed in range(50):
        changed = insert_mark(SCRIPT, Random(seed))
        assert len(changed) == len(SCRIPT) + 2
        assert changed.count(b"\xff") == 1


def test_a_number_is_replaced_as_a_whole():
    changed = {change_number(b"kick 12\r\n", Random(seed)) for seed in range(200)}
    assert b"kick 18446744073709551615\r\n" in changed
    assert all(each.startswith(b"kick ") for each in changed)


def test_the_same_seed_makes_the_same_change_and_none_is_too_long():
    for seed in range(100):
        changed = mutate(SCRIPT, 30, seed, lambda script, most: script[:most])
        assert changed == mutate(SCRIPT, 30, seed, lambda script, most: script[:most])
        assert len(changed) <= 30


def test_the_dictionary_has_the_words_of_commands():
    assert {b"reserve-with-timeout", b"kick", b"4294967296", b"\r\n"} <= set(
        with_dictionary()
    )
