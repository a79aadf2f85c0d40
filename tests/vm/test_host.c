/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory as the host sees it: objects whose loads and stores it answers, its own bytes lent to
 * programs, what lies where, reading and writing.
 */
#include "tests/insns.h"
#include "vm/mem_host.h"
#include "vm/proc.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEV_BYTES 21 /* no multiple of 8 */
#define BROKEN    12 /* loads and stores of this byte fail */
#define FILL      1  /* helpers: R2 bytes at R1 become R3, or their sum; R1 as a string's length */
#define SUM       2
#define NESTED    3 /* sums R2 bytes at R1 and adds what function R3 returns */

#define RETURN(v) XB_MOV64_IMM(0, v), XB_EXIT()

/* A device of bytes, which counts. */
struct dev {
	u8 bytes[DEV_BYTES];
	u32 loads, stores;
	bool broken;
};

static int
dev_load(void *arg, u64 off, u32 bytes, u64 *value)
{
	struct dev *d = arg;

	assert_true(off < DEV_BYTES && bytes <= DEV_BYTES - off);
	d->loads++;
	if (d->broken && off <= BROKEN && BROKEN < off + bytes)
		return -EIO;
	*value = ~0ull; /* what is above does not show */
	memcpy(value, d->bytes + off, bytes);
	return 0;
}

static int
dev_store(void *arg, u64 off, u32 bytes, u64 value)
{
	struct dev *d = arg;

	assert_true(off < DEV_BYTES && bytes <= DEV_BYTES - off);
	d->stores++;
	if (d->broken && off <= BROKEN && BROKEN < off + bytes)
		return -EROFS;
	memcpy(d->bytes + off, &value, bytes);
	return 0;
}

static const struct xb_mem_object_ops dev_ops = { .load = dev_load, .store = dev_store };
static const struct xb_mem_object_ops rom_ops = { .load = dev_load };

struct host {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct dev dev, rom;
	struct xb_region *dev_region, *rom_region, *lent, *lent_read_only, *plain;
	u8 buf[DEV_BYTES];
};

static u64
call_bytes(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	bool fill = call->aux == FILL;
	u8 *p = xb_proc_mem(proc, r[1], r[2], fill ? XB_MEM_WRITE : XB_MEM_READ);
	u64 sum = 0, r0;

	if (!p)
		return xb_proc_fault_mem(proc, r[1], r[2], fill ? XB_MEM_WRITE : XB_MEM_READ,
		                         call->name);
	if (call->aux == NESTED) {
		if (!xb_proc_callback(proc, r[3], (const u64[5]){ 0 }, &r0))
			return 0;
		sum = r0;
	}
	for (u64 i = 0; i < r[2]; i++) {
		if (fill)
			p[i] = (u8)r[3];
		sum += p[i];
	}
	return sum;
}

static int
bind_call(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const, struct xb_call *call,
          struct xb_err *err)
{
	static const char *const names[] = { [FILL] = "fill", [SUM] = "sum", [NESTED] = "nested" };
	u32 cnt, id = (u32)xb_prog_insns(prog, &cnt)[pc].imm;

	(void)emu;
	(void)r1_const;
	(void)err;
	*call = (struct xb_call){ .fn = call_bytes, .name = names[id], .aux = id };
	return 0;
}

static const struct xb_vm_ops ops = { .bind_call = bind_call };

