/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that are recorded, and played back by another emulator, with another clock, other chances
 * and empty maps.
 */
#define XB_INSN_BRACES
#include "emu/captured.h"
#include "emu/map.h"
#include "emu/vcpu.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_INSNS 32
#define KEY       -8  /* on the stack */
#define BUFFER    -24 /* 16 bytes */

struct row {
	const char *name;
	struct bpf_insn insns[MAX_INSNS];
	u32 helper, calls;   /* that are recorded of it */
	u32 params, results; /* of the first one */
	bool bytes;          /* its last result has some */
	bool same;           /* without a playback it gives the same, as it is called again */
};

/* The map's descriptor is put in where it is loaded. */
#define MAP     XB_LD_MAP_FD(1, 0)
#define STACK_2 XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, KEY)
#define STACK_3 XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, BUFFER)
#define ZERO                                                                                       \
	XB_ST_MEM(BPF_DW, 10, KEY, 0), XB_ST_MEM(BPF_DW, 10, BUFFER, 0),                           \
	        XB_ST_MEM(BPF_DW, 10, BUFFER + 8, 0)

/* clang-format off */
static const struct row rows[] = {
	{ "a clock", { XB_CALL(BPF_FUNC_ktime_get_ns), XB_EXIT() }, BPF_FUNC_ktime_get_ns, 1, 0, 1, false, false },
	{ "chance, twice", { XB_CALL(BPF_FUNC_get_prandom_u32), XB_MOV64_REG(6, 0), XB_CALL(BPF_FUNC_get_prandom_u32), XB_ALU64_IMM(BPF_MUL, 0, 3), XB_ALU64_REG(BPF_ADD, 0, 6), XB_EXIT() },
	  BPF_FUNC_get_prandom_u32, 2, 0, 1, false, false },
	{ "a value", { ZERO, MAP, STACK_2, XB_CALL(BPF_FUNC_map_lookup_elem), XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_LDX_MEM(BPF_DW, 0, 0, 0), XB_EXIT() },
	  BPF_FUNC_map_lookup_elem, 1, 0, 1, true, false },
	{ "a value that is changed and looked at again", { ZERO, MAP, STACK_2, XB_CALL(BPF_FUNC_map_lookup_elem), XB_JMP_IMM(BPF_JEQ, 0, 0, 8), XB_MOV64_IMM(1, 5),
	    XB_ATOMIC(BPF_DW, BPF_ADD, 0, 1, 0), MAP, STACK_2, XB_CALL(BPF_FUNC_map_lookup_elem), XB_LDX_MEM(BPF_DW, 0, 0, 0), XB_EXIT() },
	  BPF_FUNC_map_lookup_elem, 2, 0, 1, true, false },
	{ "no value", { ZERO, XB_ST_MEM(BPF_W, 10, KEY, 9), MAP, STACK_2, XB_CALL(BPF_FUNC_map_lookup_elem), XB_EXIT() }, BPF_FUNC_map_lookup_elem, 1, 0, 1, false, true },
	{ "an update", { ZERO, MAP, STACK_2, STACK_3, XB_MOV64_IMM(4, 1), XB_CALL(BPF_FUNC_map_update_elem), XB_EXIT() }, BPF_FUNC_map_update_elem, 1, 1, 1, false, true },
	{ "bytes of the packet", { ZERO, XB_MOV64_IMM(2, 3), STACK_3, XB_MOV64_IMM(4, 4), XB_CALL(BPF_FUNC_xdp_load_bytes), XB_LDX_MEM(BPF_W, 0, 10, BUFFER), XB_EXIT() },
	  BPF_FUNC_xdp_load_bytes, 1, 2, 2, true, false },
	{ "a packet that is changed", { XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, -4), XB_CALL(BPF_FUNC_xdp_adjust_head), XB_LDX_MEM(BPF_W, 2, 6, 0), XB_LDX_MEM(BPF_W, 0, 6, 4), XB_ALU64_REG(BPF_SUB, 0, 2), XB_EXIT() },
	  BPF_FUNC_xdp_adjust_head, 1, 1, 1, false, true },
	{ "a function that is called back", { XB_MOV64_IMM(1, 3), XB_LD_FUNC(2, 6), XB_MOV64_IMM(3, 0), XB_MOV64_IMM(4, 0), XB_CALL(BPF_FUNC_loop), XB_CALL(BPF_FUNC_get_prandom_u32), XB_EXIT(),
	    XB_CALL(BPF_FUNC_get_prandom_u32), XB_MOV64_IMM(0, 0), XB_EXIT() },
	  BPF_FUNC_get_prandom_u32, 4, 0, 1, false, false },
};
/* clang-format on */

