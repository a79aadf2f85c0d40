# SPDX-License-Identifier: BSD-2-Clause
"""What all kinds of cases share: values at the edges with their names, and the list of lines."""

import random

import isa
import model

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1
UINT32_MAX = (1 << 32) - 1
PATTERN = 0x123456789ABCDEF0
SIGNED = 0xFEDCBA9876543210  # every part of it has its highest bit set, or not, otherwise

NAMED = {INT32_MIN: "int32_min", INT32_MAX: "int32_max", INT64_MIN: "int64_min", INT64_MAX: "int64_max",
         UINT32_MAX: "uint32_max", 1 << 32: "2^32", 1 << 31: "2^31", PATTERN: "pattern", SIGNED: "signed"}


def text(value):
    """A number as names have it: signed, or what it is known by."""
    value = model.s(value, 64) if value not in (SIGNED, INT64_MIN) else value
    if value in NAMED:
        return NAMED[value]
    if value < 0:
        return "(-%s)" % text(-value)
    return str(value) if value < 1 << 16 else hex(value)


def u64(value):
    return model.u(value, 64)


# Operands of 64 bits, and immediates.
WIDE = [0, 1, 2, -1, -2, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, INT32_MAX, 1 << 31, UINT32_MAX, 1 << 32,
        INT32_MIN, -(1 << 32), INT64_MAX, INT64_MIN, INT64_MIN + 1, PATTERN, SIGNED]
IMMS = [0, 1, 2, -1, -2, 127, 128, -128, 255, 0x7FFF, 0x8000, 0xFFFF, INT32_MAX, INT32_MIN, INT32_MIN + 1,
        0x12345678]


class Lines:
    """The vectors, as lines; names are unique."""

    def __init__(self):
        self.lines, self.names = [], set()
        self.chance = random.Random(9669)

    def registers(self, count, keep=()):
        """So many different registers of R0 to R9, in an order that varies, none of `keep`."""
        return self.chance.sample([n for n in range(10) if n not in keep], count)

    def add(self, name, insns, regs=None, **inputs):
        """A line, with what the model says of it. inputs: memory, read_only, packet."""
        assert name not in self.names and " " not in name and "|" not in name, name
        self.names.add(name)
        regs = regs or {}
        expected = self.expect(insns, regs, inputs)
        given = " ".join(self.inputs(regs, inputs))
        self.lines.append(" | ".join((name, isa.program_hex(insns), given, expected)))

    @staticmethod
    def inputs(regs, inputs):
        for n, value in sorted(regs.items()):
            if isinstance(value, tuple):
                yield "r%d=mem%s" % (n, "%+d" % value[1] if value[1] else "")
            else:
                yield "r%d=0x%x" % (n, value)
        for key, what in (("memory", "rom" if inputs.get("read_only") else "mem"), ("packet", "pkt")):
            if inputs.get(key) is not None:
                yield "%s=%s" % (what, inputs[key].hex())

    @staticmethod
    def expect(insns, regs, inputs):
        try:
            model.check(insns)
        except model.Refused as refused:
            return "refused@%d" % refused.slot
        said = []
        for base in (1 << 40, 3 << 41):
            run = model.Run(insns, regs, base=base, **inputs)
            end = run.finish()
            words = ["r0=0x%x" % end[1] if end[0] == "r0" else "fault=%s@%d" % end[1:]]
            if run.memory != (inputs.get("memory") or b""):
                words.append("mem=" + run.memory.hex())
            if run.unwritten is not None:
                words.append("strict=uninit@%d" % run.unwritten)
            said.append(" ".join(words))
        assert said[0] == said[1], "the result depends on addresses: %s" % said
        return said[0]


def result_of(reg):
    """The end of a program whose result is in a register."""
    return ([isa.movr(0, reg)] if reg else []) + [isa.EXIT_INSN]
