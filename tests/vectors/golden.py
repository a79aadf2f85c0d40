#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""golden.py FILE...: whether the model says of every vector what its line says; prints those of which not."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import isa  # noqa: E402
from cases import Lines  # noqa: E402


def decode(text):
    data = bytes.fromhex(text)
    return [isa.Insn(data[at], data[at + 1] & 0xF, data[at + 1] >> 4, int.from_bytes(data[at + 2:at + 4], "little", signed=True),
                     int.from_bytes(data[at + 4:at + 8], "little", signed=True)) for at in range(0, len(data), 8)]


def read_inputs(words):
    regs, inputs = {}, {}
    for word in words:
        key, value = word.split("=")
        if key in ("mem", "rom"):
            inputs.update(memory=bytes.fromhex(value), read_only=key == "rom")
        elif key == "pkt":
            inputs["packet"] = bytes.fromhex(value)
        elif value.startswith("mem"):
            regs[int(key[1:])] = ("mem", int(value[3:] or "0", 0))
        else:
            regs[int(key[1:])] = int(value, 0)
    return regs, inputs


def main():
    count = wrong = 0
    for name in sys.argv[1:]:
        with open(name, encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                vector, program, inputs, expected = (part.strip() for part in line.split("|"))
                regs, inputs = read_inputs(inputs.split())
                said = Lines.expect(decode(program), regs, inputs)
                count += 1
                if sorted(said.split()) != sorted(expected.split()):
                    wrong += 1
                    print("%s:%d: %s\n  expected %s\n  model    %s" % (name, number, vector, expected, said))
    print("%d vectors, %d wrong" % (count, wrong))
    return wrong != 0 or count == 0


if __name__ == "__main__":
    sys.exit(main())
