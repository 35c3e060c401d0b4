"""beanstalkd's options, as util.c reads them and testserv.c and testutil.c try them."""

import pytest

from penstock.beanstalkd.options import JOB_SIZE, LARGEST_JOB, PORT, Misused, parse


def test_without_options_it_is_as_beanstalkd_is():
    options = parse([])
    assert (options.binlog, options.address, options.user) == (None, None, None)
    assert (options.port, options.job_size) == (PORT, JOB_SIZE) == (11300, 65535)
    assert options.notes == []


SAID = [
    (["-p", "1234"], "port", 1234),
    (["-p1234"], "port", 1234),
    (["-z", "1048576"], "job_size", 1_048_576),
    (["-b", "dir"], "binlog", "dir"),
    (["-bdir"], "binlog", "dir"),
    (["-l", "10.0.0.5"], "address", "10.0.0.5"),
    (["-lunix:/run/b.sock"], "address", "unix:/run/b.sock"),
    (["-u", "beanstalkd"], "user", "beanstalkd"),
    (["-f", "50"], "sync", "interval:50"),
    (["-f0"], "sync", "always"),
    (["-F"], "sync", "never"),
    (["-f", "50", "-F"], "sync", "never"),
    (["-F", "-f50"], "sync", "interval:50"),
    (["-v"], "wants_version", True),
    (["-h"], "wants_help", True),
    (["-VFVp", "99"], "port", 99),
    (["-VFVp", "99"], "sync", "never"),
]


@pytest.mark.parametrize(("words", "name", "value"), SAID)
def test_an_option_means_what_it_means_there(words, name, value):
    assert getattr(parse(words), name) == value


@pytest.mark.parametrize("words", [["-s", "8192"], ["-c"], ["-n"], ["-V"], ["-VVV"]])
def test_what_has_no_effect_is_noted_once(words):
    (note,) = parse(words).notes
    assert note.startswith(f"-{words[0][1]} has no effect: ")


def test_what_is_too_large_is_the_largest():
    options = parse(["-z", "1073741825", "-f", "999999999"])
    assert (options.job_size, options.sync) == (LARGEST_JOB, "interval:60000")
    assert len(options.notes) == 2


MISUSED = [
    (["-x"], "unknown flag: x"),
    (["--help"], "unknown flag: -"),
    (["here"], "unknown argument: here"),
    (["-p"], "flag requires an argument: -p"),
    (["-p", "11300a"], "-p 11300a: this is to be a port, a number"),
    (["-p", "70000"], "-p 70000: ports go up to 65535"),
    (["-z", "-1"], "-z -1: this is to be bytes, a number"),
    (["-z", "\u0661"], "-z \u0661: this is to be bytes, a number"),
    (["-f", ""], "-f : this is to be milliseconds, a number"),
    (["-s", "ten"], "-s ten: this is to be bytes, a number"),
]


@pytest.mark.parametrize(("words", "line"), MISUSED)
def test_what_is_no_option_is_said(words, line):
    with pytest.raises(Misused) as caught:
        parse(words)
    assert str(caught.value) == line
