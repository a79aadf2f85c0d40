# SPDX-License-Identifier: BSD-2-Clause
"""The encoding of RFC 9669 (sections 3 to 5): which opcodes there are, and what their fields may hold.

Linux's additions stand beside the standard's, marked as such. Written from the text alone; nothing
here is read from the machine that is tested.
"""

from collections import namedtuple

Insn = namedtuple("Insn", "code dst src off imm")

# 3.3 instruction classes
LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(8)
K, X = 0x00, 0x08

# 4.1 arithmetic
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR, MOV, ARSH, END = [n << 4 for n in range(14)]
TO_LE, TO_BE = K, X

# 4.3 jumps
JA, JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, CALL, EXIT, JLT, JLE, JSLT, JSLE = [n << 4 for n in range(14)]
JCOND = 0xE0  # Linux: may_goto

# 5 loads and stores
IMM, ABS, IND, MEM, MEMSX, ATOMIC = 0x00, 0x20, 0x40, 0x60, 0x80, 0xC0
W, H, B, DW = 0x00, 0x08, 0x10, 0x18
BYTES = {W: 4, H: 2, B: 1, DW: 8}
SIZE_NAMES = {W: "w", H: "h", B: "b", DW: "dw"}

# 5.3 atomics
FETCH, XCHG, CMPXCHG = 0x01, 0xE1, 0xF1
SIMPLE_ATOMICS = {"add": ADD, "or": OR, "and": AND, "xor": XOR}
LOAD_ACQ, STORE_REL = 0x100, 0x110  # Linux

ALU_NAMES = {ADD: "add", SUB: "sub", MUL: "mul", DIV: "div", OR: "or", AND: "and", LSH: "lsh",
             RSH: "rsh", NEG: "neg", MOD: "mod", XOR: "xor", MOV: "mov", ARSH: "arsh", END: "end"}
JUMP_NAMES = {JEQ: "jeq", JGT: "jgt", JGE: "jge", JSET: "jset", JNE: "jne", JSGT: "jsgt",
              JSGE: "jsge", JLT: "jlt", JLE: "jle", JSLT: "jslt", JSLE: "jsle"}

# What a field may hold: READ, WRITE, BOTH a register; ZERO; ANY number; TARGET of a jump; SPACE, a
# displacement; or a tuple of the numbers allowed.
READ, WRITE, BOTH, ZERO, ANY, TARGET, SPACE = "read", "write", "both", "zero", "any", "target", "space"
Fields = namedtuple("Fields", "dst src off imm")


def alu_fields(cls, code, source, off, imm):
    """4.1 and 4.2"""
    if code == END:
        if cls == ALU64 and source != 0:
            return None
        return Fields(BOTH, ZERO, ZERO, (16, 32, 64))
    if code == NEG:
        return Fields(BOTH, ZERO, ZERO, ZERO) if source == K else None
    if code not in ALU_NAMES:
        return None
    offsets = ZERO
    if code in (DIV, MOD):
        offsets = (0, 1)
    elif code == MOV and source == X:
        offsets = (0, 8, 16, 32) if cls == ALU64 else (0, 8, 16)
    dst = WRITE if code == MOV else BOTH
    return Fields(dst, READ, offsets, ZERO) if source == X else Fields(dst, ZERO, offsets, ANY)


def jump_fields(cls, code, source, src):
    """4.3"""
    if code in JUMP_NAMES:
        return Fields(READ, READ, TARGET, ZERO) if source == X else Fields(READ, ZERO, TARGET, ANY)
    if source != K:
        return None
    if code == JA:
        return Fields(ZERO, ZERO, TARGET, ZERO) if cls == JMP else Fields(ZERO, ZERO, ZERO, TARGET)
    if cls != JMP:
        return None
    if code == CALL:
        # 0x2, by BTF id: Linux has an index of a descriptor in the offset.
        return Fields(ZERO, (0, 1, 2), ANY if src == 2 else ZERO, TARGET if src == 1 else ANY)
    if code == EXIT:
        return Fields(ZERO, ZERO, ZERO, ZERO)
    if code == JCOND:
        return Fields(ZERO, (0,), TARGET, ZERO)
    return None


