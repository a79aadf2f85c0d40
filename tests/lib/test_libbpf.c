/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_libbpf.c - programs that the caller's libbpf has read or loaded, in a machine.
 */
#include "xdpbench/libbpf.h"
#include "xdpbench/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CONTEXT "{\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":\"ffffffffffff0200000000010800\"}}"

static const char *progs; /* the directory of the objects */

static struct xb_machine *
machine_new(bool with_linux)
{
	struct xb_linux_opts linux_opts = { .size = sizeof(linux_opts) };
	struct xb_machine_opts opts = { .size = sizeof(opts) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *m;

	if (with_linux)
		opts.emulator = xb_linux_emulator(xb_linux_new(&linux_opts, &err));
	m = xb_machine_new(&opts, &err);
	if (!m)
		fail_msg("%s", err.msg);
	return m;
}

static struct bpf_object *
open_object(const char *name)
{
	struct bpf_object *o;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", progs, name);
	o = bpf_object__open_file(path, NULL);
	assert_non_null(o);
	return o;
}

/* What the program returns for a packet of an Ethernet header alone, or for no context. */
static uint64_t
run(struct xb_machine *m, struct xb_program *program, bool with_context)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, CONTEXT, strlen(CONTEXT), &err);
	struct xb_process *p;
	uint64_t r0;

	assert_non_null(c);
	p = xb_process_new(m, program, with_context ? c : NULL, NULL, &err);
	if (!p)
		fail_msg("%s", err.msg);
	assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_EXITED);
	r0 = xb_process_result(p);
	xb_process_free(p);
	xb_context_free(c);
	return r0;
}

static void
test_loaded(void **state)
{
	struct xb_machine *m = machine_new(true);
	struct bpf_object *o = open_object("pass.o");
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *program;
	int rc;

	(void)state;
	xb_linux_enter(xb_linux_of(m));
	rc = bpf_object__load(o);
	xb_linux_enter(NULL);
	assert_int_equal(rc, 0);
	program = xb_machine_add_bpf_program(m, bpf_object__next_program(o, NULL), &err);
	assert_non_null(program);
	assert_ptr_equal(program,
	                 xb_machine_add_bpf_program(m, bpf_object__next_program(o, NULL), &err));
	assert_ptr_equal(program, xb_machine_next_program(m, NULL));
	assert_null(xb_machine_next_program(m, program));
	assert_int_equal(run(m, program, true), 2);
	bpf_object__close(o);
	xb_machine_free(m);
}

/* Nothing of the kernel's is in it: any machine can run it. */
static void
test_only_read(void **state)
{
	struct xb_machine *m = machine_new(false);
	struct bpf_object *o = open_object("pass.o");
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *program =
	        xb_machine_add_bpf_program(m, bpf_object__next_program(o, NULL), &err);

	(void)state;
	if (!program)
		fail_msg("%s", err.msg);
	assert_int_equal(run(m, program, false), 2);
	bpf_object__close(o);
	xb_machine_free(m);
}

/* Nothing in it is resolved. */
static void
test_not_loaded(void **state)
{
	struct xb_machine *m = machine_new(true);
	struct bpf_object *o = open_object("firewall.o");
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	assert_null(xb_machine_add_bpf_program(m, bpf_object__next_program(o, NULL), &err));
	assert_string_equal(err.msg, "program 'xdp_firewall': was not loaded into the emulator");
	assert_null(xb_machine_next_program(m, NULL));
	bpf_object__close(o);
	xb_machine_free(m);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_only_read),
		cmocka_unit_test(test_not_loaded),
	};

	if (argc != 2)
		return 2;
	progs = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
