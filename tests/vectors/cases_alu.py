# SPDX-License-Identifier: BSD-2-Clause
"""Arithmetic: RFC 9669, 4.1 and 4.2, and constants of 64 bits, 5.4."""

import isa
from cases import IMMS, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, PATTERN, SIGNED, UINT32_MAX, WIDE, result_of, text, u64

# name, code, offset
BINARY = [("add", isa.ADD, 0), ("sub", isa.SUB, 0), ("mul", isa.MUL, 0), ("div", isa.DIV, 0), ("sdiv", isa.DIV, 1),
          ("or", isa.OR, 0), ("and", isa.AND, 0), ("lsh", isa.LSH, 0), ("rsh", isa.RSH, 0), ("mod", isa.MOD, 0),
          ("smod", isa.MOD, 1), ("xor", isa.XOR, 0), ("arsh", isa.ARSH, 0)]
SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "sdiv": "s/", "or": "or", "and": "&", "lsh": "<<",
           "rsh": ">>", "mod": "%", "smod": "s%", "xor": "^", "arsh": "s>>"}
SHIFTS = (isa.LSH, isa.RSH, isa.ARSH)
DIVISIONS = (isa.DIV, isa.MOD)

PAIRS = [(0, 0), (0, 1), (0, -1), (1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (-1, 2), (7, -3), (-7, 3),
         (-7, -3), (7, 3), (-13, 3), (INT32_MAX, 1), (INT32_MIN, 1), (INT32_MIN, -1), (1 << 31, -1), (1 << 31, 1 << 31),
         (UINT32_MAX, 1), (UINT32_MAX, UINT32_MAX), (1 << 32, 1), (1 << 32, INT32_MIN), (1, 1 << 32),
         (INT64_MAX, 1), (INT64_MAX, INT64_MAX), (INT64_MIN, 1), (INT64_MIN, -1), (INT64_MIN, INT64_MIN),
         (PATTERN, SIGNED), (SIGNED, PATTERN), (PATTERN, 0xFF00FF), (SIGNED, -7), (PATTERN, UINT32_MAX),
         (SIGNED, INT32_MIN)]
SHIFT_BY = [0, 1, 7, 8, 15, 16, 31, 32, 33, 47, 62, 63, 64, 65, 95, 127, 128, 255, 256, -1, -31, -32, -64, INT32_MIN]


def operands(op):
    """Pairs for the two operands."""
    if op in SHIFTS:
        return [(v, by) for v in (1, -1, PATTERN, SIGNED, INT64_MIN, 1 << 31) for by in SHIFT_BY]
    return PAIRS


def shift_imms(op):
    if op in SHIFTS:
        return [(v, by) for v in (1, PATTERN, SIGNED, INT64_MIN, 1 << 31) for by in SHIFT_BY]
    return ([(a, b) for a, b in PAIRS if INT32_MIN <= b <= INT32_MAX]
            + [(v, imm) for v in (PATTERN, SIGNED) for imm in IMMS])


def add_binary(out):
    for name, op, off in BINARY:
        for width in (64, 32):
            for a, b in operands(op):
                dst, src = out.registers(2)
                out.add("%s%d_x/%s%s%s" % (name, width, text(a), SYMBOLS[name], text(b)),
                        [isa.alu(width, op, dst, src, off=off)] + result_of(dst), {dst: u64(a), src: u64(b)})
            for a, b in dict.fromkeys(shift_imms(op)):
                dst, = out.registers(1)
                out.add("%s%d_k/%s%s%s" % (name, width, text(a), SYMBOLS[name], text(b)),
                        [isa.alu(width, op, dst, imm=b, off=off)] + result_of(dst), {dst: u64(a)})


def store_all(insns, base, dst_count=9):
    """Runs insns, then puts R0 to R8 into memory at R9."""
    return insns + [isa.stx(isa.DW, base, 8 * n, n) for n in range(dst_count)] + [isa.mov(0, 0), isa.EXIT_INSN]


def fill(out):
    """Values for R0 to R8 that leave no two alike, each wider than 32 bits."""
    return {n: out.chance.getrandbits(64) | 1 << 63 for n in range(9)}


def add_kept(out):
    """Every pair of registers that compilers to machine code treat in a way of their own; no other one changes."""
    for name, op, off in BINARY:
        for width in (64, 32):
            for dst in range(9):
                src = (dst * 5 + 3) % 9
                regs = {**fill(out), 9: ("mem", 0)}
                if op in SHIFTS or op in DIVISIONS:
                    regs[src] = out.chance.randrange(1, 63) if op in SHIFTS else out.chance.getrandbits(31) | 1 << 63
                out.add("%s%d_x/all_registers/r%d,r%d" % (name, width, dst, src),
                        store_all([isa.alu(width, op, dst, src, off=off)], 9), regs, memory=bytes(72))
            for dst in (0, 1, 2, 3, 4):
                out.add("%s%d_k/all_registers/r%d" % (name, width, dst),
                        store_all([isa.alu(width, op, dst, imm=13, off=off)], 9), {**fill(out), 9: ("mem", 0)},
                        memory=bytes(72))
            for reg in (0, 3, 4, 8):
                value = out.chance.getrandbits(64) | 1 << 63
                out.add("%s%d_x/same_register/r%d" % (name, width, reg),
                        [isa.alu(width, op, reg, reg, off=off)] + result_of(reg), {reg: value})


def add_moves(out):
    for width in (64, 32):
        for imm in IMMS:
            dst, = out.registers(1)
            out.add("mov%d_k/%s" % (width, text(imm)), [isa.alu(width, isa.MOV, dst, imm=imm)] + result_of(dst),
                    {dst: u64(-1)})
        for bits in (0, 8, 16, 32) if width == 64 else (0, 8, 16):
            name = "movsx%d_%d" % (width, bits) if bits else "mov%d_x" % width
            for value in WIDE:
                dst, src = out.registers(2)
                out.add("%s/%s" % (name, text(value)),
                        [isa.alu(width, isa.MOV, dst, src, off=bits)] + result_of(dst), {dst: u64(-1), src: u64(value)})
            for reg in range(10):
                out.add("%s/same_register/r%d" % (name, reg), [isa.alu(width, isa.MOV, reg, reg, off=bits)] + result_of(reg),
                        {reg: SIGNED | 0x8080})
    for reg in range(10):
        out.add("mov64_x/frame_pointer/r%d" % reg,
                [isa.movr(reg, 10), isa.alu(64, isa.SUB, reg, 10)] + result_of(reg))
        out.add("mov64_x/r10-r%d" % reg, [isa.movr(reg, 10), isa.alu(64, isa.ADD, reg, imm=-8), isa.st(isa.DW, reg, 0, reg - 5),
                                          isa.ldx(isa.DW, 0, 10, -8), isa.EXIT_INSN])


def add_unary(out):
    for width in (64, 32):
        for value in WIDE:
            dst, = out.registers(1)
            out.add("neg%d/%s" % (width, text(value)), [isa.alu(width, isa.NEG, dst)] + result_of(dst), {dst: u64(value)})
    forms = [("le", isa.ALU | isa.END | isa.TO_LE), ("be", isa.ALU | isa.END | isa.TO_BE), ("bswap", isa.ALU64 | isa.END)]
    for name, code in forms:
        for bits in (16, 32, 64):
            for value in WIDE:
                dst, = out.registers(1)
                out.add("%s%d/%s" % (name, bits, text(value)), [isa.Insn(code, dst, 0, 0, bits)] + result_of(dst),
                        {dst: u64(value)})
            for reg in range(10):
                out.add("%s%d/r%d" % (name, bits, reg), [isa.Insn(code, reg, 0, 0, bits)] + result_of(reg),
                        {reg: 0x1122334455667788})


def add_constants(out):
    for value in WIDE:
        dst, = out.registers(1)
        out.add("ldimm64/%s" % text(value), isa.ldimm64(dst, u64(value)) + result_of(dst))
    for reg in range(10):
        out.add("ldimm64/r%d" % reg, isa.ldimm64(reg, 0x8899AABBCCDDEEFF) + result_of(reg))


def add(out):
    add_binary(out)
    add_kept(out)
    add_moves(out)
    add_unary(out)
    add_constants(out)
