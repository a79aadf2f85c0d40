# SPDX-License-Identifier: BSD-2-Clause
"""Sequences: addresses moved by what arithmetic made, and random ones in which results are used again."""

import isa
from cases import IMMS, SIGNED, WIDE, u64
from cases_alu import BINARY, DIVISIONS, SHIFTS
from model import arithmetic, s, u

LENGTH = 40  # of the memory of random sequences


def ways(displacement):
    """(name, width, op, a, b): arithmetic on immediates whose result is the displacement."""
    d = displacement
    yield "add", 64, isa.ADD, d - 1000, 1000
    yield "sub", 64, isa.SUB, d - 1000, -1000
    yield "mul", 64, isa.MUL, d, 1
    yield "xor", 64, isa.XOR, d ^ 0x5555, 0x5555
    yield "or", 64, isa.OR, d & ~0x18, d & 0x18
    yield "and", 64, isa.AND, d | 0x700, ~0x700 | d
    yield "lsh", 64, isa.LSH, d >> 2, 2
    yield "arsh", 64, isa.ARSH, d << 7, 7
    if d >= 0:
        yield "rsh", 64, isa.RSH, d << 7, 7
        yield "add32", 32, isa.ADD, d - 1000, 1000
        yield "sub32", 32, isa.SUB, d - 1000, -1000
        yield "xor32", 32, isa.XOR, d ^ -1, -1
        yield "lsh32", 32, isa.LSH, d >> 2, 2
        yield "arsh32", 32, isa.ARSH, d << 7, 7
        yield "neg32", 32, isa.SUB, 0, -d


def add_moved(out):
    """What is known of an address when the program is loaded, and what is not."""
    memory = bytes(range(0x80, 0x80 + 24))
    for what, start, places in (("stack", isa.movr(6, 10), (-512, -520, -8, -4, 0)), ("memory", isa.movr(6, 1), (0, -8, 16, 20, 24))):
        for at in places:
            for name, width, op, a, b in ways(at):
                for operand in ("k", "x"):
                    move = [isa.alu(width, op, 2, imm=b)] if operand == "k" else [isa.mov(3, b), isa.alu(width, op, 2, 3)]
                    before = [isa.st(isa.DW, 10, n, n) for n in (-8, -512)]
                    out.add("moved/%s%+d/%s_%s" % (what, at, name, operand),
                            before + [start, isa.mov(2, a)] + move
                            + [isa.alu(64, isa.ADD, 6, 2), isa.ldx(isa.DW, 0, 6, 0), isa.EXIT_INSN], memory=memory)
            out.add("moved/%s%+d/add_imm" % (what, at), [start, isa.alu(64, isa.ADD, 6, imm=at), isa.st(isa.DW, 6, 0, 5), isa.mov(0, 0),
                                                         isa.EXIT_INSN], memory=memory)
            out.add("moved/%s%+d/sub_imm" % (what, at), [start, isa.alu(64, isa.SUB, 6, imm=-at), isa.st(isa.DW, 6, 0, 5), isa.mov(0, 0),
                                                         isa.EXIT_INSN], memory=memory)
            out.add("moved/%s%+d/displaced" % (what, at), [start, isa.alu(64, isa.ADD, 6, imm=at - 100), isa.st(isa.DW, 6, 100, 5),
                                                           isa.mov(0, 0), isa.EXIT_INSN], memory=memory)
    # One place that two ways lead to, with another address each
    for taken in (0, 1):
        for a, b in ((-8, -16), (-8, 0), (0, -8)):
            out.add("moved/either/%d/%d,%d" % (taken, a, b),
                    [isa.st(isa.DW, 10, -8, 1), isa.st(isa.DW, 10, -16, 2), isa.movr(6, 10), isa.jump(64, isa.JEQ, 7, 2, imm=1),
                     isa.alu(64, isa.ADD, 6, imm=a), isa.ja(1), isa.alu(64, isa.ADD, 6, imm=b), isa.ldx(isa.DW, 0, 6, 0),
                     isa.EXIT_INSN], {7: taken})


NUMBERS = (0, 1, 3, 4, 8, 60, 64, 124, -1, -4, -8, -12, -16, -508, -512, -516, -520, 0x208, 0x7FFFFFF8, -(1 << 31))
FOLDED = [(name, op) for name, op, off in BINARY if not off and op not in DIVISIONS]


def mistakes(width, a, b):
    """What who computes wrongly might take for a op b: other operations, of the other width, or not cut to it."""
    for name, op in FOLDED:
        for other in (64, 32):
            yield "%s%d" % (name, other), s(arithmetic(op, False, other, u(a, other), u(b, other)), 64)
        yield name + "_uncut", s(arithmetic(op, False, 64, u64(a), u64(b)), width)


