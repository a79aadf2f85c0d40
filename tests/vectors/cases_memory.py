# SPDX-License-Identifier: BSD-2-Clause
"""Loads, stores and atomics: RFC 9669, 5; load-acquire and store-release are Linux's."""

import isa
from cases import INT32_MAX, INT32_MIN, PATTERN, SIGNED, WIDE, result_of, text, u64

SIZES = (isa.B, isa.H, isa.W, isa.DW)
# Bytes with their highest bit set and not, none like its neighbours.
MEMORY = bytes((0x80, 0x01, 0x7F, 0xFE, 0x23, 0xC5, 0x67, 0x89, 0xAB, 0x4D, 0xEF, 0x10, 0xB2, 0x34, 0x56, 0xF8, 0x9A, 0x3C, 0xDE))
LENGTH = len(MEMORY)


def loads():
    for size in SIZES:
        yield "ldx_" + isa.SIZE_NAMES[size], size, isa.ldx
        if size != isa.DW:
            yield "ldsx_" + isa.SIZE_NAMES[size], size, isa.ldsx
        yield "ldacq_" + isa.SIZE_NAMES[size], size, lambda size, dst, src, off: isa.atomic(size, isa.LOAD_ACQ, dst, src, off)


def stores():
    """(name, size, function of (base, off, src)); st has its immediate for a source."""
    for size in SIZES:
        name = isa.SIZE_NAMES[size]
        yield "st_" + name, size, lambda base, off, src, size=size: isa.st(size, base, off, -0x1234567)
        yield "stx_" + name, size, lambda base, off, src, size=size: isa.stx(size, base, off, src)
        yield "strel_" + name, size, lambda base, off, src, size=size: isa.atomic(size, isa.STORE_REL, base, src, off)


def atomics():
    """(name, size, op)"""
    for size in (isa.W, isa.DW):
        for name, op in isa.SIMPLE_ATOMICS.items():
            yield "a%s_%s" % (name, isa.SIZE_NAMES[size]), size, op
            yield "fetch_%s_%s" % (name, isa.SIZE_NAMES[size]), size, op | isa.FETCH
        yield "xchg_" + isa.SIZE_NAMES[size], size, isa.XCHG
        yield "cmpxchg_" + isa.SIZE_NAMES[size], size, isa.CMPXCHG


def places(size):
    """Displacements within and beyond memory of LENGTH bytes."""
    n = isa.BYTES[size]
    yield from (("first", 0), ("second", 1), ("aligned", 8), ("last", LENGTH - n))
    yield from (("one_beyond", LENGTH - n + 1), ("end", LENGTH), ("end+7", LENGTH + 7), ("before", -1), ("all_before", -n),
                ("int16_max", 32767), ("int16_min", -32768))


def stack_places(size):
    n = isa.BYTES[size]
    return {-512: "bottom", -n: "top", -n + 1: "one_beyond", 0: "fp+0", -513: "one_below", -512 - n: "below", -256: "middle",
            8: "fp+8", -32768: "int16_min"}.items()


