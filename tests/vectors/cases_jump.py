# SPDX-License-Identifier: BSD-2-Clause
"""Jumps and calls: RFC 9669, 4.3; may_goto is Linux's."""

import isa
from cases import IMMS, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, PATTERN, SIGNED, UINT32_MAX, text, u64

PAIRS = [(0, 0), (0, 1), (1, 0), (1, 1), (0, -1), (-1, 0), (-1, -1), (1, -1), (-1, 1), (-2, -1), (-1, -2), (5, 10),
         (10, 5), (INT32_MAX, INT32_MIN), (INT32_MIN, INT32_MAX), (INT32_MIN, -1), (1 << 31, INT32_MIN), (1 << 31, INT32_MAX),
         (UINT32_MAX, -1), (UINT32_MAX, 0), (1 << 32, 0), (0, 1 << 32), (1 << 32, 1 << 32), (1 << 32, 1), ((1 << 32) + 1, 1),
         (INT64_MAX, INT64_MIN), (INT64_MIN, INT64_MAX), (INT64_MIN, INT64_MIN), (INT64_MIN, 0), (PATTERN, PATTERN),
         (PATTERN, SIGNED), (SIGNED, PATTERN), (PATTERN, PATTERN ^ 1 << 40), (0xF0, 0x0F), (0xF0, 0x10),
         (1 << 63 | 1, 1 << 63), (1 << 40, UINT32_MAX)]


def branch(width, op, dst, **operand):
    """R0 = 2 where it is taken, 1 where not."""
    return [isa.jump(width, op, dst, 2, **operand), isa.mov(0, 1), isa.EXIT_INSN, isa.mov(0, 2), isa.EXIT_INSN]


def add_conditions(out):
    for op, name in isa.JUMP_NAMES.items():
        for width in (64, 32):
            for a, b in PAIRS:
                dst, src = out.registers(2)
                out.add("%s%d_x/%s,%s" % (name, width, text(a), text(b)), branch(width, op, dst, src=src),
                        {dst: u64(a), src: u64(b)})
            imm_pairs = [(a, b) for a, b in PAIRS if INT32_MIN <= b <= INT32_MAX]
            imm_pairs += [(v, imm) for v in (0x7F, SIGNED, 1 << 31) for imm in IMMS]
            for a, b in dict.fromkeys(imm_pairs):
                dst, = out.registers(1)
                out.add("%s%d_k/%s,%s" % (name, width, text(a), text(b)), branch(width, op, dst, imm=b), {dst: u64(a)})
            for reg in range(10):
                out.add("%s%d_x/same_register/r%d" % (name, width, reg), branch(width, op, reg, src=reg), {reg: SIGNED})


def add_backward(out):
    """Loops of a few turns, whose last instruction jumps back by each condition."""
    for width in (64, 32):
        for name, op, start, step, end in (("jne", isa.JNE, 0, 1, 5), ("jlt", isa.JLT, 0, 1, 5), ("jle", isa.JLE, 0, 1, 5),
                                           ("jgt", isa.JGT, 9, -1, 5), ("jge", isa.JGE, 9, -1, 5),
                                           ("jsgt", isa.JSGT, 3, -1, -3), ("jsge", isa.JSGE, 3, -1, -3),
                                           ("jslt", isa.JSLT, -3, 1, 3), ("jsle", isa.JSLE, -3, 1, 3)):
            body = [isa.mov(0, 0), isa.mov(6, start), isa.alu(64, isa.ADD, 0, imm=1), isa.alu(width, isa.ADD, 6, imm=step)]
            out.add("%s%d_k/loop" % (name, width), body + [isa.jump(width, op, 6, -3, imm=end), isa.EXIT_INSN])
            out.add("%s%d_x/loop" % (name, width),
                    [isa.mov(7, end)] + body + [isa.jump(width, op, 6, -3, src=7), isa.EXIT_INSN])
    out.add("ja/endless", [isa.mov(0, 0), isa.ja(-1)])
    out.add("ja/endless_pair", [isa.mov(0, 0), isa.alu(64, isa.ADD, 0, imm=1), isa.ja(-2)])
    out.add("gotol/endless", [isa.mov(0, 0), isa.gotol(-1)])
    out.add("jeq64_k/endless", [isa.mov(0, 0), isa.jump(64, isa.JEQ, 0, -1, imm=0), isa.EXIT_INSN])


