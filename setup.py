"""Compile what has C types beside it: each module.py that has a module.pxd."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCE = Path("src")
# Generated C goes here and never beside its source.
GENERATED = "build/cython"

DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": True,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "nonecheck": False,
    "embedsignature": False,
    "freethreading_compatible": True,
    "auto_pickle": False,  # nobody pickles a queue
    # What follows `if cython.compiled: return ...` is the plain form, on purpose.
    "warn.unreachable": False,
}

COMPILE_FLAGS = [
    "-O2",
    "-Wall",
    "-Wextra",
    # What Cython generates by design, for every module alike:
    "-Wno-unused-parameter",  # self and kwargs of methods that use neither
    "-Wno-missing-field-initializers",  # type tables filled as far as needed
    "-Wno-cast-function-type",  # method tables cast every function to one type
    "-Wno-unused-function",  # converters written out whether called or not
    "-fstack-protector-strong",
    "-U_FORTIFY_SOURCE",  # some distributions set another level first
    "-D_FORTIFY_SOURCE=2",
]
LINK_FLAGS = ["-Wl,-z,relro,-z,now"]

INSTALL_LINES = {
    "apt-get": "apt-get install -y gcc python3-dev",
    "dnf": "dnf install -y gcc python3-devel",
    "apk": "apk add gcc musl-dev python3-dev",
}


def typed_extensions() -> list[Extension]:
    """One extension for each module that has its C types beside it."""
    # C types with no module of their own are declarations for the others.
    modules = (types.with_suffix(".py") for types in SOURCE.rglob("*.pxd"))
    sources = sorted(module for module in modules if module.exists())
    return [
        Extension(
            ".".join(source.relative_to(SOURCE).with_suffix("").parts),
            [str(source)],
            extra_compile_args=COMPILE_FLAGS,
            extra_link_args=LINK_FLAGS,
        )
        for source in sources
    ]


def missing_part(compiler: str) -> str | None:
    """What the machine lacks for compiling, in one word or none."""
    if shutil.which(compiler) is None:
        return f"a C compiler ({compiler})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python's C headers (Python.h)"
    return None


def install_advice() -> str:
    """The one line that installs what is missing, for this system's packages."""
    known = [line for tool, line in INSTALL_LINES.items() if shutil.which(tool)]
    return known[0] if known else "your system's packages for gcc and Python headers"


class CompileTyped(build_ext):
    """Generate C from the typed modules, then compile it on all cores."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()
        # A changed .pxd changes modules that never mention it by file name.
        self.force = True

    def build_extensions(self) -> None:
        missing = missing_part(self.compiler.compiler[0])
        if missing is not None:
            sys.exit(f"penstock needs {missing} to compile: {install_advice()}")
        self._generate()
        super().build_extensions()

    def _generate(self) -> None:
        # Here and not on top: without a compiler we say so before needing Cython.
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError

        # Copies: setuptools has noted on its own objects where each one goes.
        copies = [Extension(e.name, list(e.sources)) for e in self.extensions]
        try:
            generated = cythonize(
                copies,
                build_dir=GENERATED,
                compiler_directives=DIRECTIVES,
                include_path=[str(SOURCE)],
                force=True,
                nthreads=os.cpu_count() or 0,
                quiet=True,
            )
        except CompileError as error:
            sys.exit(f"penstock: {error} does not compile, the reason is above")
        c_files = {extension.name: extension.sources for extension in generated}
        for extension in self.extensions:
            extension.sources = c_files[extension.name]


# The environment can ask for no extensions: `make` compiles in a step of its own.
if __name__ == "__main__":
    wanted = os.environ.get("PENSTOCK_COMPILE", "1") != "0"
    setup(
        ext_modules=typed_extensions() if wanted else [],
        cmdclass={"build_ext": CompileTyped},
    )
