#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""generate.py [FILE]: writes the vectors, as README.md beside it says how they read; the same every time."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases  # noqa: E402
import cases_alu  # noqa: E402
import cases_jump  # noqa: E402
import cases_memory  # noqa: E402
import cases_mixed  # noqa: E402
import cases_refused  # noqa: E402


def main():
    out = cases.Lines()
    for part in (cases_alu, cases_jump, cases_memory, cases_mixed, cases_refused):
        part.add(out)
    text = "\n".join(out.lines) + "\n"
    if len(sys.argv) < 2:
        sys.stdout.write(text)
        return
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main()