def skip(goto, skipped):
    """R0 = 7 past what is jumped over, which another jump could reach, as verifiers want it: R9 is not 1."""
    return [isa.mov(0, 7), isa.jump(64, isa.JEQ, 9, 1, imm=1), goto] + skipped + [isa.EXIT_INSN], {9: 0}


def add_plain(out):
    nop = isa.mov(0, 1)
    for name, goto in (("ja", isa.ja), ("gotol", isa.gotol)):
        out.add(name + "/+0", [isa.mov(0, 7), goto(0), isa.EXIT_INSN])
        out.add(name + "/+1", *skip(goto(1), [nop]))
        out.add(name + "/over_ldimm64", *skip(goto(2), isa.ldimm64(0, PATTERN)))
        out.add(name + "/to_ldimm64", *skip(goto(1), [nop] + isa.ldimm64(0, PATTERN)))
        out.add(name + "/back", [goto(2), isa.mov(0, 3), isa.EXIT_INSN, goto(-3)])
        out.add(name + "/last_insn", [goto(2), isa.mov(0, 4), isa.EXIT_INSN, isa.mov(0, 9), goto(-4)])
        out.add(name + "/+32767", *skip(goto(32767), [nop] * 32767))
    out.add("gotol/+40000", *skip(isa.gotol(40000), [nop] * 40000))
    out.add("gotol/-40003", [isa.jump(64, isa.JEQ, 9, 2, imm=1), isa.gotol(40001), isa.EXIT_INSN] + [nop] * 40000
            + [isa.mov(0, 8), isa.gotol(-40003)], {9: 0})
    out.add("exit/first", [isa.EXIT_INSN], {0: PATTERN})
    out.add("exit/r0_never_written", [isa.EXIT_INSN])


def add_may_goto(out):
    """It falls through until its counter, of millions, is used up."""
    loop = [isa.mov(0, 0), isa.may_goto(3), isa.alu(64, isa.ADD, 0, imm=1), isa.jump(64, isa.JEQ, 0, 1, imm=10), isa.ja(-4),
            isa.EXIT_INSN]
    out.add("may_goto/falls_through", loop)
    out.add("may_goto/+0", [isa.mov(0, 7), isa.may_goto(0), isa.EXIT_INSN])
    out.add("may_goto/never_jumps", [isa.mov(0, 7), isa.may_goto(1), isa.mov(0, 1), isa.EXIT_INSN])
    out.add("may_goto/keeps_registers", [isa.may_goto(0)] + [isa.alu(64, isa.ADD, 0, n) for n in range(1, 10)] + [isa.EXIT_INSN],
            {n: u64(SIGNED * (n + 1)) for n in range(10)})
    out.add("may_goto/in_function", [isa.call(1), isa.EXIT_INSN] + loop)


