/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine.c - Linux's helpers on machines with options: strict ones, frames of another shape,
 * zeroed memory, and arguments that lie in memory which the host answers for.
 */
#include "emu/helper.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/mem_host.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_INSNS 24

/* A machine with a hash and an array of 8 bytes by 4, a ring buffer, and objects of the host's. */
struct linux_machine {
	struct backend b;
	struct xb_xdp *xdp;
	int hash, ring, locks;
	struct xb_region *device, *lent;
	u8 bytes[64], buf[64];
};

enum map { HASH = 1, RING, LOCKS, MAPS };

static int
device_load(void *arg, u64 off, u32 bytes, u64 *value)
{
	memcpy(value, (u8 *)arg + off, bytes);
	return off == 60 ? -EIO : 0;
}

static int
device_store(void *arg, u64 off, u32 bytes, u64 value)
{
	memcpy((u8 *)arg + off, &value, bytes);
	return 0;
}

static const struct xb_mem_object_ops device_ops = { device_load, device_store, NULL };

static void
machine_open(struct linux_machine *m, struct xb_emu_opts opts)
{
	const struct xb_xdp_opts xdp_opts = { .vcpu = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_region_opts device = {
		.name = "device", .bytes = 64, .low = true, .object = &device_ops
	};

	memset(m, 0, sizeof(*m));
	m->b = (struct backend){ .name = "emulator", .emu = xb_emu_new(&opts, &err) };
	if (!m->b.emu)
		fail_msg("%s", err.msg);
	xb_xdp_register(m->b.emu);
	m->xdp = xb_xdp_new(m->b.emu, &xdp_opts, &err);
	assert_non_null(m->xdp);
	m->hash = backend_map(&m->b, BPF_MAP_TYPE_HASH, 4, 8, 4);
	m->ring = backend_map(&m->b, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	m->locks = backend_map(&m->b, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	device.object_arg = m->bytes;
	m->device = xb_mem_map(m->b.emu->mem, &device, &err);
	m->lent = xb_mem_lend(m->b.emu->mem, "buffer", m->buf, sizeof(m->buf), true, &err);
	assert_non_null(m->device);
	assert_non_null(m->lent);
}

static void
machine_close(struct linux_machine *m)
{
	close(m->hash);
	close(m->ring);
	close(m->locks);
	xb_xdp_free(m->xdp);
	backend_close(&m->b);
}

/* Names maps by enum map, and objects by the addresses 1 (the device) and 2 (the buffer). */
static struct xb_bpf_prog *
load(const struct linux_machine *m, const struct bpf_insn *from, u32 cnt)
{
	const int fds[MAPS] = { [HASH] = m->hash, [RING] = m->ring, [LOCKS] = m->locks };
	struct bpf_insn insns[MAX_INSNS];
	struct backend_prog opts = { .insns = insns, .insn_cnt = cnt };
	struct xb_bpf_prog *prog;
	int fd;

	assert_true(cnt <= MAX_INSNS);
	memcpy(insns, from, cnt * sizeof(*insns));
	for (u32 i = 0; i < cnt; i++) {
		u64 gaddr = insns[i].imm == 1 ? m->device->gaddr : m->lent->gaddr;

		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD) {
			insns[i].imm = fds[insns[i].imm];
		} else if (insns[i].src_reg == 0) {
			insns[i].imm = (s32)gaddr;
			insns[i + 1].imm = (s32)(gaddr >> 32);
		}
	}
	fd = backend_prog(&m->b, &opts);
	prog = backend_emu_prog(&m->b, fd);
	close(fd);
	return prog;
}

struct row {
	const char *name;
	struct bpf_insn insns[MAX_INSNS];
	u32 cnt;
	u32 retval;
	const char *fault; /* or NULL */
};

static void
run_rows(struct linux_machine *m, const struct row *rows, u32 cnt)
{
	static const u8 data[60];
	const struct xb_xdp_in in = { .data = data, .bytes = sizeof(data) };

	for (u32 i = 0; i < cnt; i++) {
		struct xb_xdp_out out;

		memset(m->bytes, 1, sizeof(m->bytes));
		memset(m->buf, 1, sizeof(m->buf));
		xb_xdp_load(m->xdp, &in);
		xb_xdp_run(m->xdp, load(m, rows[i].insns, rows[i].cnt), &out);
		if ((out.fault != NULL) != (rows[i].fault != NULL) ||
		    (out.fault && strcmp(out.fault->message, rows[i].fault) != 0))
			fail_msg("%s: %s", rows[i].name,
			         out.fault ? out.fault->message : "no fault");
		if (!out.fault && out.retval != rows[i].retval)
			fail_msg("%s: returns %d", rows[i].name, (int)out.retval);
	}
}

#define MAP(reg, map)    XB_LD_MAP_FD(reg, map)
#define FP(reg, off)     XB_MOV64_REG(reg, 10), XB_ALU64_IMM(BPF_ADD, reg, off)
#define DEVICE(reg)      XB_LD_IMM64(reg, 1)
#define BUFFER(reg)      XB_LD_IMM64(reg, 2)
#define CALL(id)         XB_CALL(BPF_FUNC_##id)
#define K(reg, v)        XB_MOV64_IMM(reg, v)
#define ST(size, off, v) XB_ST_MEM(BPF_##size, 10, off, v)
#define EXIT             XB_EXIT()
#define RETURNS(v)       .retval = (u32)(v)
#define FAULTS(text)     .fault = (text)
#define KEY_AND_VALUE(reg)                                                                         \
	XB_MOV64_REG(2, reg), XB_MOV64_REG(3, reg), XB_ALU64_IMM(BPF_ADD, 3, 8), K(4, 0)

/* clang-format off */
static const struct row strict_rows[] = {
	{ "key", { ST(W, -4, 1), MAP(1, HASH), FP(2, -4), CALL(map_lookup_elem), EXIT }, 7, RETURNS(0) },
	{ "key, not written", { MAP(1, HASH), FP(2, -4), CALL(map_lookup_elem), EXIT }, 6, FAULTS("bpf_map_lookup_elem: argument 2 (key): bytes 0 to 3 of the stack at fp-4 were never written") },
	{ "key, in part", { ST(H, -4, 1), ST(B, -1, 1), MAP(1, HASH), FP(2, -4), CALL(map_delete_elem), EXIT }, 8, FAULTS("bpf_map_delete_elem: argument 2 (key): byte 2 of the stack at fp-4 was never written") },
	{ "value, in part", { ST(W, -4, 1), ST(W, -12, 1), MAP(1, HASH), FP(2, -4), FP(3, -16), K(4, 0), CALL(map_update_elem), EXIT }, 11, FAULTS("bpf_map_update_elem: argument 3 (value): bytes 0 to 3 of the stack at fp-16 were never written") },
	{ "flags", { ST(W, -4, 1), ST(DW, -16, 1), MAP(1, HASH), FP(2, -4), FP(3, -16), CALL(map_update_elem), EXIT }, 10, FAULTS("map_update_elem: register r4 was never written") },
	{ "all of them", { ST(W, -4, 1), ST(DW, -16, 1), MAP(1, HASH), FP(2, -4), FP(3, -16), K(4, 0), CALL(map_update_elem), EXIT }, 11, RETURNS(0) },
	{ "no arguments", { CALL(ktime_get_ns), K(0, 3), EXIT }, 3, RETURNS(3) },
	{ "numbers", { K(1, 4), CALL(redirect), EXIT }, 3, FAULTS("redirect: register r2 was never written") },
	{ "printk without numbers", { ST(DW, -8, 0x6968), FP(1, -8), K(2, 3), CALL(trace_printk), K(0, 2), EXIT }, 7, RETURNS(2) },
	{ "printk's format", { ST(H, -8, 0x6968), FP(1, -8), K(2, 3), CALL(trace_printk), EXIT }, 6, FAULTS("bpf_trace_printk: argument 1 (buffer): byte 2 of the stack at fp-8 was never written") },
	{ "a helper writes", { XB_MOV64_REG(6, 1), K(2, 0), FP(3, -8), K(4, 7), CALL(xdp_load_bytes), XB_LDX_MEM(BPF_B, 0, 10, -2), EXIT }, 8, RETURNS(0) },
	{ "and no more", { XB_MOV64_REG(6, 1), K(2, 0), FP(3, -8), K(4, 7), CALL(xdp_load_bytes), XB_LDX_MEM(BPF_B, 0, 10, -1), EXIT }, 8, FAULTS("byte 0 of the stack at fp-1 was never written") },
	{ "a result", { ST(DW, -24, 0x37), FP(1, -24), K(2, 8), K(3, 0), FP(4, -8), CALL(strtoul), XB_LDX_MEM(BPF_DW, 0, 10, -8), EXIT }, 10, RETURNS(7) },
	{ "a result that is read first", { K(2, 0), FP(3, -8), K(4, 0), K(5, 0), CALL(check_mtu), EXIT }, 7, FAULTS("bpf_check_mtu: argument 3 (result): bytes 0 to 3 of the stack at fp-8 were never written") },
};

static const struct row host_rows[] = {
	{ "update from the device", { DEVICE(6), XB_ST_MEM(BPF_W, 6, 0, 7), XB_ST_MEM(BPF_DW, 6, 8, 99), MAP(1, HASH), KEY_AND_VALUE(6), CALL(map_update_elem), EXIT }, 12, RETURNS(0) },
	{ "which is there", { DEVICE(6), XB_ST_MEM(BPF_W, 6, 0, 7), MAP(1, HASH), XB_MOV64_REG(2, 6), CALL(map_lookup_elem), XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_LDX_MEM(BPF_DW, 0, 0, 0), EXIT }, 10, RETURNS(99) },
	{ "update from a buffer", { BUFFER(6), XB_ST_MEM(BPF_W, 6, 0, 8), XB_ST_MEM(BPF_DW, 6, 8, 98), MAP(1, HASH), KEY_AND_VALUE(6), CALL(map_update_elem), EXIT }, 12, RETURNS(0) },
	{ "delete by a buffer", { BUFFER(6), XB_ST_MEM(BPF_W, 6, 0, 8), MAP(1, HASH), XB_MOV64_REG(2, 6), CALL(map_delete_elem), EXIT }, 8, RETURNS(0) },
	{ "the packet into the device", { K(2, 0), DEVICE(3), K(4, 3), CALL(xdp_load_bytes), DEVICE(3), XB_LDX_MEM(BPF_W, 0, 3, 0), EXIT }, 9, RETURNS(0x01000000) },
	{ "the packet into a buffer", { K(2, 0), BUFFER(3), K(4, 3), CALL(xdp_load_bytes), BUFFER(3), XB_LDX_MEM(BPF_W, 0, 3, 0), EXIT }, 9, RETURNS(0x01000000) },
	{ "past the device", { K(2, 0), DEVICE(3), XB_ALU64_IMM(BPF_ADD, 3, 60), K(4, 8), CALL(xdp_load_bytes), EXIT }, 7, FAULTS("bpf_xdp_load_bytes: argument 3 (buffer): 1 byte past the end of device (64 bytes)") },
	{ "broken", { K(2, 0), DEVICE(3), XB_ALU64_IMM(BPF_ADD, 3, 60), K(4, 4), CALL(xdp_load_bytes), EXIT }, 7, FAULTS("device: load of 4 bytes at offset 60: Input/output error") },
	{ "a lock", { DEVICE(1), CALL(spin_lock), K(0, 1), EXIT }, 5, FAULTS("bpf_spin_lock: argument 1 (lock): device is no memory to pass on") },
	{ "a string", { DEVICE(1), K(2, 5), DEVICE(3), CALL(strncmp), EXIT }, 7, FAULTS("bpf_strncmp: argument 3 (string): device is no memory to pass on") },
};

/* 16 bytes of the ring are written, and given back; then reserved again, and read. */
#define RESERVE MAP(1, RING), K(2, 2040), K(3, 0), CALL(ringbuf_reserve)
#define DISCARD XB_MOV64_REG(1, 0), K(2, 0), CALL(ringbuf_discard)
static const struct row ring_write = { "write", { RESERVE, XB_ST_MEM(BPF_DW, 0, 8, 5), DISCARD, K(0, 1), EXIT }, 11, RETURNS(1) };
static const struct row ring_read = { "read", { RESERVE, XB_LDX_MEM(BPF_DW, 6, 0, 8), DISCARD, XB_MOV64_REG(0, 6), EXIT }, 11, RETURNS(0) };
/* clang-format on */

static void
test_strict(void **state)
{
	struct linux_machine m;

	(void)state;
	machine_open(&m, (struct xb_emu_opts){ .strict = true });
	run_rows(&m, strict_rows, XB_ARRAY_SIZE(strict_rows));
	machine_close(&m);
}

static void
test_host_objects(void **state)
{
	struct linux_machine m;

	(void)state;
	for (u32 strict = 0; strict <= 1; strict++) {
		machine_open(&m, (struct xb_emu_opts){ .strict = strict });
		run_rows(&m, host_rows, XB_ARRAY_SIZE(host_rows));
		machine_close(&m);
	}
}

static void
run_ring(struct linux_machine *m, const struct row *row)
{
	run_rows(m, row, 1);
	xb_ringbuf_consume(backend_emu_map(&m->b, m->ring), NULL, NULL);
}

/* What a program left in a ring buffer is for others to see, as on Linux, unless all is zeroed. */
static void
test_zeroing(void **state)
{
	struct linux_machine m;

	(void)state;
	for (u32 zeroing = XB_ZERO_NEEDED; zeroing <= XB_ZERO_ALWAYS; zeroing++) {
		struct row read = ring_read;

		read.retval = zeroing == XB_ZERO_ALWAYS ? 0 : 5;
		machine_open(&m, (struct xb_emu_opts){ .zeroing = (enum xb_zeroing)zeroing });
		for (u32 i = 0; i < 4; i++) /* twice around */
			run_ring(&m, &ring_write);
		run_ring(&m, &read);
		machine_close(&m);
	}
}

/* The emulator hands the shape of frames on. */
static void
test_frames(void **state)
{
	static const struct row rows[] = {
		{ "far down",
		  { ST(DW, -2048, 4), XB_LDX_MEM(BPF_DW, 0, 10, -2048), EXIT },
		  3,
		  RETURNS(4) },
		{ "too far",
		  { ST(B, -2049, 4), K(0, 0), EXIT },
		  3,
		  FAULTS("1 byte before the start of stack (2048 bytes)") },
	};
	const struct xb_emu_opts bad = { .frame_bytes = 12 };
	struct xb_err err = XB_ERR_INIT;
	struct linux_machine m;

	(void)state;
	machine_open(&m, (struct xb_emu_opts){ .frame_bytes = 2048, .frame_cnt = 20 });
	assert_int_equal(m.b.emu->vm->frame_cnt, 20);
	run_rows(&m, rows, XB_ARRAY_SIZE(rows));
	machine_close(&m);
	assert_null(xb_emu_new(&bad, &err));
	assert_non_null(strstr(err.msg, "stack frames of 12 bytes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_host_objects),
		cmocka_unit_test(test_zeroing),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
