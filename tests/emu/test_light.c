/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_light.c - a light skeleton (bpftool gen skeleton -L): a program of type SYSCALL makes maps
 * and programs, by the emulator and, where it is permitted, by the kernel.
 */
#include "emu/emu.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Generated code has other manners. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wpointer-arith"
#include "light.lskel.h"
#pragma GCC diagnostic pop

static u32
run_xdp(int prog)
{
	u8 packet[60] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	return opts.retval;
}

static void
check(const char *name)
{
	struct light_bpf *skel = light_bpf__open();
	u32 key = 60;
	u64 cnt = 0;
	int ret;

	assert_non_null(skel);
	skel->rodata->step = 5;
	ret = light_bpf__load(skel);
	if (ret)
		fail_msg("%s: load: %d", name, ret);
	assert_int_equal(run_xdp(skel->progs.light_count.prog_fd), XDP_PASS);
	assert_int_equal(run_xdp(skel->progs.light_count.prog_fd), XDP_PASS);
	assert_int_equal(run_xdp(skel->progs.light_drop.prog_fd), XDP_DROP);
	assert_int_equal(skel->data->total, 100 + 2 * 5 + 1000);
	assert_int_equal(bpf_map_lookup_elem(skel->maps.lengths.map_fd, &key, &cnt), 0);
	assert_int_equal(cnt, 2);
	light_bpf__destroy(skel);
}

static void
test_light(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	xb_emu_enter(b.emu);
	check(b.name);
	xb_emu_enter(NULL);
	backend_close(&b);
	if (!backend_open_kernel(&b))
		return;
	check(b.name);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_light) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
