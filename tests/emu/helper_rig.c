/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/vcpu.h"
#include "tests/emu/helper_rig_priv.h"

#include "emu/prog.h"
#include "emu/timer.h"
#include "xdp/xdp.h"

#include <bpf/btf.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

static u32
add_timer_value(struct btf *btf)
{
	int u64_id = btf__add_int(btf, "u64", 8, 0), timer, value;

	timer = btf__add_struct(btf, "bpf_timer", 16);
	btf__add_field(btf, "low", u64_id, 0, 0);
	btf__add_field(btf, "high", u64_id, 64, 0);
	value = btf__add_struct(btf, "timer_value", 32);
	btf__add_field(btf, "before", u64_id, 0, 0);
	btf__add_field(btf, "timer", timer, 64, 0);
	btf__add_field(btf, "after", u64_id, 192, 0);
	return (u32)value;
}

/* Types: of the functions a program may have, and of values with a lock or a timer. */
static void
load_btf(struct rig *rig)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	int proto, number, lock;
	u32 bytes;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, number);
	rig->type_main = (u32)btf__add_func(btf, "rig_main", BTF_FUNC_GLOBAL, proto);
	rig->type_sub = (u32)btf__add_func(btf, "rig_sub", BTF_FUNC_STATIC, proto);
	lock = btf__add_struct(btf, "bpf_spin_lock", 4);
	btf__add_field(btf, "val", number, 0, 0);
	rig->type_lock_value = (u32)btf__add_struct(btf, "value", 16);
	btf__add_field(btf, "lock", lock, 0, 0);
	btf__add_field(btf, "number", number, 64, 0);
	rig->type_timer_value = add_timer_value(btf);
	rig->type_int = (u32)number;
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf__raw_data(btf, &bytes);
	attr.btf_size = bytes;
	rig->btf = (int)backend_bpf(&rig->b, BPF_BTF_LOAD, &attr);
	if (rig->btf < 0)
		fail_msg("%s: BTF: %s", rig->b.name, strerror(-rig->btf));
	btf__free(btf);
}

/* The kernel runs a program on the CPU that asked for it; the emulator's is vCPU 0. */
static void
pin_to_cpu_0(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

struct rig *
rig_open(bool kernel)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const struct xb_xdp_opts opts = { 0 };
	struct xb_err err = XB_ERR_INIT;

	assert_non_null(rig);
	if (kernel && !backend_open_kernel(&rig->b)) {
		free(rig);
		return NULL;
	}
	if (!kernel) {
		backend_open_emu(&rig->b, xb_xdp_register);
		rig->xdp = xb_xdp_new(rig->b.emu, &opts, &err);
		if (!rig->xdp)
			fail_msg("%s", err.msg);
	}
	pin_to_cpu_0();
	load_btf(rig);
	for (u32 i = 0; i < READERS; i++)
		rig->readers[i].fd = -1;
	for (u32 i = 0; i < RIG_CNT; i++)
		rig->maps[i] = -1;
	return rig;
}

void
rig_close(struct rig *rig)
{
	close(rig->btf);
	xb_xdp_free(rig->xdp);
	backend_close(&rig->b);
	free(rig);
}

/* Loads the row's program, its maps' descriptors put in. A descriptor or -errno. */
static int
load(struct rig *rig, const struct rig_row *row)
{
	struct bpf_func_info funcs[3] = { { 0, rig->type_main },
		                          { row->func_pc, rig->type_sub },
		                          { row->func2_pc, rig->type_sub } };
	struct bpf_insn *insns = malloc(row->insn_cnt * sizeof(*insns));
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	assert_non_null(insns);
	memcpy(insns, row->insns, row->insn_cnt * sizeof(*insns));
	rig_open_map(rig, RIG_OUT, row);
	for (u32 i = 0; i < row->insn_cnt; i++) {
		if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM) &&
		    (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
		     insns[i].src_reg == BPF_PSEUDO_MAP_VALUE))
			insns[i].imm = rig_open_map(rig, (enum rig_map)insns[i].imm, row);
	}
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = row->insn_cnt;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)rig->log;
	attr.log_size = sizeof(rig->log);
	attr.log_level = 1;
	attr.prog_btf_fd = (u32)rig->btf;
	attr.func_info_rec_size = sizeof(funcs[0]);
	attr.func_info = (uintptr_t)funcs;
	attr.func_info_cnt = row->func2_pc ? 3 : row->func_pc ? 2 : 1;
	rig->log[0] = 0;
	fd = backend_bpf(&rig->b, BPF_PROG_LOAD, &attr);
	free(insns);
	return (int)fd;
}

