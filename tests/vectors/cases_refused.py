# SPDX-License-Identifier: BSD-2-Clause
"""Malformed programs: what is refused at load, each with one thing wrong."""

import isa
from cases import INT32_MAX, INT32_MIN, text
from isa import EXIT_INSN, Insn

def around(insn, at=1):
    """The instruction where all registers were written, and memory could be there."""
    before = [isa.mov(n, 1) for n in range(10)] + [isa.st(isa.DW, 10, -8, 0)]
    after = [isa.mov(0, 0), EXIT_INSN]
    if insn.code == isa.LD | isa.IMM | isa.DW:
        after.insert(0, Insn(0, 0, 0, 0, 0))
    return before[-at:] + [insn] + after if at else [insn] + after


def sample(code):
    """A well-formed instruction of this opcode, if there is one."""
    memory = code & 7 in (isa.LDX, isa.ST, isa.STX)
    for imm in (3, 0, 16) if code & 7 in (isa.ALU, isa.ALU64) else (0, isa.LOAD_ACQ):
        for src in (0, 1):
            insn = Insn(code, 0, src, 0, imm)
            rule = isa.fields(insn)
            if rule is None or not isa.allows(rule.imm, imm, False) or not isa.allows(rule.src, src, True):
                continue
            if rule.src == isa.ZERO and src or code == isa.JMP | isa.CALL and not src:
                continue
            if memory:
                reads_src = code & 7 == isa.LDX or imm == isa.LOAD_ACQ
                insn = insn._replace(**{"src" if reads_src else "dst": 10}, off=-8)
            return insn
    return None


def add_opcodes(out):
    for code in range(256):
        insn = sample(code)
        if insn is None:
            out.add("refused/opcode/0x%02x" % code, around(Insn(code, 0, 0, 0, 0), 11))
            continue
        rule = isa.fields(insn)
        for field, values in (("dst", (1, 9)), ("src", (1, 9)), ("off", (1, -1, 8, 32767)), ("imm", (1, -1, 16, INT32_MIN))):
            if getattr(rule, field) != isa.ZERO:
                continue
            for value in values:
                out.add("refused/reserved/0x%02x/%s=%d" % (code, field, value), around(insn._replace(**{field: value}), 11))
        for field in ("dst", "src"):
            allowed = getattr(rule, field)
            if allowed in (isa.READ, isa.WRITE, isa.BOTH):
                for reg in (11, 12, 15):
                    out.add("refused/register/0x%02x/%s=r%d" % (code, field, reg), around(insn._replace(**{field: reg}), 11))
            if allowed in (isa.WRITE, isa.BOTH):
                out.add("refused/writes_r10/0x%02x/%s" % (code, field), around(insn._replace(**{field: 10}), 11))


def add_well_formed(out):
    """The same programs with nothing wrong: it is for one thing alone that those above are refused."""
    for code in range(256):
        insn = sample(code)
        if insn is None or code & 7 == isa.LD and code & 0xE0 != isa.IMM or code in (isa.JMP | isa.CALL, isa.JMP | isa.EXIT):
            continue
        out.add("well_formed/0x%02x" % code, around(insn, 11))


def add_values(out):
    """Fields that hold one of several numbers."""
    for cls, width in ((isa.ALU64, 64), (isa.ALU, 32)):
        for op in (isa.DIV, isa.MOD):
            for source in (isa.K, isa.X):
                for off in (2, -1, 8, 256):
                    out.add("refused/off/%s%d_%s/%d" % (isa.ALU_NAMES[op], width, "kx"[source >> 3], off),
                            around(Insn(cls | op | source, 0, 0, off, 0 if source else 3), 11))
        for off in (2, 4, 7, 9, 24, 64, -8, 128) + ((32,) if width == 32 else ()):
            out.add("refused/off/mov%d_x/%d" % (width, off), around(Insn(cls | isa.MOV | isa.X, 0, 1, off, 0), 11))
        for off in (8, 16, 32):
            out.add("refused/off/mov%d_k/%d" % (width, off), around(Insn(cls | isa.MOV | isa.K, 0, 0, off, 0), 11))
    for name, code in (("le", isa.ALU | isa.END), ("be", isa.ALU | isa.END | isa.X), ("bswap", isa.ALU64 | isa.END)):
        for imm in (0, 1, 8, 15, 24, 48, 65, 128, -16, INT32_MIN):
            out.add("refused/imm/%s/%d" % (name, imm), around(Insn(code, 0, 0, 0, imm), 11))
    known = set(isa.SIMPLE_ATOMICS.values()) | {v | isa.FETCH for v in isa.SIMPLE_ATOMICS.values()} | {isa.XCHG, isa.CMPXCHG}
    for size in (isa.B, isa.H, isa.W, isa.DW):
        for imm in sorted({n << 4 | f for n in range(16) for f in (0, 1)} | {2, 3, 0xE2, 0x101, 0x111, 0x120, -1, INT32_MIN}):
            if size in (isa.B, isa.H) or imm not in known:
                out.add("refused/atomic_%s/0x%x" % (isa.SIZE_NAMES[size], imm & 0xFFFFFFFF),
                        around(isa.atomic(size, imm, 10, 1, -8), 11))
    for src in range(3, 16):
        out.add("refused/call_form/%d" % src, around(Insn(isa.JMP | isa.CALL, 0, src, 0, 1), 11))
    for src in range(7, 16):
        out.add("refused/ldimm64_form/%d" % src, around(Insn(isa.LD | isa.IMM | isa.DW, 0, src, 0, 1), 11))
    for src in range(1, 16):
        out.add("refused/may_goto_form/%d" % src, around(isa.may_goto(0)._replace(src=src), 11))