static u32
insn_cnt(const struct row *row)
{
	u32 cnt = MAX_INSNS;

	while (row->insns[cnt - 1].code == 0)
		cnt--;
	return cnt;
}

static void
register_watched(struct xb_emu *emu)
{
	xb_xdp_register(emu);
	emu->watch = true;
}

/* With a map of one element, and the world as it is for `n`. */
static u64
run(const struct row *row, u64 n, struct xb_captured *record, const struct xb_captured *played,
    const struct xb_playback_opts *opts)
{
	struct bpf_insn insns[MAX_INSNS];
	u8 packet[20] = { (u8)n, (u8)n, (u8)n, (u8)(n + 3), (u8)n, 5, 6, 7 };
	const struct xb_xdp_in in = { .data = packet, .bytes = sizeof(packet) };
	struct backend_prog prog = { .insns = insns, .insn_cnt = insn_cnt(row) };
	struct xb_playback *playback = NULL;
	struct xb_err err = XB_ERR_INIT;
	struct xb_xdp_out out;
	struct backend b;
	struct xb_xdp *x;
	u64 value[2] = { n * 1000, 0 }, r0;
	u32 zero = 0;
	int map, fd;

	backend_open_emu(&b, register_watched);
	map = backend_map(&b, BPF_MAP_TYPE_ARRAY, 4, sizeof(value), 1);
	assert_int_equal(backend_update(&b, map, &zero, value), 0);
	memcpy(insns, row->insns, sizeof(insns));
	for (u32 i = 0; i < MAX_INSNS; i++)
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD &&
		    insns[i].code == (BPF_LD | BPF_DW | BPF_IMM))
			insns[i].imm = map;
	fd = backend_prog(&b, &prog);
	b.emu->clock.now_ns = n * 12345;
	b.emu->vcpus[0].rand_state += n;
	x = xb_xdp_new(b.emu, &(struct xb_xdp_opts){ 0 }, &err);
	assert_non_null(x);
	b.emu->record[0] = record;
	if (played) {
		playback = xb_playback_new(b.emu, played, opts, &err);
		assert_non_null(playback);
		xb_playback_start(playback, 0);
	}
	xb_xdp_load(x, &in);
	xb_xdp_run(x, backend_emu_prog(&b, fd), &out);
	if (out.fault)
		fail_msg("row '%s': %s", row->name, out.fault->message);
	r0 = out.retval;
	xb_playback_free(playback);
	xb_xdp_free(x);
	close(fd);
	close(map);
	backend_close(&b);
	return r0;
}

static bool
check_calls(const struct row *row, const struct xb_captured *c)
{
	const struct xb_captured_call *call = c->calls[row->helper];

	if (!c->cut && c->cnt[row->helper] == row->calls && call->param_cnt == row->params &&
	    call->result_cnt == row->results &&
	    (call->results[row->results - 1].bytes != NULL) == row->bytes)
		return true;
	print_error("row '%s': recorded %u calls, %u parameters, %u results\n", row->name,
	            c->cnt[row->helper], call ? call->param_cnt : 0, call ? call->result_cnt : 0);
	return false;
}

static bool
check_row(const struct row *row)
{
	const struct xb_playback_opts strict = { .strict = true };
	struct xb_err err = XB_ERR_INIT;
	struct xb_captured *c = xb_captured_new(&err), *again = xb_captured_new(&err), *copy;
	u64 was = run(row, 1, c, NULL, NULL), other = run(row, 2, NULL, NULL, NULL), now, third;
	bool ok = check_calls(row, c);

	now = run(row, 2, again, c, &strict);
	ok = ok && check_calls(row, again); /* what is played back is recorded anew */
	copy = xb_captured_clone(again, &err);
	assert_non_null(copy);
	third = run(row, 3, NULL, copy, &strict);
	if (now != was || third != was || (other == was) != row->same) {
		print_error("row '%s': R0 0x%llx, played back 0x%llx and 0x%llx, without 0x%llx\n",
		            row->name, (unsigned long long)was, (unsigned long long)now,
		            (unsigned long long)third, (unsigned long long)other);
		ok = false;
	}
	xb_captured_free(copy);
	xb_captured_free(again);
	xb_captured_free(c);
	return ok;
}

static void
test_rows(void **state)
{
	u32 failed = 0;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		failed += !check_row(&rows[i]);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
