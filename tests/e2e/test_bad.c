/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bad.c - programs with a fault in them: the emulator stops each with the right one, and the
 * kernel refuses to load it.
 *
 *   test_bad PROGS
 */
#include "emu/emu.h"
#include "xdp/xdp.h"

#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/replay.h"

struct bad_row {
	const char *object;
	enum xb_fault_kind kind; /* NONE: the load fails in the emulator too */
	const char *near;        /* the object named by the fault, "" for none */
	const char *message;     /* a part of its sentence */
};

/* clang-format off */
static const struct bad_row rows[] = {
	{ "deep",              XB_FAULT_NONE,         "",       "" },
	{ "endless",           XB_FAULT_BUDGET,       "",       "" },
	{ "helper_range",      XB_FAULT_OOB_WRITE,    "stack",  "" },
	{ "null_value",        XB_FAULT_NULL_POINTER, "",       "" },
	{ "out_of_frame",      XB_FAULT_OOB_WRITE,    "",       "" },
	{ "past_packet",       XB_FAULT_OOB_READ,     "packet", "past the end of packet" },
	{ "past_value",        XB_FAULT_OOB_READ,     "twelve", "past the end" },
	{ "stale_packet",      XB_FAULT_OOB_READ,     "packet", "past the end of packet" },
	{ "wild_pointer",      XB_FAULT_OOB_READ,     "",       "" },
	{ "write_ctx",         XB_FAULT_READ_ONLY,    "",       "" },
	{ "write_past_packet", XB_FAULT_OOB_WRITE,    "packet", "past the end of packet" },
	{ "write_rodata",      XB_FAULT_READ_ONLY,    "",       "" },
};
/* clang-format on */

struct bad_state {
	const char *dir;
	const struct bad_row *row;
	bool kernel;
};

static int
keep_quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

/* The object's program; the test fails where the emulator refuses it. */
static struct bpf_object *
load(const struct bad_state *s, int *err)
{
	struct bpf_object *obj;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.o", s->dir, s->row->object);
	obj = bpf_object__open_file(path, NULL);
	assert_non_null(obj);
	*err = bpf_object__load(obj);
	return obj;
}

static void
run_twice(const struct bad_state *s, struct xb_emu *emu, const struct xb_bpf_prog *prog)
{
	static const u8 packet[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct xb_xdp_in in = { .data = packet,
		                      .bytes = sizeof(packet),
		                      .ingress_ifindex = 1 };
	const struct xb_xdp_opts opts = { .vcpu = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_xdp *xdp = xb_xdp_new(emu, &opts, &err);
	struct xb_xdp_out out;

	assert_non_null(xdp);
	/* The second run finds everything as the first did. */
	for (int i = 0; i < 2; i++) {
		const struct xb_line *line;

		xb_xdp_load(xdp, &in);
		xb_xdp_run(xdp, prog, &out);
		assert_int_equal(out.status, XB_RUN_FAULT);
		assert_int_equal(out.retval, XDP_ABORTED);
		assert_non_null(out.fault);
		print_message("%s: %s: %s\n", s->row->object, xb_fault_kind_name(out.fault->kind),
		              out.fault->message);
		assert_int_equal(out.fault->kind, s->row->kind);
		assert_non_null(strstr(out.fault->object, s->row->near));
		assert_non_null(strstr(out.fault->message, s->row->message));
		line = xb_prog_line(out.fault->prog, out.fault->pc);
		assert_non_null(line);
		assert_non_null(strstr(line->file, s->row->object));
	}
	xb_xdp_free(xdp);
}

static void
test_fault(void **state)
{
	const struct bad_state *s = *state;
	const struct xb_emu_opts opts = { .cpu_cnt = 1, .max_insns = 100000 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_emu *emu = xb_emu_new(&opts, &err);
	struct bpf_object *obj;
	struct xb_obj *found;
	int failed;

	assert_non_null(emu);
	xb_xdp_register(emu);
	xb_emu_enter(emu);
	obj = load(s, &failed);
	assert_int_equal(failed != 0, s->row->kind == XB_FAULT_NONE);
	if (!failed) {
		int fd = bpf_program__fd(bpf_object__next_program(obj, NULL));

		assert_int_equal(xb_obj_by_fd(emu, fd, XB_OBJ_PROG, &found), 0);
		run_twice(s, emu, XB_CONTAINER_OF(found, struct xb_bpf_prog, obj));
	}
	bpf_object__close(obj);
	xb_emu_enter(NULL);
	xb_emu_free(emu);

	if (!s->kernel)
		return;
	obj = load(s, &failed);
	assert_int_not_equal(failed, 0);
	bpf_object__close(obj);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[XB_ARRAY_SIZE(rows)];
	struct bad_state states[XB_ARRAY_SIZE(rows)];
	bool kernel;

	if (argc != 2) {
		fprintf(stderr, "usage: test_bad PROGS\n");
		return 2;
	}
	libbpf_set_print(keep_quiet);
	kernel = replay_kernel_permitted();
	if (!kernel)
		printf("skipped: bpf(2) not permitted\n");
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		states[i] = (struct bad_state){ argv[1], &rows[i], kernel };
		tests[i] = (struct CMUnitTest){ .name = rows[i].object,
			                        .test_func = test_fault,
			                        .initial_state = &states[i] };
	}
	return cmocka_run_group_tests_name("bad programs", tests, NULL, NULL) != 0;
}