def add_access(out, name, access, size, is_load):
    """One access, `access(base, off, reg)`, at every place of memory, of the stack, and elsewhere."""
    end = (lambda reg: result_of(reg)) if is_load else (lambda reg: [isa.mov(0, 1), isa.EXIT_INSN])
    for place, off in places(size):
        base, reg = out.registers(2)
        out.add("%s/%s" % (name, place), [access(base, off, reg)] + end(reg),
                {base: ("mem", 0), reg: SIGNED}, memory=MEMORY)
        # By R1 as it is at the start, of which more is known when the program is loaded
        reg = out.chance.choice((0, 2, 5, 8))
        out.add("%s/r1_%s" % (name, place), [access(1, off, reg)] + end(reg), {reg: SIGNED}, memory=MEMORY)
    for place, off in (("pointer+3", 3), ("pointer_beyond", LENGTH)):  # the displacement in the register
        base, reg = out.registers(2)
        out.add("%s/%s" % (name, place), [access(base, -1, reg)] + end(reg), {base: ("mem", off), reg: SIGNED}, memory=MEMORY)
    for off, place in stack_places(size):
        reg, = out.registers(1)
        out.add("%s/stack_%s" % (name, place),
                [isa.st(isa.DW, 10, at, 0x71625344 - at) for at in (-512, -8, -16, -256)] + [access(10, off, reg)]
                + (end(reg) if is_load else [isa.ldx(isa.DW, 0, 10, at) for at in (-8,)] + [isa.EXIT_INSN]), {reg: SIGNED})
    for place, value in (("null", 0), ("null+8", 8), ("null_page", 0xFFF8), ("wild", 0x123456789ABCDEF8), ("all_ones", u64(-8))):
        base, reg = out.registers(2)
        out.add("%s/%s" % (name, place), [access(base, 0, reg)] + end(reg), {base: value, reg: SIGNED}, memory=MEMORY)
    base, reg = out.registers(2)
    out.add("%s/read_only" % name, [access(base, 4 if size == isa.W else 8, reg)] + end(reg), {base: ("mem", 0), reg: SIGNED},
            memory=MEMORY, read_only=True)
    out.add("%s/read_only_beyond" % name, [access(base, LENGTH, reg)] + end(reg), {base: ("mem", 0), reg: SIGNED},
            memory=MEMORY, read_only=True)
    # All memory there is, and no more
    base, reg = out.registers(2)
    n = isa.BYTES[size]
    out.add("%s/whole" % name, [access(base, 0, reg)] + end(reg), {base: ("mem", 0), reg: SIGNED}, memory=MEMORY[:n])
    out.add("%s/too_small" % name, [access(base, 0, reg)] + end(reg), {base: ("mem", 0), reg: SIGNED}, memory=MEMORY[:n - 1] if n > 1 else MEMORY[:0])


def add_loads(out):
    for name, size, load in loads():
        add_access(out, name, lambda base, off, reg, size=size, load=load: load(size, reg, base, off), size, True)
        for value in (0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, INT32_MAX, 1 << 31, 0xFFFFFFFF, PATTERN, SIGNED, 1 << 63):
            dst, base = out.registers(2)
            out.add("%s/value/%s" % (name, text(value)), [load(size, dst, base, 0)] + result_of(dst),
                    {base: ("mem", 0), dst: u64(-1)}, memory=value.to_bytes(8, "little"))
        for reg in range(10):
            out.add("%s/base_is_destination/r%d" % (name, reg), [load(size, reg, reg, 8)] + result_of(reg), {reg: ("mem", 0)},
                    memory=MEMORY)


def add_stores(out):
    for name, size, store in stores():
        add_access(out, name, store, size, False)
        for value in (0, -1, PATTERN, SIGNED, 1 << 63):
            if name.startswith("st_"):
                continue
            base, src = out.registers(2)
            out.add("%s/value/%s" % (name, text(value)), [store(base, 8, src), isa.mov(0, 0), isa.EXIT_INSN],
                    {base: ("mem", 0), src: u64(value)}, memory=bytes([0x5A] * 24))
    for size in SIZES:
        for imm in (0, 1, -1, 0x7F, 0x80, 0xFF, 0x8000, -0x8000, INT32_MAX, INT32_MIN, 0x12345678):
            base, = out.registers(1)
            out.add("st_%s/imm/%s" % (isa.SIZE_NAMES[size], text(imm)), [isa.st(size, base, 8, imm), isa.mov(0, 0), isa.EXIT_INSN],
                    {base: ("mem", 0)}, memory=bytes([0x5A] * 24))
    for base in range(10):
        for src in (0, 1, 2, 6, 9):
            if base != src:
                out.add("stx_b/registers/r%d,r%d" % (base, src), [isa.stx(isa.B, base, 1, src), isa.mov(0, 0), isa.EXIT_INSN],
                        {base: ("mem", 0), src: SIGNED}, memory=bytes(3))
    # What was stored before a fault stays.
    out.add("stx_dw/before_a_fault", [isa.st(isa.DW, 1, 0, -2), isa.st(isa.DW, 1, 9, 3), isa.mov(0, 0), isa.EXIT_INSN],
            memory=bytes(16))