static struct xb_region *
map(struct host *h, const char *name, u64 bytes, const struct xb_mem_object_ops *object, void *arg)
{
	const struct xb_region_opts opts = {
		.name = name, .bytes = bytes, .low = true, .object = object, .object_arg = arg
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *r = xb_mem_map(h->vm->mem, &opts, &err);

	assert_non_null(r);
	return r;
}

static void
host_open(struct host *h)
{
	const struct xb_vm_opts opts = { .vcpu_cnt = 1, .ops = &ops };
	struct xb_err err = XB_ERR_INIT;

	memset(h, 0, sizeof(*h));
	h->vm = xb_vm_new(&opts, &err);
	assert_non_null(h->vm);
	h->dev_region = map(h, "device", DEV_BYTES, &dev_ops, &h->dev);
	h->rom_region = map(h, "rom", DEV_BYTES, &rom_ops, &h->rom);
	h->plain = map(h, "plain", 100, NULL, NULL);
	xb_mem_allow(h->vm->mem, h->plain->gaddr, 10, XB_MEM_WRITE);
	xb_mem_allow(h->vm->mem, h->plain->gaddr + 24, 33, XB_MEM_READ);
	xb_mem_allow(h->vm->mem, h->plain->gaddr + 96, 4, XB_MEM_WRITE);
	h->lent = xb_mem_lend(h->vm->mem, "buffer", h->buf, DEV_BYTES, true, &err);
	h->lent_read_only = xb_mem_lend(h->vm->mem, "constants", h->buf, DEV_BYTES, false, &err);
	assert_non_null(h->lent);
	assert_non_null(h->lent_read_only);
	h->proc = xb_proc_new(h->vm, 0, &err);
	assert_non_null(h->proc);
}

static void
host_close(struct host *h)
{
	xb_proc_free(h->proc);
	xb_vm_free(h->vm);
}

/* 0x81, 0x82, ...: bytes with a sign. */
static void
fill(struct host *h)
{
	for (u32 i = 0; i < DEV_BYTES; i++)
		h->dev.bytes[i] = h->rom.bytes[i] = h->buf[i] = (u8)(0x81 + i);
	h->dev.loads = h->dev.stores = 0;
}

/* What R6 points at. */
enum place { DEV, ROM, LENT, CONSTANTS, PLACES };

static u64
gaddr_of(const struct host *h, enum place place)
{
	const struct xb_region *const r[PLACES] = { h->dev_region, h->rom_region, h->lent,
		                                    h->lent_read_only };

	return r[place]->gaddr;
}

struct row {
	const char *name;
	struct bpf_insn insns[8]; /* R6 points at it */
	u32 cnt;
	u64 r0;
	struct {
		u32 off, cnt;
		u8 bytes[8];
	} after; /* in it; zero: as it was */
	enum xb_fault_kind kind;
	const char *message;
	bool broken;
	enum place place; /* or DEV, where the row is of LENT too if is_both */
	bool is_both;
};

#define FAULT(id, text) .kind = XB_FAULT_##id, .message = (text)
#define AFTER(o, ...)                                                                              \
	.after = { .off = (o), .cnt = sizeof((u8[]){ __VA_ARGS__ }), .bytes = { __VA_ARGS__ } }
#define BOTH .is_both = true
/* R1 and R2 for a helper, which is then called. */
#define BYTES(off, n) XB_MOV64_REG(1, 6), XB_ALU64_IMM(BPF_ADD, 1, off), XB_MOV64_IMM(2, n)

/* clang-format off */
static const struct row rows[] = {
	{ "load 1",		{ XB_LDX_MEM(BPF_B, 0, 6, 20), XB_EXIT() }, 2, .r0 = 0x95, BOTH },
	{ "load 2",		{ XB_LDX_MEM(BPF_H, 0, 6, 19), XB_EXIT() }, 2, .r0 = 0x9594, BOTH },
	{ "load 4",		{ XB_LDX_MEM(BPF_W, 0, 6, 17), XB_EXIT() }, 2, .r0 = 0x95949392, BOTH },
	{ "load 8",		{ XB_LDX_MEM(BPF_DW, 0, 6, 13), XB_EXIT() }, 2, .r0 = 0x9594939291908f8e, BOTH },
	{ "load 1 with sign",	{ XB_LDX_MEMSX(BPF_B, 0, 6, 0), XB_EXIT() }, 2, .r0 = 0xffffffffffffff81, BOTH },
	{ "load 2 with sign",	{ XB_LDX_MEMSX(BPF_H, 0, 6, 0), XB_EXIT() }, 2, .r0 = 0xffffffffffff8281, BOTH },
	{ "load 4 with sign",	{ XB_LDX_MEMSX(BPF_W, 0, 6, 0), XB_EXIT() }, 2, .r0 = 0xffffffff84838281, BOTH },
	{ "store 1",		{ XB_ST_MEM(BPF_B, 6, 20, 7), RETURN(0) }, 3, AFTER(19, 0x94, 7), BOTH },
	{ "store 8",		{ XB_ST_MEM(BPF_DW, 6, 13, -2), RETURN(0) }, 3, AFTER(13, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), BOTH },
	{ "store a register",	{ XB_MOV64_IMM(2, 0x04030201), XB_STX_MEM(BPF_W, 6, 2, 1), RETURN(0) }, 4, AFTER(0, 0x81, 1, 2, 3, 4, 0x86), BOTH },
	{ "add",		{ XB_MOV64_IMM(0, 1), XB_ATOMIC(BPF_W, BPF_ADD, 6, 0, 4), XB_EXIT() }, 3, .r0 = 1, AFTER(3, 0x84, 0x86, 0x86, 0x87, 0x88, 0x89), BOTH },
	{ "fetch and or",	{ XB_MOV64_IMM(0, 0x70), XB_ATOMIC(BPF_W, BPF_OR | BPF_FETCH, 6, 0, 0), XB_EXIT() }, 3, .r0 = 0x84838281, AFTER(0, 0xf1, 0x82), BOTH },
	{ "and, 8 bytes",	{ XB_MOV64_IMM(0, 0xf), XB_ATOMIC(BPF_DW, BPF_AND, 6, 0, 0), XB_EXIT() }, 3, .r0 = 0xf, AFTER(0, 1, 0, 0, 0, 0, 0, 0, 0), BOTH },
	{ "xor",		{ XB_MOV64_IMM(0, 0x81), XB_ATOMIC(BPF_W, BPF_XOR, 6, 0, 0), XB_EXIT() }, 3, .r0 = 0x81, AFTER(0, 0, 0x82), BOTH },
	{ "exchange",		{ XB_MOV64_IMM(0, 5), XB_ATOMIC(BPF_W, BPF_XCHG, 6, 0, 0), XB_EXIT() }, 3, .r0 = 0x84838281, AFTER(0, 5, 0, 0, 0, 0x85), BOTH },
	{ "compare, equal",	{ XB_MOV32_IMM(0, (s32)0x84838281), XB_MOV64_IMM(2, 9), XB_ATOMIC(BPF_W, BPF_CMPXCHG, 6, 2, 0), XB_EXIT() }, 4, .r0 = 0x84838281, AFTER(0, 9, 0, 0, 0), BOTH },
	{ "compare, not equal",	{ XB_MOV64_IMM(0, 1), XB_MOV64_IMM(2, 9), XB_ATOMIC(BPF_W, BPF_CMPXCHG, 6, 2, 0), XB_EXIT() }, 4, .r0 = 0x84838281, BOTH },
	{ "load-acquire",	{ XB_ATOMIC(BPF_H, BPF_LOAD_ACQ, 0, 6, 2), XB_EXIT() }, 2, .r0 = 0x8483, BOTH },
	{ "store-release",	{ XB_MOV64_IMM(0, 5), XB_ATOMIC(BPF_B, BPF_STORE_REL, 6, 0, 3), XB_EXIT() }, 3, .r0 = 5, AFTER(3, 5, 0x85), BOTH },
	{ "misaligned acquire",	{ XB_MOV64_IMM(0, 5), XB_ATOMIC(BPF_H, BPF_LOAD_ACQ, 0, 6, 3), XB_EXIT() }, 3, .r0 = 5, FAULT(BAD_ATOMIC, "load-acquire and store-release must be aligned") },

	{ "helper reads",	{ BYTES(1, 3), XB_CALL(SUM), XB_EXIT() }, 5, .r0 = 0x82 + 0x83 + 0x84, BOTH },
	{ "helper reads all",	{ BYTES(0, 21), XB_CALL(SUM), XB_EXIT() }, 5, .r0 = 21 * 0x81 + 210, BOTH },
	{ "helper writes",	{ BYTES(18, 3), XB_MOV64_IMM(3, 7), XB_CALL(FILL), XB_EXIT() }, 6, .r0 = 21, AFTER(17, 0x92, 7, 7, 7), BOTH },
	{ "helper reads past",	{ BYTES(19, 3), XB_CALL(SUM), XB_EXIT() }, 5, FAULT(OOB_READ, "sum: 1 byte past the end of device (21 bytes)") },
	{ "helper writes rom",	{ BYTES(18, 3), XB_CALL(FILL), XB_EXIT() }, 5, FAULT(READ_ONLY, "fill: rom (21 bytes) is read-only"), .place = ROM },
	{ "helper, broken",	{ BYTES(8, 8), XB_CALL(SUM), XB_EXIT() }, 5, FAULT(OBJECT, "device: load of 8 bytes at offset 8: Input/output error"), .broken = true },

	{ "1 byte past",	{ XB_LDX_MEM(BPF_B, 0, 6, 21), XB_EXIT() }, 2, FAULT(OOB_READ, "1 byte past the end of device (21 bytes)") },
	{ "2 bytes past",	{ XB_LDX_MEM(BPF_B, 0, 6, 22), XB_EXIT() }, 2, FAULT(OOB_READ, "2 bytes past the end of device (21 bytes)") },
	{ "across the end",	{ XB_ST_MEM(BPF_DW, 6, 14, 1), RETURN(0) }, 3, FAULT(OOB_WRITE, "1 byte past the end of device (21 bytes)") },
	{ "before",		{ XB_LDX_MEM(BPF_DW, 0, 6, -8), XB_EXIT() }, 2, FAULT(OOB_READ, "8 bytes before the start of device (21 bytes)") },
	{ "across the start",	{ XB_LDX_MEM(BPF_DW, 0, 6, -1), XB_EXIT() }, 2, FAULT(OOB_READ, "1 byte before the start of device (21 bytes)") },
	{ "rom",		{ XB_LDX_MEM(BPF_B, 0, 6, 1), XB_EXIT() }, 2, .r0 = 0x82, .place = ROM },
	{ "store to rom",	{ XB_ST_MEM(BPF_B, 6, 1, 1), RETURN(0) }, 3, FAULT(READ_ONLY, "rom (21 bytes) is read-only"), .place = ROM },
	{ "add to rom",		{ XB_MOV64_IMM(0, 1), XB_ATOMIC(BPF_W, BPF_ADD | BPF_FETCH, 6, 0, 4), XB_EXIT() }, 3, .r0 = 1, FAULT(READ_ONLY, "rom (21 bytes) is read-only"), .place = ROM },
	{ "store to constants",	{ XB_ST_MEM(BPF_B, 6, 1, 1), RETURN(0) }, 3, FAULT(READ_ONLY, "constants (21 bytes) is read-only"), .place = CONSTANTS },
	{ "constants",		{ XB_LDX_MEM(BPF_B, 0, 6, 1), XB_EXIT() }, 2, .r0 = 0x82, .place = CONSTANTS },
	{ "past the buffer",	{ XB_LDX_MEM(BPF_H, 0, 6, 20), XB_EXIT() }, 2, FAULT(OOB_READ, "1 byte past the end of buffer (21 bytes)"), .place = LENT },
	{ "broken load",	{ XB_MOV64_IMM(0, 4), XB_LDX_MEM(BPF_W, 0, 6, 9), XB_EXIT() }, 3, .r0 = 4, FAULT(OBJECT, "device: load of 4 bytes at offset 9: Input/output error"), .broken = true },
	{ "broken store",	{ XB_ST_MEM(BPF_B, 6, 12, 9), RETURN(0) }, 3, FAULT(OBJECT, "device: store of 1 bytes at offset 12: Read-only file system"), .broken = true },
	{ "broken exchange",	{ XB_MOV64_IMM(0, 4), XB_ATOMIC(BPF_W, BPF_XCHG, 6, 0, 12), XB_EXIT() }, 3, .r0 = 4, FAULT(OBJECT, "device: load of 4 bytes at offset 12: Input/output error"), .broken = true },
	{ "around what is broken", { XB_LDX_MEM(BPF_B, 0, 6, 13), XB_EXIT() }, 2, .r0 = 0x8e, .broken = true },
};
/* clang-format on */

/* The row's program with R6 set; run at once, or in steps. */
static enum xb_run_status
run(struct host *h, const struct row *row, u64 gaddr, bool step)
{
	struct bpf_insn insns[10] = { XB_LD_IMM64(6, gaddr) };
	const struct xb_prog_opts opts = { .name = "prog",
		                           .insns = insns,
		                           .insn_cnt = 2 + row->cnt };
	struct xb_err err = XB_ERR_INIT;
	enum xb_run_status status;
	struct xb_prog *prog;

	memcpy(insns + 2, row->insns, row->cnt * sizeof(*insns));
	prog = xb_prog_new(h->vm, &opts, &err);
	if (!prog)
		fail_msg("%s: %s", row->name, err.msg);
	xb_proc_start(h->proc, prog, 0);
	if (step)
		while ((status = xb_vm_step(h->proc)) == XB_RUN_RUNNING)
			;
	else
		status = xb_proc_continue(h->proc);
	h->proc->prog = NULL;
	xb_prog_free(prog);
	return status;
}

static void
check_bytes(const struct row *row, const u8 *bytes)
{
	for (u32 i = 0; i < DEV_BYTES; i++) {
		u8 expected = (u8)(0x81 + i);

		if (i >= row->after.off && i - row->after.off < row->after.cnt)
			expected = row->after.bytes[i - row->after.off];
		if (bytes[i] != expected)
			fail_msg("%s: byte %u is 0x%x, not 0x%x", row->name, i, bytes[i], expected);
	}
}

static void
check_row(struct host *h, const struct row *row, enum place place, bool step)
{
	const struct xb_fault *f = &h->proc->fault;
	enum xb_run_status status;

	fill(h);
	h->dev.broken = row->broken;
	status = run(h, row, gaddr_of(h, place), step);
	if (status != (row->kind ? XB_RUN_FAULT : XB_RUN_EXIT))
		fail_msg("%s: %s", row->name, row->kind ? "no fault" : f->message);
	if (h->proc->r[0] != row->r0)
		fail_msg("%s: R0 is 0x%llx", row->name, (unsigned long long)h->proc->r[0]);
	if (row->kind && (f->kind != row->kind || strcmp(f->message, row->message) != 0))
		fail_msg("%s: %s: %s", row->name, xb_fault_kind_name(f->kind), f->message);
	check_bytes(row, place == ROM ? h->rom.bytes : place == DEV ? h->dev.bytes : h->buf);
}

static void
test_accesses(void **state)
{
	struct host h;

	(void)state;
	host_open(&h);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		for (u32 step = 0; step <= 1; step++) {
			check_row(&h, &rows[i], rows[i].place, step);
			if (rows[i].is_both)
				check_row(&h, &rows[i], LENT, step);
		}
	}
	host_close(&h);
}