static void
make_packet(u8 packet[RIG_PACKET_BYTES])
{
	for (u32 i = 0; i < RIG_PACKET_BYTES; i++)
		packet[i] = (u8)i;
}

static void
run_kernel(struct rig *rig, int prog, const struct rig_row *row, struct rig_result *res)
{
	union bpf_attr attr;
	u8 packet[RIG_PACKET_BYTES], out[256];
	long ret;

	make_packet(packet);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.data_out = (uintptr_t)out;
	attr.test.data_size_out = sizeof(out);
	ret = backend_bpf(&rig->b, BPF_PROG_TEST_RUN, &attr);
	if (ret)
		fail_msg("%s: %s: test run: %s", rig->b.name, row->name, strerror((int)-ret));
	res->retval = attr.test.retval;
	if (row->wait_ms)
		usleep(row->wait_ms * 1000);
	rig_read_sample(rig, res);
}

static void
check_fault(const struct rig *rig, const struct rig_row *row, const struct xb_xdp_out *out)
{
	bool faulted = out->status == XB_RUN_FAULT;

	if (faulted != (row->fault != XB_FAULT_NONE))
		fail_msg("%s: %s: fault: %s", rig->b.name, row->name,
		         faulted ? out->fault->message : "there is none");
	if (!faulted)
		return;
	if (out->fault->kind != row->fault)
		fail_msg("%s: %s: fault: %s: %s", rig->b.name, row->name,
		         xb_fault_kind_name(out->fault->kind), out->fault->message);
	if (row->message && strcmp(out->fault->message, row->message) != 0)
		fail_msg("%s: %s: \"%s\" is not \"%s\"", rig->b.name, row->name,
		         out->fault->message, row->message);
}

static void
run_timers(struct rig *rig, const struct rig_row *row)
{
	struct xb_clock *clock = &rig->b.emu->clock;
	u64 until = clock->now_ns + row->wait_ms * 1000000ull;
	const struct xb_fault *f = xb_timer_run_until(rig->b.emu, until);

	if (!f != !row->timer_fault || (f && strcmp(f->message, row->timer_fault) != 0))
		fail_msg("%s: %s: timer: %s", rig->b.name, row->name, f ? f->message : "no fault");
	clock->now_ns = until;
}

/* A program that faults runs twice: the second run finds nothing that the first one left behind. */
static void
run_emu(struct rig *rig, int prog, const struct rig_row *row, struct rig_result *res)
{
	u8 packet[RIG_PACKET_BYTES];
	const struct xb_xdp_in in = { .data = packet, .bytes = sizeof(packet) };
	struct xb_xdp_out out;

	make_packet(packet);
	rig->b.emu->hooks = (struct xb_emu_hooks){ .arg = res, .event = rig_hear_event };
	for (u32 i = 0; i < (row->fault == XB_FAULT_NONE ? 1 : 2); i++) {
		xb_xdp_load(rig->xdp, &in);
		xb_xdp_run(rig->xdp, backend_emu_prog(&rig->b, prog), &out);
		xb_emu_run_end(rig->b.emu, 0);
		check_fault(rig, row, &out);
		run_timers(rig, row);
	}
	res->retval = out.retval;
	res->faulted = out.status == XB_RUN_FAULT;
}

static bool called[XB_EMU_HELPER_MAX];

static void
note_calls(const struct rig_row *row)
{
	for (u32 i = 0; i < row->insn_cnt; i++) {
		u32 id = (u32)row->insns[i].imm;

		if (row->insns[i].code == (BPF_JMP | BPF_CALL) && row->insns[i].src_reg == 0 &&
		    id < XB_EMU_HELPER_MAX)
			called[id] = true;
	}
}

bool
rig_has_called(u32 id)
{
	return called[id];
}

