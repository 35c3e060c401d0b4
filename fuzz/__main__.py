"""Fuzz one target, with the plain modules instrumented.

python -m fuzz wire [--plant NAME] [--corpus FOLDER] [libFuzzer's arguments]
"""

import sys
import tempfile
from collections.abc import Callable
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path

import atheris

from fuzz.grammar import mutate, with_dictionary
from tests.variants import SOURCE

PACKAGE = str(SOURCE / "penstock")
CORPUS = Path(__file__).parent / "corpus"
LONGEST = "600"  # bytes of a script


def prefer_plain() -> None:
    """Let even the fuzzer's own finder see only the source of the server."""
    plain = FileFinder.path_hook((SourceFileLoader, SOURCE_SUFFIXES))

    def hook(path: str) -> object:
        if not path.startswith(PACKAGE):
            raise ImportError(path)
        return plain(path)

    sys.path_hooks.insert(0, hook)  # type: ignore[arg-type]
    sys.path_importer_cache.clear()


def option(arguments: list[str], name: str) -> str | None:
    """Take an option and its value out of the arguments."""
    if name not in arguments:
        return None
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


def write_dictionary() -> str:
    """A file in the form that libFuzzer reads."""
    lines = (
        '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'
        for word in with_dictionary()
    )
    with tempfile.NamedTemporaryFile("w", suffix=".dict", delete=False) as file:
        file.writelines(lines)
    return file.name


def inputs(name: str, corpus: str | None, *, bare: bool) -> list[str]:
    """The folders to begin with. What is found goes to the first; a planted bug must
    be found from nothing."""
    first = corpus or tempfile.mkdtemp(prefix="fuzz-")
    return [first] if bare else [first, str(CORPUS / name)]


def grammatical(data: bytes, most: int, seed: int) -> bytes:
    default: Callable[[bytes, int], bytes] = atheris.Mutate
    return mutate(data, most, seed, default)


def main(arguments: list[str]) -> None:
    name, *rest = arguments
    plant, corpus = option(rest, "--plant"), option(rest, "--corpus")
    prefer_plain()
    with atheris.instrument_imports(include=["penstock.core"]):
        from fuzz.targets import TARGETS  # noqa: PLC0415  (instrumented from here on)
    if plant is not None:
        from fuzz.planted import PLANTED  # noqa: PLC0415

        PLANTED[plant]()
    files = [each for each in rest if Path(each).is_file()]  # to be run once again
    folders = [] if files else inputs(name, corpus, bare=plant is not None)
    flags = [f"-max_len={LONGEST}", f"-dict={write_dictionary()}"]
    argv = [sys.argv[0], *flags, *rest, *folders]
    custom = {} if name == "replay" else {"custom_mutator": grammatical}
    atheris.Setup(argv, TARGETS[name], **custom)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
