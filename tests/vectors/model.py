# SPDX-License-Identifier: BSD-2-Clause
"""What a program does, by the text of RFC 9669: plain integers, every width said where it matters.

check() refuses what is malformed; run() executes. Memory of a run is one object of exact length (or
none), the stack 512 bytes a frame, and a packet for the legacy loads. Addresses differ between two
runs of the same program, and results may not depend on them: whoever asks runs twice.
"""

import isa
from isa import ALU, ALU64, JMP32, K

FRAMES, FRAME_BYTES = 8, 512  # Linux's limits, which the RFC leaves to the platform
BUDGET = 100000               # instructions of a run, as the runner of the vectors has it
NULL_END = 0x10000            # addresses below are never memory


class Refused(Exception):
    """At load, for the instruction in `slot`."""

    def __init__(self, slot):
        super().__init__(slot)
        self.slot = slot


class Fault(Exception):
    """While it runs."""

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


def u(value, bits):
    """The lowest bits as an unsigned number."""
    return value & ((1 << bits) - 1)


def s(value, bits):
    """The lowest bits as a signed number."""
    value = u(value, bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def trunc_div(a, b):
    """Division that rounds towards zero."""
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def arithmetic(op, signed, bits, dst, src):
    """4.1: the result in `bits` bits; operands are unsigned numbers of as many."""
    shift = src & (bits - 1)  # "a mask of 0x3F (63) for 64-bit and 0x1F (31) for 32-bit"
    if op == isa.ADD:
        return u(dst + src, bits)
    if op == isa.SUB:
        return u(dst - src, bits)
    if op == isa.MUL:
        return u(dst * src, bits)
    if op == isa.OR:
        return dst | src
    if op == isa.AND:
        return dst & src
    if op == isa.XOR:
        return dst ^ src
    if op == isa.LSH:
        return u(dst << shift, bits)
    if op == isa.RSH:
        return dst >> shift
    if op == isa.ARSH:
        return u(s(dst, bits) >> shift, bits)
    if op == isa.NEG:
        return u(-dst, bits)
    if op == isa.MOV:
        return src
    assert op in (isa.DIV, isa.MOD)
    if src == 0:
        return 0 if op == isa.DIV else dst
    a, b = (s(dst, bits), s(src, bits)) if signed else (dst, src)
    q = trunc_div(a, b)
    return u(q if op == isa.DIV else a - b * q, bits)


def byte_swap(value, bits):
    return int.from_bytes(u(value, bits).to_bytes(bits // 8, "little"), "big")


def compare(op, bits, dst, src):
    """4.3: operands are unsigned numbers of `bits` bits."""
    sd, ss = s(dst, bits), s(src, bits)
    return {isa.JEQ: dst == src, isa.JNE: dst != src, isa.JSET: dst & src != 0,
            isa.JGT: dst > src, isa.JGE: dst >= src, isa.JLT: dst < src, isa.JLE: dst <= src,
            isa.JSGT: sd > ss, isa.JSGE: sd >= ss, isa.JSLT: sd < ss, isa.JSLE: sd <= ss}[op]


def is_wide(insn):
    return insn.code == isa.LD | isa.IMM | isa.DW


def second_halves(insns):
    halves, pc = set(), 0
    while pc < len(insns):
        if is_wide(insns[pc]):
            halves.add(pc + 1)
            pc += 1
        pc += 1
    return halves


def target_of(insn, pc):
    """Where a jump or a local call goes; None for all else."""
    rule = isa.fields(insn)
    if rule.off == isa.TARGET:
        return pc + 1 + insn.off
    return pc + 1 + s(insn.imm, 32) if rule.imm == isa.TARGET else None


def is_local_call(insn):
    return insn.code == isa.JMP | isa.CALL and insn.src == 1


def check_insn(insns, pc):
    insn = insns[pc]
    rule = isa.fields(insn)
    if rule is None:
        raise Refused(pc)
    for name in ("dst", "src", "off", "imm"):
        if not isa.allows(getattr(rule, name), getattr(insn, name), name in ("dst", "src")):
            raise Refused(pc)
    if insn.code == isa.JMP | isa.CALL and insn.src != 1:
        raise Refused(pc)  # there are no helpers here
    if is_wide(insn):
        if insn.src != 0:
            raise Refused(pc)  # nor maps, variables and functions as values
        if pc + 1 >= len(insns) or any(insns[pc + 1][:4]):
            raise Refused(pc)


def functions(insns, halves):
    """Ranges of slots: a function starts where a call leads, and ends where the next one starts."""
    starts = {0}
    for pc, insn in enumerate(insns):
        if pc not in halves and is_local_call(insn):
            target = target_of(insn, pc)
            if not 0 <= target < len(insns) or target in halves:
                raise Refused(pc)
            starts.add(target)
    starts = sorted(starts)
    return list(zip(starts, starts[1:] + [len(insns)]))


def check_function(insns, halves, first, end):
    """Jumps stay in their function, and nothing runs out of it."""
    last = first
    for pc in range(first, end):
        if pc in halves:
            continue
        last = pc
        target = None if is_local_call(insns[pc]) else target_of(insns[pc], pc)
        if target is not None and (not first <= target < end or target in halves):
            raise Refused(pc)
    if insns[last].code not in (isa.JMP | isa.EXIT, isa.JMP | isa.JA, isa.JMP32 | isa.JA):
        raise Refused(last)


def check_depth(insns, halves, funcs, first, path):
    """No recursion, and no more frames than there are."""
    end = dict(funcs)[first]
    for pc in range(first, end):
        if pc in halves or not is_local_call(insns[pc]):
            continue
        callee = target_of(insns[pc], pc)
        if callee in path or len(path) == FRAMES:
            raise Refused(pc)
        check_depth(insns, halves, funcs, callee, path + [callee])


def check(insns):
    halves = second_halves(insns)
    for pc in range(len(insns)):
        if pc not in halves:
            check_insn(insns, pc)
    funcs = functions(insns, halves)
    for first, end in funcs:
        check_function(insns, halves, first, end)
    for first, _ in funcs:
        check_depth(insns, halves, funcs, first, [first])


class Frame:
    def __init__(self, top):
        self.top = top
        self.data = bytearray(FRAME_BYTES)
        self.written = bytearray(FRAME_BYTES)
        self.return_pc = None
        self.saved = None


class Run:
    """One run. `regs`: {number: value or ("mem", displacement)}; `base` is the memory's address."""

    def __init__(self, insns, regs, memory=None, read_only=False, packet=None, base=1 << 40):
        self.insns, self.base = insns, base
        self.memory = bytearray(memory or b"")
        self.read_only, self.packet = read_only, packet
        self.frames = [Frame(base << 4)]
        self.r = [0] * 11
        self.known = {10}  # registers that were written
        self.pc, self.count, self.unwritten = 0, 0, None
        given = {1: ("mem", 0) if memory is not None else 0, 2: len(self.memory)}
        if packet is not None:
            given = {1: base << 8}
        given.update(regs)
        for n, value in given.items():
            self.set(n, base + value[1] if isinstance(value, tuple) else value)
        self.r[10] = self.frames[0].top

    # Registers; what was never written is noted, for machines that mind.
    def get(self, n):
        if n not in self.known and self.unwritten is None:
            self.unwritten = self.pc
        return self.r[n]

    def set(self, n, value):
        assert 0 <= n <= 9 and 0 <= value < 1 << 64
        self.r[n] = value
        self.known.add(n)

    # Memory.
    def find(self, addr):
        """(bytes, offset, whether it may be written, marks) of the object that has this byte."""
        if 0 <= addr - self.base < len(self.memory):
            return self.memory, addr - self.base, not self.read_only, None
        for frame in self.frames:
            if 0 < frame.top - addr <= FRAME_BYTES:
                return frame.data, addr - frame.top + FRAME_BYTES, True, frame.written
        return None

    def access(self, addr, size, write):
        """Finds an access's object; the first byte that is not allowed says what is wrong."""
        for at in range(addr, addr + size):
            found = self.find(u(at, 64))
            if found is None:
                if u(at, 64) < NULL_END:
                    raise Fault("null_pointer")
                raise Fault("oob_write" if write else "oob_read")
            if write and not found[2]:
                raise Fault("read_only")
        return self.find(addr)

    def load(self, addr, size, write=False):
        data, off, _, marks = self.access(addr, size, write)
        if marks is not None and not all(marks[off:off + size]) and self.unwritten is None:
            self.unwritten = self.pc
        return int.from_bytes(data[off:off + size], "little")

    def store(self, addr, size, value):
        data, off, _, marks = self.access(addr, size, True)
        data[off:off + size] = u(value, 8 * size).to_bytes(size, "little")
        if marks is not None:
            marks[off:off + size] = b"\1" * size

    # Instructions.
    def do_alu(self, insn):
        op, bits = insn.code & 0xF0, 64 if insn.code & 7 == ALU64 else 32
        if op == isa.END:
            self.do_end(insn)
            return
        # "'imm' is first sign extended from 32 to 64 bits"; in 32 bits that is imm itself
        src = insn.imm if insn.code & 8 == K else self.get(insn.src)
        if op == isa.MOV and insn.off:
            src = s(src, insn.off)  # MOVSX: sign-extended to the operation's width
        dst = 0 if op == isa.MOV else self.get(insn.dst)
        signed = op in (isa.DIV, isa.MOD) and insn.off == 1
        self.set(insn.dst, arithmetic(op, signed, bits, u(dst, bits), u(src, bits)))

    def do_end(self, insn):
        """4.2, on a little-endian host"""
        value = u(self.get(insn.dst), insn.imm)
        swaps = insn.code & 7 == ALU64 or insn.code & 8 == isa.TO_BE
        self.set(insn.dst, byte_swap(value, insn.imm) if swaps else value)

    def do_jump(self, insn):
        op, bits = insn.code & 0xF0, 32 if insn.code & 7 == JMP32 else 64
        if op == isa.JCOND:
            return  # goes on: its counter, of millions, is never used up within BUDGET
        if op != isa.JA:
            src = insn.imm if insn.code & 8 == K else self.get(insn.src)
            if not compare(op, bits, u(self.get(insn.dst), bits), u(src, bits)):
                return
        if self.count > BUDGET:
            raise Fault("budget")
        self.pc = target_of(insn, self.pc) - 1

    def do_call(self, insn):
        frame = self.frames[-1]
        frame.return_pc, frame.saved, frame.known = self.pc, self.r[6:10], set(self.known)
        self.frames.append(Frame(frame.top + 0x1000))
        self.r[10] = self.frames[-1].top
        self.known &= {1, 2, 3, 4, 5, 10}
        self.pc = target_of(insn, self.pc) - 1

    def do_exit(self):
        """True where the program ends."""
        if len(self.frames) == 1:
            self.get(0)
            return True
        self.frames.pop()
        frame = self.frames[-1]
        self.r[6:10], self.r[10] = frame.saved, frame.top
        self.known = frame.known & {6, 7, 8, 9, 10} | self.known & {0}
        self.pc = frame.return_pc
        return False

    def do_atomic(self, insn):
        """5.3"""
        size = isa.BYTES[insn.code & 0x18]
        bits = 8 * size
        if insn.imm == isa.LOAD_ACQ:
            addr = u(self.get(insn.src) + insn.off, 64)
            self.access(addr, size, False)
            self.need_aligned(addr, size)
            self.set(insn.dst, self.load(addr, size))
            return
        src, addr = self.get(insn.src), u(self.get(insn.dst) + insn.off, 64)
        if insn.imm == isa.STORE_REL:
            self.access(addr, size, True)
            self.need_aligned(addr, size)
            self.store(addr, size, src)
            return
        if insn.imm == isa.CMPXCHG:
            expected = self.get(0)
        old = self.load(addr, size, True)
        if insn.imm == isa.XCHG:
            self.store(addr, size, src)
        elif insn.imm == isa.CMPXCHG:
            self.store(addr, size, src if old == u(expected, bits) else old)
            self.set(0, old)
            return
        else:
            self.store(addr, size, arithmetic(insn.imm & 0xF0, False, bits, old, u(src, bits)))
        if insn.imm & isa.FETCH:
            self.set(insn.src, old)

    @staticmethod
    def need_aligned(addr, size):
        """Linux refuses them otherwise (kernel/bpf/verifier.c: check_load_mem, strict alignment)."""
        if addr % size:
            raise Fault("bad_atomic")

    def do_packet(self, insn):
        """5.5; True where the program ends, with R0 = 0, as the packet does not reach so far."""
        size = isa.BYTES[insn.code & 0x18]
        off = u(insn.imm + (self.get(insn.src) if insn.code & 0xE0 == isa.IND else 0), 32)
        self.get(6)
        inside = off + size <= len(self.packet)
        self.r[0] = int.from_bytes(self.packet[off:off + size], "big") if inside else 0
        self.known = self.known - {1, 2, 3, 4, 5} | {0}
        return not inside

    def do_memory(self, insn):
        cls, mode, size = insn.code & 7, insn.code & 0xE0, isa.BYTES[insn.code & 0x18]
        if cls == isa.LDX:
            value = self.load(u(self.get(insn.src) + insn.off, 64), size)
            self.set(insn.dst, u(s(value, 8 * size), 64) if mode == isa.MEMSX else value)
        elif cls == isa.STX and mode == isa.ATOMIC:
            self.do_atomic(insn)
        else:
            value = insn.imm if cls == isa.ST else self.get(insn.src)
            self.store(u(self.get(insn.dst) + insn.off, 64), size, value)

    def step(self):
        """True where the program ended."""
        insn = self.insns[self.pc]
        cls = insn.code & 7
        self.count += 1
        if cls in (ALU, ALU64):
            self.do_alu(insn)
        elif is_local_call(insn):
            self.do_call(insn)
        elif insn.code == isa.JMP | isa.EXIT:
            if self.do_exit():
                return True
        elif cls in (isa.JMP, JMP32):
            self.do_jump(insn)
        elif is_wide(insn):
            self.set(insn.dst, u(insn.imm, 32) | u(self.insns[self.pc + 1].imm, 32) << 32)
            self.pc += 1
        elif cls == isa.LD:
            if self.do_packet(insn):
                return True
        else:
            self.do_memory(insn)
        self.pc += 1
        return False

    def finish(self):
        """Runs to the end; ("r0", value) or ("fault", kind, slot)."""
        try:
            while not self.step():
                pass
        except Fault as fault:
            return "fault", fault.kind, self.pc
        return "r0", self.r[0]