def add_mistaken(out):
    """An address outside, by arithmetic that would give one inside if it were another operation."""
    memory = bytes(range(0x80, 0x80 + 24))
    for what, start, inside in (("stack", isa.movr(6, 10), range(-512, -7)), ("memory", isa.movr(6, 1), range(0, 17))):
        for name, op in FOLDED:
            for width in (64, 32):
                found = {}
                for a in NUMBERS:
                    for b in NUMBERS:
                        real = s(arithmetic(op, False, width, u(a, width), u(b, width)), 64)
                        if real in inside or op in SHIFTS and not 0 <= b < width:
                            continue
                        for mistake, value in mistakes(width, a, b):
                            if value in inside:
                                found.setdefault(mistake, (a, b))
                for mistake, (a, b) in sorted(found.items()):
                    out.add("mistaken/%s/%s%d_is_not_%s" % (what, name, width, mistake),
                            [start, isa.mov(2, a), isa.alu(width, op, 2, imm=b), isa.alu(64, isa.ADD, 6, 2), isa.ldx(isa.DW, 0, 6, 0),
                             isa.EXIT_INSN], memory=memory)


def any_alu(out):
    chance = out.chance
    name, op, off = chance.choice(BINARY)
    width, dst = chance.choice((64, 32)), chance.randrange(8)
    if chance.random() < 0.5:
        return isa.alu(width, op, dst, chance.randrange(8), off=off)
    imm = chance.choice(IMMS)
    if op in SHIFTS:
        imm = chance.randrange(width)
    if op in DIVISIONS and imm == 0:
        imm = 7  # Linux's verifier refuses it
    return isa.alu(width, op, dst, imm=imm, off=off)


def any_insn(out):
    """R0 to R7 hold numbers, R9 is memory; the first 24 bytes of the frame were written."""
    chance = out.chance
    kind, dst, src = chance.randrange(10), chance.randrange(8), chance.randrange(8)
    size = chance.choice((isa.B, isa.H, isa.W, isa.DW))
    base, first = chance.choice(((9, 0), (10, -24)))
    off = first + isa.BYTES[size] * chance.randrange(24 // isa.BYTES[size])
    if kind < 5:
        return any_alu(out)
    if kind == 5:
        bits = chance.choice((0, 8, 16, 32))
        return isa.alu(64, isa.MOV, dst, src, off=bits) if bits == 32 else isa.alu(chance.choice((64, 32)), isa.MOV, dst, src, off=bits)
    if kind == 6:
        return isa.Insn(chance.choice((isa.ALU | isa.END, isa.ALU | isa.END | isa.X, isa.ALU64 | isa.END)), dst, 0, 0,
                        chance.choice((16, 32, 64)))
    if kind == 7:
        return chance.choice((isa.ldx, isa.ldsx))(size, dst, base, off) if size != isa.DW else isa.ldx(size, dst, base, off)
    if kind == 8:
        return isa.stx(size, base, off, src) if chance.random() < 0.7 else isa.st(size, base, off, chance.choice(IMMS))
    size = chance.choice((isa.W, isa.DW))
    op = chance.choice([v | f for v in isa.SIMPLE_ATOMICS.values() for f in (0, isa.FETCH)] + [isa.XCHG, isa.CMPXCHG])
    return isa.atomic(size, op, base, src, first + isa.BYTES[size] * chance.randrange(24 // isa.BYTES[size]))


def add_random(out):
    """Straight lines with jumps forward; R0 to R7 are added up at the end, each turned by its number."""
    chance = out.chance
    for number in range(600):
        insns = [isa.st(isa.DW, 10, at, chance.choice(IMMS)) for at in (-24, -16, -8)]
        count = chance.randrange(8, 20)
        for left in range(count, 0, -1):
            if chance.random() < 0.15:
                insns.append(isa.jump(chance.choice((64, 32)), chance.choice(sorted(isa.JUMP_NAMES)), chance.randrange(8),
                                      chance.randrange(left), src=chance.randrange(8)))
            else:
                insns.append(any_insn(out))
        for reg in range(1, 8):
            insns += [isa.alu(64, isa.MUL, 0, imm=31), isa.alu(64, isa.ADD, 0, reg)]
        regs = {n: chance.choice((u64(chance.choice(WIDE)), chance.getrandbits(64))) for n in range(8)}
        memory = SIGNED.to_bytes(8, "little") + bytes(chance.randrange(256) for _ in range(LENGTH - 8))
        out.add("random/%03d" % number, insns + [isa.EXIT_INSN], {**regs, 9: ("mem", 0)}, memory=memory)


def add(out):
    add_moved(out)
    add_mistaken(out)
    add_random(out)