def add_atomics(out):
    for name, size, op in atomics():
        n = isa.BYTES[size]
        add_access(out, name, lambda base, off, reg, size=size, op=op: isa.atomic(size, op, base, reg, off), size, False)
        for old, src in ((0, 0), (1, 1), (-1, 1), (INT32_MAX, 1), (1 << 31, 1 << 31), (0xFFFFFFFF, 1), (PATTERN, SIGNED),
                         (SIGNED, PATTERN), (SIGNED, -1), (1 << 63, 1 << 63), (0, -1)):
            base, reg = out.registers(2, keep=(0,))
            regs = {base: ("mem", 0), reg: u64(src)}
            if op == isa.CMPXCHG:
                regs[0] = u64(old)
            out.add("%s/%s,%s" % (name, text(old), text(src)), [isa.atomic(size, op, base, reg, 8)] + result_of(reg), regs,
                    memory=bytes([0x5A] * 8) + u64(old).to_bytes(8, "little") + bytes([0xA5] * 4))
            out.add("%s/r0_after/%s,%s" % (name, text(old), text(src)), [isa.atomic(size, op, base, reg, 8), isa.EXIT_INSN],
                    {0: u64(old), **regs}, memory=bytes(8) + u64(old).to_bytes(8, "little"))
        for base in range(10):
            reg = (base * 3 + 1) % 10
            if op == isa.CMPXCHG and 0 in (base, reg) or base == reg:
                continue
            regs = {base: ("mem", 8), reg: SIGNED}
            out.add("%s/registers/r%d,r%d" % (name, base, reg), [isa.atomic(size, op, base, reg, -n)] + result_of(reg),
                    {0: PATTERN, **regs}, memory=MEMORY)
    add_cmpxchg(out)


def add_cmpxchg(out):
    """Equal in the bits compared or not; the upper half of R0 becomes 0 in either case."""
    for size, name in ((isa.W, "w"), (isa.DW, "dw")):
        for expected, old in ((5, 5), (5, 6), (1 << 32 | 5, 5), (-1, 0xFFFFFFFF), (0xFFFFFFFF, -1), (SIGNED, SIGNED),
                              (SIGNED, PATTERN), (0x80000000, 0x80000000), (INT32_MIN, 0x80000000)):
            for result in (0, 1):
                insns = [isa.atomic(size, isa.CMPXCHG, 1, 3, 0)] + result_of((0, 3)[result])
                out.add("cmpxchg_%s/%s==%s/r%d" % (name, text(expected), text(old), (0, 3)[result]), insns,
                        {0: u64(expected), 3: u64(PATTERN)}, memory=u64(old).to_bytes(8, "little"))
        out.add("cmpxchg_%s/with_r0" % name, [isa.atomic(size, isa.CMPXCHG, 1, 0, 0), isa.EXIT_INSN], {0: SIGNED},
                memory=SIGNED.to_bytes(8, "little"))
        out.add("cmpxchg_%s/r0_not_written" % name, [isa.atomic(size, isa.CMPXCHG, 1, 3, 0), isa.EXIT_INSN], {3: 1},
                memory=bytes(8))


def add_joined(out):
    """A way with a cmpxchg, and one without, that meet; the kernel's verifier looks at the second one first."""
    for turns in (0, 2, 5):
        for taken in (0, 1):
            for expected in (5, 6):
                before = []
                for turn in range(turns):
                    before += [isa.jump(64, isa.JEQ, 6, 0, imm=turn + 1), isa.mov(5, turn), isa.mov(4, turn)]
                out.add("cmpxchg_w/joined/%d,%d==5/after_%d" % (taken, expected, turns),
                        before + [isa.jump(64, isa.JEQ, 7, 1, imm=1), isa.ja(1), isa.atomic(isa.W, isa.CMPXCHG, 1, 3, 0),
                                  isa.mov(4, 0), isa.mov(5, 0), isa.EXIT_INSN],
                        {0: 0xFFFFFFFF << 32 | expected, 3: 9, 6: 0, 7: taken}, memory=(5).to_bytes(8, "little"))


def add_lengths(out):
    """Memory of every length up to a few words: the last access that fits, and the next."""
    for size in SIZES:
        name, n = isa.SIZE_NAMES[size], isa.BYTES[size]
        for length in range(n, 26):
            data = bytes((0x91 + 7 * i) & 0xFF for i in range(length))
            for off in range(max(0, length - n - 1), length - n + 2):
                base, reg = out.registers(2)
                place = "%s/%d_of_%d" % (name, off, length)
                out.add("ldx_%s" % place, [isa.ldx(size, reg, base, off)] + result_of(reg), {base: ("mem", 0)}, memory=data)
                out.add("stx_%s" % place, [isa.stx(size, base, off, reg), isa.mov(0, 0), isa.EXIT_INSN],
                        {base: ("mem", 0), reg: SIGNED}, memory=data)