def add_calls(out):
    call, ret = isa.call, isa.EXIT_INSN
    out.add("call/result", [call(1), ret, isa.mov(0, 42), ret])
    out.add("call/negative_result", [call(1), ret, isa.mov(0, -1), ret])
    for n in range(1, 6):
        regs = {m: u64(SIGNED + m) for m in range(1, 6)}
        out.add("call/argument/r%d" % n, [call(1), ret, isa.movr(0, n), ret], regs)
        out.add("call/argument_lost/r%d" % n, [call(2), isa.movr(0, n), ret, isa.mov(n, 5), isa.mov(0, 0), ret], regs)
    for n in range(6, 10):
        out.add("call/callee_saved/r%d" % n, [call(2), isa.movr(0, n), ret, isa.mov(n, 5), isa.mov(0, 0), ret], {n: PATTERN})
        out.add("call/caller's_not_readable/r%d" % n, [call(1), ret, isa.movr(0, n), ret], {n: PATTERN})
        out.add("call/callee_saved_twice/r%d" % n,
                [call(2), isa.movr(0, n), ret, isa.mov(n, 5), call(2), isa.movr(0, n), ret, isa.mov(n, 6), isa.mov(0, 1), ret],
                {n: SIGNED})
    out.add("call/callee_saved_sum", [call(5)] + [isa.movr(0, 6)] + [isa.alu(64, isa.ADD, 0, n) for n in (7, 8, 9)] + [ret]
            + [isa.mov(n, -1) for n in (6, 7, 8, 9)] + [isa.mov(0, 0), ret], {n: u64(PATTERN * n) for n in range(6, 10)})
    out.add("call/own_stack", [isa.st(isa.DW, 10, -8, 1), call(2), isa.ldx(isa.DW, 0, 10, -8), ret,
                               isa.st(isa.DW, 10, -8, 2), isa.mov(0, 0), ret])
    out.add("call/frame_pointer_back", [isa.movr(6, 10), call(3), isa.movr(0, 10), isa.alu(64, isa.SUB, 0, 6), ret,
                                        isa.mov(0, 0), ret])
    out.add("call/caller's_stack", [isa.st(isa.DW, 10, -8, 77), isa.movr(1, 10), call(1), ret,
                                    isa.ldx(isa.DW, 0, 1, -8), ret])
    out.add("call/store_to_caller's_stack", [isa.movr(1, 10), call(2), isa.ldx(isa.DW, 0, 10, -8), ret,
                                             isa.st(isa.DW, 1, -8, 78), isa.mov(0, 0), ret])
    out.add("call/stack_of_one_that_returned", [call(3), isa.mov(1, 0), isa.ldx(isa.DW, 0, 0, -8), ret,
                                                isa.st(isa.DW, 10, -8, 5), isa.movr(0, 10), ret])
    out.add("call/new_frame_is_new", [call(3), call(2), ret, ret, isa.st(isa.DW, 10, -8, 5), isa.ldx(isa.DW, 0, 10, -16), ret])
    out.add("call/twice", [call(4), isa.movr(6, 0), call(2), isa.alu(64, isa.ADD, 0, 6), ret, isa.mov(0, 21), ret])
    out.add("call/backward", [call(3), ret, isa.mov(0, 9), ret, call(-3), ret])
    out.add("call/in_loop", [isa.mov(6, 5), isa.mov(7, 0), isa.movr(1, 7), call(5), isa.movr(7, 0),
                             isa.alu(64, isa.ADD, 6, imm=-1), isa.jump(64, isa.JNE, 6, -5, imm=0), isa.movr(0, 7), ret,
                             isa.movr(0, 1), isa.alu(64, isa.ADD, 0, imm=3), ret])
    out.add("call/r0_of_callee_not_written", [call(1), ret, isa.ja(0), ret])
    for depth in range(2, 10):
        # depth functions that call the next one, and add one to what it returns
        chain = [call(2), isa.alu(64, isa.ADD, 0, imm=1), ret] * (depth - 1)
        out.add("call/depth/%d" % depth, chain + [isa.mov(0, 100), ret])
    out.add("call/recursion", [call(-1), ret])
    out.add("call/mutual_recursion", [call(1), ret, call(1), ret, call(-3), ret])
    for to in (-2, 2, 100, INT32_MAX, INT32_MIN):
        out.add("call/out_of_range/%s" % text(to), [call(to), ret])
    out.add("call/into_ldimm64", [call(2), ret] + isa.ldimm64(0, 1) + [ret])
    for number in (-1, 0, INT32_MAX):
        out.add("call/unknown_helper/%s" % text(number), [isa.Insn(isa.JMP | isa.CALL, 0, 0, 0, number), isa.mov(0, 0), ret])


def add(out):
    add_conditions(out)
    add_backward(out)
    add_plain(out)
    add_may_goto(out)
    add_calls(out)
