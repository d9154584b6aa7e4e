"""Builds the Cython leaves; everything else is in pyproject.toml."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

DEBUG = os.environ.get("PBE_DEBUG") == "1"
C_FLAGS = ["-O2", "-Wall"]


def leaves() -> list[Extension]:
    """One small extension for each `_fast/_*.pyx`."""
    macros = [("CYTHON_TRACE", "1")] if DEBUG else []
    return [
        Extension(f"pbe._fast.{path.stem}", [path.as_posix()], extra_compile_args=C_FLAGS, define_macros=macros)
        for path in sorted(Path("pbe/_fast").glob("_*.pyx"))
    ]


setup(
    packages=[*find_packages(include=["pbe", "pbe.*"]), "twisted.plugins"],
    # An editable install puts the checkout on the path, so that twistd finds twisted/plugins in it.
    options={"editable_wheel": {"mode": "compat"}},
    ext_modules=cythonize(leaves(), language_level=3, compiler_directives={"linetrace": DEBUG}),
)