def add_stack(out):
    """Bytes of the stack that were written, in part, or never."""
    for first in (-512, -16, -8):
        for size in SIZES:
            name = isa.SIZE_NAMES[size]
            out.add("stack/never_written/%s/%d" % (name, first), [isa.ldx(size, 0, 10, first), isa.EXIT_INSN])
            out.add("stack/written/%s/%d" % (name, first),
                    [isa.st(size, 10, first, -5), isa.ldx(size, 0, 10, first), isa.EXIT_INSN])
            if size != isa.B:
                half = {isa.H: isa.B, isa.W: isa.H, isa.DW: isa.W}[size]
                out.add("stack/half_written/%s/%d" % (name, first),
                        [isa.st(half, 10, first, -5), isa.ldx(size, 0, 10, first), isa.EXIT_INSN])
                n = isa.BYTES[half]
                out.add("stack/halves/%s/%d" % (name, first),
                        [isa.st(half, 10, first, 0x1234), isa.st(half, 10, first + n, 0x5678), isa.ldx(size, 0, 10, first),
                         isa.EXIT_INSN])
    for size in SIZES:
        out.add("stack/store_release/%s" % isa.SIZE_NAMES[size],
                [isa.atomic(size, isa.STORE_REL, 10, 3, -8), isa.ldx(size, 0, 10, -8), isa.EXIT_INSN], {3: SIGNED})
    out.add("stack/spill_pointer", [isa.stx(isa.DW, 10, -8, 1), isa.mov(1, 0), isa.ldx(isa.DW, 2, 10, -8),
                                    isa.ldx(isa.B, 0, 2, 1), isa.EXIT_INSN], memory=MEMORY)
    out.add("stack/misaligned", [isa.st(isa.DW, 10, -13, PATTERN & 0x7FFFFFFF), isa.ldx(isa.W, 0, 10, -11), isa.EXIT_INSN])
    for reg in range(10):
        out.add("registers/never_written/r%d" % reg, [isa.movr(0, reg), isa.EXIT_INSN] if reg else [isa.EXIT_INSN])


def add_packet(out):
    """Legacy loads: network order, R0; past the end the program ends with 0. R6 is the context."""
    packet = bytes(range(0x70, 0x7C)) + b"\x88\xb5" + bytes((0xF0 ^ 3 * n) & 0xFF for n in range(10))
    for size in (isa.B, isa.H, isa.W):
        name, n = isa.SIZE_NAMES[size], isa.BYTES[size]
        for off in sorted({0, 1, 12, 14, 24 - n, 24 - n + 1, 24, 1000, INT32_MAX}):
            insn = isa.Insn(isa.LD | isa.ABS | size, 0, 0, 0, off)
            out.add("ldabs_%s/%s" % (name, text(off)), [isa.movr(6, 1), insn, isa.alu(64, isa.ADD, 0, imm=1), isa.EXIT_INSN],
                    packet=packet)
        for base, off in sorted({(0, 0), (1, 0), (0, 3), (14, 4), (20, -2), (24, -n), (24, -n + 1), (24, 0), (1 << 32, 2), (INT32_MAX, 0)}):
            src = out.chance.choice((0, 2, 7, 9))
            insn = isa.Insn(isa.LD | isa.IND | size, 0, src, 0, off)
            out.add("ldind_%s/%s,%s" % (name, text(base), text(off)),
                    [isa.movr(6, 1), insn, isa.alu(64, isa.ADD, 0, imm=1), isa.EXIT_INSN], {src: base}, packet=packet)
    for n in range(1, 6):
        out.add("ldabs_w/argument_lost/r%d" % n, [isa.movr(6, 1)] + [isa.mov(m, m) for m in range(1, 6)]
                + [isa.Insn(isa.LD | isa.ABS | isa.W, 0, 0, 0, 0), isa.movr(0, n), isa.EXIT_INSN], packet=packet)
    for n in range(7, 10):
        out.add("ldabs_w/kept/r%d" % n, [isa.movr(6, 1), isa.Insn(isa.LD | isa.ABS | isa.W, 0, 0, 0, 0), isa.movr(0, n),
                                         isa.EXIT_INSN], {n: PATTERN}, packet=packet)
    out.add("ldabs_b/r6_not_written", [isa.Insn(isa.LD | isa.ABS | isa.B, 0, 0, 0, 1), isa.EXIT_INSN], packet=packet)


def add(out):
    add_loads(out)
    add_stores(out)
    add_atomics(out)
    add_joined(out)
    add_lengths(out)
    add_stack(out)
    add_packet(out)