def atomic_fields(size, imm):
    """5.3"""
    if imm == LOAD_ACQ:
        return Fields(WRITE, READ, SPACE, (LOAD_ACQ,))
    if imm == STORE_REL:
        return Fields(READ, READ, SPACE, (STORE_REL,))
    if size in (B, H):
        return Fields(READ, READ, SPACE, (LOAD_ACQ, STORE_REL))
    known = tuple(v | f for v in SIMPLE_ATOMICS.values() for f in (0, FETCH)) + (XCHG, CMPXCHG)
    # A fetch overwrites its source; cmpxchg has R0 for that.
    src = BOTH if imm & FETCH and imm != CMPXCHG else READ
    return Fields(READ, src, SPACE, known + (LOAD_ACQ, STORE_REL))


def memory_fields(cls, mode, size, imm):
    """5"""
    if cls == LD:
        if mode == IMM and size == DW:
            return Fields(WRITE, tuple(range(7)), ZERO, ANY)
        if mode == ABS and size != DW:
            return Fields(ZERO, ZERO, ZERO, ANY)
        if mode == IND and size != DW:
            return Fields(ZERO, READ, ZERO, ANY)
        return None
    if mode == MEM:
        return {LDX: Fields(WRITE, READ, SPACE, ZERO), ST: Fields(READ, ZERO, SPACE, ANY),
                STX: Fields(READ, READ, SPACE, ZERO)}[cls]
    if cls == LDX and mode == MEMSX and size != DW:
        return Fields(WRITE, READ, SPACE, ZERO)
    if cls == STX and mode == ATOMIC:
        return atomic_fields(size, imm)
    return None


def fields(insn):
    """What the fields of this instruction may hold; None where there is no such opcode."""
    cls = insn.code & 7
    if cls in (ALU, ALU64):
        return alu_fields(cls, insn.code & 0xF0, insn.code & 8, insn.off, insn.imm)
    if cls in (JMP, JMP32):
        return jump_fields(cls, insn.code & 0xF0, insn.code & 8, insn.src)
    return memory_fields(cls, insn.code & 0xE0, insn.code & 0x18, insn.imm)


def allows(rule, value, is_register):
    if rule == ZERO:
        return value == 0
    if rule in (WRITE, BOTH):
        return value <= 9  # R10 is read-only
    if rule == READ:
        return value <= 10
    return value in rule if isinstance(rule, tuple) else not is_register


# Assembly: what cases are written in.

def alu(width, op, dst, src=None, imm=0, off=0):
    cls = ALU64 if width == 64 else ALU
    if src is None:
        return Insn(cls | op | K, dst, 0, off, imm)
    return Insn(cls | op | X, dst, src, off, 0)


def mov(dst, imm):
    return Insn(ALU64 | MOV | K, dst, 0, 0, imm)


def movr(dst, src):
    return Insn(ALU64 | MOV | X, dst, src, 0, 0)


def jump(width, op, dst, off, src=None, imm=0):
    cls = JMP if width == 64 else JMP32
    if src is None:
        return Insn(cls | op | K, dst, 0, off, imm)
    return Insn(cls | op | X, dst, src, off, 0)


def ldimm64(dst, value, src=0):
    """A list of two slots."""
    return [Insn(LD | IMM | DW, dst, src, 0, value & 0xFFFFFFFF), Insn(0, 0, 0, 0, value >> 32 & 0xFFFFFFFF)]


def ldx(size, dst, src, off):
    return Insn(LDX | MEM | size, dst, src, off, 0)


def ldsx(size, dst, src, off):
    return Insn(LDX | MEMSX | size, dst, src, off, 0)


def st(size, dst, off, imm):
    return Insn(ST | MEM | size, dst, 0, off, imm)


def stx(size, dst, off, src):
    return Insn(STX | MEM | size, dst, src, off, 0)


def atomic(size, op, dst, src, off):
    return Insn(STX | ATOMIC | size, dst, src, off, op)


def ja(off):
    return Insn(JMP | JA, 0, 0, off, 0)


def gotol(imm):
    return Insn(JMP32 | JA, 0, 0, 0, imm)


def may_goto(off):
    return Insn(JMP | JCOND, 0, 0, off, 0)


def call(imm):
    return Insn(JMP | CALL, 0, 1, 0, imm)


EXIT_INSN = Insn(JMP | EXIT, 0, 0, 0, 0)


def encode(insn):
    """3.1, little-endian"""
    return (bytes([insn.code, insn.src << 4 | insn.dst])
            + (insn.off & 0xFFFF).to_bytes(2, "little") + (insn.imm & 0xFFFFFFFF).to_bytes(4, "little"))


def program_hex(insns):
    return b"".join(encode(i) for i in insns).hex()