def jumps():
    yield "ja", isa.ja
    yield "may_goto", isa.may_goto
    yield "gotol", isa.gotol
    for op, name in isa.JUMP_NAMES.items():
        for width in (64, 32):
            yield "%s%d_k" % (name, width), lambda off, op=op, width=width: isa.jump(width, op, 0, off, imm=7)
            yield "%s%d_x" % (name, width), lambda off, op=op, width=width: isa.jump(width, op, 0, off, src=1)


def add_flow(out):
    start = [isa.mov(0, 0), isa.mov(1, 1)]
    for name, jump in jumps():
        for off in (1, 2, 100, 32767, -4, -5, -32768) + ((INT32_MAX, INT32_MIN) if name == "gotol" else ()):
            out.add("refused/jump_out/%s/%s" % (name, text(off)), start + [jump(off), EXIT_INSN])
        wide = isa.ldimm64(0, 1)
        out.add("refused/jump_into_ldimm64/%s/forward" % name, start + [jump(1)] + wide + [EXIT_INSN])
        out.add("refused/jump_into_ldimm64/%s/back" % name, start + wide + [jump(-2), EXIT_INSN])
        out.add("refused/jump_to_function/%s" % name, start + [isa.call(2), jump(1), EXIT_INSN, isa.mov(0, 0), EXIT_INSN])
        out.add("refused/jump_out_of_function/%s" % name, [isa.call(1), EXIT_INSN] + start + [jump(-5), EXIT_INSN])
    out.add("refused/no_exit/mov", [isa.mov(0, 0)])
    out.add("refused/no_exit/after_exit", [isa.mov(0, 0), EXIT_INSN, isa.mov(0, 0)])
    out.add("refused/no_exit/call", [isa.call(3), EXIT_INSN, isa.mov(0, 0), EXIT_INSN, isa.mov(0, 1), isa.call(-4)])
    out.add("refused/no_exit/may_goto", [isa.mov(0, 0), isa.may_goto(-2)])
    out.add("refused/no_exit/jeq64_k", [isa.mov(0, 0), isa.jump(64, isa.JEQ, 0, -2, imm=0)])
    out.add("refused/no_exit/ldimm64", isa.ldimm64(0, 1))
    out.add("refused/no_exit/of_function", [isa.call(1), EXIT_INSN, isa.mov(0, 0)])
    out.add("refused/falls_into_function", [isa.call(1), isa.mov(0, 0), isa.mov(0, 1), EXIT_INSN])
    half = isa.ldimm64(0, 1)[0]
    out.add("refused/half_ldimm64", [EXIT_INSN, half])
    for field, value in (("code", isa.ALU64 | isa.MOV), ("dst", 1), ("src", 1), ("off", 1), ("off", -1)):
        second = Insn(0, 0, 0, 0, 0)._replace(**{field: value})
        out.add("refused/second_half/%s=%d" % (field, value), [half, second, EXIT_INSN])
    out.add("refused/second_half/alone", [isa.mov(0, 0), Insn(0, 0, 0, 0, 1), EXIT_INSN])


def add(out):
    add_opcodes(out)
    add_well_formed(out)
    add_values(out)
    add_flow(out)