/* A call that has a buffer of the device's calls back a function that passes one too. */
static void
test_nested(void **state)
{
	struct bpf_insn insns[] = {
		XB_LD_IMM64(1, 0),
		XB_MOV64_IMM(2, 1),
		XB_LD_FUNC(3, 3),
		XB_CALL(NESTED),
		XB_EXIT(),
		/* 7 */ XB_LD_IMM64(1, 0),
		XB_MOV64_IMM(2, 2),
		XB_MOV64_IMM(3, 6),
		XB_CALL(FILL),
		XB_EXIT(),
	};
	const struct xb_prog_opts opts = { .name = "prog",
		                           .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog;
	struct host h;

	(void)state;
	host_open(&h);
	insns[0].imm = insns[7].imm = (s32)h.dev_region->gaddr;
	prog = xb_prog_new(h.vm, &opts, &err);
	if (!prog)
		fail_msg("%s", err.msg);
	fill(&h);
	assert_int_equal(xb_proc_run(h.proc, prog, 0), XB_RUN_EXIT);
	assert_int_equal(h.proc->r[0], 12 + 0x81); /* the outer one has its copy from before */
	assert_int_equal(h.dev.bytes[0], 6);
	assert_int_equal(h.dev.bytes[1], 6);
	/* The inner one's buffer is refused: both copies are dropped. */
	insns[9].imm = 100;
	xb_prog_free(prog);
	prog = xb_prog_new(h.vm, &opts, &err);
	assert_non_null(prog);
	assert_int_equal(xb_proc_run(h.proc, prog, 0), XB_RUN_FAULT);
	assert_null(h.proc->bounces);
	xb_prog_free(prog);
	host_close(&h);
}

/* Name, place and size of each object, in order. */
static void
test_enumerate(void **state)
{
	struct xb_mem_info info;
	struct host h;
	u64 at = 0;

	(void)state;
	host_open(&h);
	{
		const struct {
			const char *name;
			u64 gaddr, bytes;
			bool writable, host;
		} expected[] = {
			{ "device", h.dev_region->gaddr, DEV_BYTES, true, true },
			{ "rom", h.rom_region->gaddr, DEV_BYTES, false, true },
			{ "plain", h.plain->gaddr, 10, true, false },
			{ "plain", h.plain->gaddr + 24, 33, false, false },
			{ "plain", h.plain->gaddr + 96, 4, true, false },
			{ "buffer", h.lent->gaddr, DEV_BYTES, true, true },
			{ "constants", h.lent_read_only->gaddr, DEV_BYTES, false, true },
			{ "stack", h.proc->frames[0].top - 512, 512, true, false },
		};

		for (size_t i = 0; i < XB_ARRAY_SIZE(expected); i++) {
			struct xb_mem_info found;

			assert_true(xb_mem_next_object(h.vm->mem, at, &info));
			assert_string_equal(info.name, expected[i].name);
			assert_int_equal(info.gaddr, expected[i].gaddr);
			assert_int_equal(info.bytes, expected[i].bytes);
			assert_true(info.readable && !info.opaque);
			assert_int_equal(info.writable, expected[i].writable);
			assert_int_equal(info.host, expected[i].host);
			for (u64 off = 0; off < info.bytes; off += info.bytes - 1) {
				assert_true(xb_mem_find(h.vm->mem, info.gaddr + off, &found));
				assert_memory_equal(&found, &info, sizeof(info));
			}
			assert_false(xb_mem_find(h.vm->mem, info.gaddr - 1, &found));
			assert_false(xb_mem_find(h.vm->mem, info.gaddr + info.bytes, &found));
			at = info.gaddr + 1; /* the next one starts behind it */
		}
	}
	assert_false(xb_mem_next_object(h.vm->mem, at, &info));
	at = 0;
	for (u32 i = 0; i < 6; i++) {
		static const char *const names[] = { "device", "rom",       "plain",
			                             "buffer", "constants", "stack" };

		assert_true(xb_mem_next_region(h.vm->mem, at, &info));
		assert_string_equal(info.name, names[i]);
		assert_int_equal(info.gaddr, info.region_gaddr);
		at = info.gaddr + 1;
	}
	assert_false(xb_mem_next_region(h.vm->mem, at, &info));
	xb_mem_unmap(h.vm->mem, h.dev_region);
	assert_true(xb_mem_next_region(h.vm->mem, 0, &info));
	assert_string_equal(info.name, "rom");
	host_close(&h);
}

static void
test_copy(void **state)
{
	static const struct {
		const char *name;
		bool write;
		enum place place;
		bool plain; /* in place of it */
		s32 off;
		u32 bytes;
		const char *error; /* end of it, or NULL */
	} copies[] = {
		{ "device", false, DEV, false, 1, 20, NULL },
		{ "device", true, DEV, false, 1, 20, NULL },
		{ "device, past", false, DEV, false, 1, 21,
		  ": 1 byte past the end of device (21 bytes)" },
		{ "rom", false, ROM, false, 0, 21, NULL },
		{ "rom", true, ROM, false, 0, 21, ": rom (21 bytes) is read-only" },
		{ "buffer", true, LENT, false, 3, 7, NULL },
		{ "plain", true, DEV, true, 0, 10, NULL },
		{ "plain, past", true, DEV, true, 0, 11,
		  ": 1 byte past the end of plain (10 bytes)" },
		{ "plain, read-only", true, DEV, true, 24, 4, ": plain (33 bytes) is read-only" },
		{ "plain, read", false, DEV, true, 24, 33, NULL },
		{ "nothing", false, DEV, true, 50, 0, NULL },
		{ "null", false, DEV, true, -0x11000, 1, " is a null pointer or near one" },
	};
	struct host h;

	(void)state;
	host_open(&h);
	for (size_t i = 0; i < XB_ARRAY_SIZE(copies); i++) {
		u64 gaddr = copies[i].plain ? h.plain->gaddr : gaddr_of(&h, copies[i].place);
		struct xb_err err = XB_ERR_INIT;
		u8 buf[64], back[64];
		int ret;

		fill(&h);
		memset(buf, 0x5a, sizeof(buf));
		memset(back, 0, sizeof(back));
		gaddr = copies[i].off < -1000 ? 0x10 : gaddr + (u64)copies[i].off;
		ret = copies[i].write ? xb_mem_write(h.vm->mem, gaddr, buf, copies[i].bytes, &err)
		                      : xb_mem_read(h.vm->mem, gaddr, back, copies[i].bytes, &err);
		if ((ret != 0) != (copies[i].error != NULL) ||
		    (ret && !strstr(err.msg, copies[i].error)))
			fail_msg("%s: %d, %s", copies[i].name, ret, err.msg);
		if (copies[i].write && ret == 0) {
			assert_int_equal(xb_mem_read(h.vm->mem, gaddr, back, copies[i].bytes, &err),
			                 0);
			assert_memory_equal(buf, back, copies[i].bytes);
		} else if (ret == 0 && !copies[i].plain) {
			for (u32 k = 0; k < copies[i].bytes; k++)
				assert_int_equal(back[k], 0x81 + copies[i].off + (s32)k);
		}
	}
	h.dev.broken = true;
	{
		struct xb_err err = XB_ERR_INIT;
		u8 byte;

		assert_int_equal(
		        xb_mem_read(h.vm->mem, h.dev_region->gaddr + BROKEN, &byte, 1, &err), -1);
		assert_non_null(strstr(err.msg, ": Input/output error"));
	}
	host_close(&h);
}

#define ROUNDS 300

/* Maps and unmaps, beside others who do, and who look. */
static void *
churn(void *arg)
{
	struct xb_mem *mem = arg;
	u64 *own = NULL;

	for (u32 i = 0; i < ROUNDS; i++) {
		const struct xb_region_opts opts = { .name = "churn",
			                             .bytes = 4096 + i % 3 * 5000 };
		struct xb_err err = XB_ERR_INIT;
		struct xb_region *r = xb_mem_map(mem, &opts, &err);
		struct xb_mem_info info;
		struct xb_mem_where where;

		if (!r)
			return arg;
		xb_mem_allow(mem, r->gaddr, 64, XB_MEM_WRITE);
		own = xb_mem_host(mem, r->gaddr);
		if (own[7] != 0 || !xb_mem_find(mem, r->gaddr + 63, &info) || info.bytes != 64)
			return arg;
		own[7] = i + 1;
		xb_mem_describe(mem, r->gaddr + 64, 1, XB_MEM_READ, &where);
		if (strcmp(where.name, "churn") != 0 || where.distance != 1)
			return arg;
		xb_mem_unmap(mem, r);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	pthread_t threads[3];
	struct xb_mem_info info;
	struct host h;

	(void)state;
	host_open(&h);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, h.vm->mem), 0);
	for (u32 i = 0; i < 3; i++) {
		void *bad;

		pthread_join(threads[i], &bad);
		assert_null(bad);
	}
	assert_true(xb_mem_find(h.vm->mem, h.plain->gaddr, &info));
	assert_string_equal(info.name, "plain");
	host_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accesses),  cmocka_unit_test(test_nested),
		cmocka_unit_test(test_enumerate), cmocka_unit_test(test_copy),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