void
rig_run_row(struct rig *rig, const struct rig_row *row, struct rig_result *res)
{
	const u32 key = 0;
	int prog = load(rig, row);

	note_calls(row);
	*res = (struct rig_result){ .refused = prog < 0 };
	if (prog >= 0) {
		if (rig->maps[RIG_PROGS] >= 0)
			rig_update(rig, RIG_PROGS, 1, &prog);
		if (rig->b.emu)
			run_emu(rig, prog, row, res);
		else
			run_kernel(rig, prog, row, res);
		assert_int_equal(backend_lookup(&rig->b, rig->maps[RIG_OUT], &key, res->out), 0);
		rig_check_ring(rig, row);
		close(prog);
	}
	rig_close_maps(rig);
}

static void
dump(const char *title, const u8 *bytes, u32 cnt)
{
	print_error("  %s:", title);
	for (u32 i = 0; i < cnt; i++)
		print_error(" %02x", bytes[i]);
	print_error("  \"%.*s\"\n", (int)strnlen((const char *)bytes, cnt), (const char *)bytes);
}

/* Compares with what the row expects; false, and said, where it differs. */
static bool
compare(const struct rig *rig, const struct rig_row *row, const struct rig_result *res)
{
	u32 out_bytes = row->out_bytes ? row->out_bytes : row->out ? (u32)strlen(row->out) + 1 : 0;
	s64 r0;

	memcpy(&r0, res->out, sizeof(r0));
	if (res->refused) {
		print_error("%s: %s: refused: %s\n", rig->b.name, row->name, rig->log);
		return false;
	}
	if (res->retval != 2 || (!row->any_r0 && r0 != row->r0)) {
		print_error("%s: %s: returned %lld, not %lld (verdict %u)\n", rig->b.name,
		            row->name, (long long)r0, (long long)row->r0, res->retval);
		return false;
	}
	if (row->out && memcmp(res->out + OUT_DATA, row->out, out_bytes) != 0) {
		print_error("%s: %s: output differs\n", rig->b.name, row->name);
		dump("expected", row->out, out_bytes);
		dump("got", res->out + OUT_DATA, out_bytes);
		return false;
	}
	if (row->sample && (res->sample_bytes != row->sample_bytes ||
	                    memcmp(res->sample, row->sample, row->sample_bytes) != 0)) {
		print_error("%s: %s: sample of %u bytes differs\n", rig->b.name, row->name,
		            res->sample_bytes);
		dump("expected", row->sample, row->sample_bytes);
		dump("got", res->sample, row->sample_bytes);
		return false;
	}
	return true;
}

u32
rig_kernel(void)
{
	struct utsname name;
	u32 major, minor;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
	return KERNEL(major, minor);
}

/* Why the kernel does not run a row, or NULL. */
static const char *
not_for_kernel(const struct rig_row *row)
{
	struct timespec tick;

	if (row->emu_only)
		return row->emu_only;
	if (row->needs_hz_250 &&
	    (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_nsec != 4000000))
		return "the kernel's HZ is not 250";
	if (row->needs_2_cpus && sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return "there is one CPU";
	return row->since > rig_kernel() ? "the kernel is too old" : NULL;
}

static u32
run_all(struct rig *rig, const struct rig_row *rows, u32 cnt)
{
	bool kernel = rig->b.emu == NULL;
	struct rig_result res;
	u32 bad = 0;

	for (u32 i = 0; i < cnt; i++) {
		const struct rig_row *row = &rows[i];
		bool refused = row->refused || row->fault != XB_FAULT_NONE;

		if (kernel && not_for_kernel(row)) {
			print_message("skipped: %s: emulator only: %s\n", row->name,
			              not_for_kernel(row));
			continue;
		}
		rig_run_row(rig, row, &res);
		if (kernel && refused) {
			if (!res.refused)
				print_error("%s: %s: not refused\n", rig->b.name, row->name);
			bad += !res.refused;
		} else if (!res.faulted) {
			bad += !compare(rig, row, &res);
		}
	}
	return bad;
}

void
rig_run(const struct rig_row *rows, u32 cnt)
{
	u32 bad = 0;

	for (int kernel = 0; kernel < 2; kernel++) {
		struct rig *rig = rig_open(kernel);

		if (!rig)
			continue;
		bad += run_all(rig, rows, cnt);
		rig_close(rig);
	}
	if (bad)
		fail_msg("%u rows differ", bad);
}

u32
rig_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (u32)((*state * 0x2545f4914f6cdd1dull) >> 32);
}
