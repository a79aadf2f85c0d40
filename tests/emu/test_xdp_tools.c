/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_xdp_tools.c - objects that other people compiled: the package xdp-tools installs them.
 *
 * All of them load without privilege; those that are plain XDP with the instructions that libbpf
 * gives the kernel; the dispatcher runs programs in the places it keeps for them, as libxdp puts
 * them there.
 */
#include "emu/btf.h"
#include "emu/link.h"
#include "tests/emu/sys_rig.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <glob.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OBJECTS       15
#define MAX_ELF_BYTES (1u << 20)
#define NOBODY        65534
#define EMPTY_PLACE   31 /* what a place returns that nothing was put into: XDP_DISPATCHER_RETVAL */

/* Paths of the objects; false and a word where the package is not installed. */
static bool
find_objects(glob_t *found)
{
	if (glob(XDP_TOOLS_DIR "/*xdp*.o", 0, NULL, found) == 0) {
		if (found->gl_pathc >= OBJECTS)
			return true;
		globfree(found);
	}
	printf("skipped: the objects of xdp-tools are not in %s\n", XDP_TOOLS_DIR);
	return false;
}

static struct bpf_object *
open_obj(struct sys_rig *rig, const char *path, bool use_host)
{
	struct xb_err err = XB_ERR_INIT;
	char *elf = malloc(MAX_ELF_BYTES);
	struct bpf_object *obj;
	struct bpf_program *prog;
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_non_null(elf);
	if (rig->emu &&
	    xb_btf_kernel_set(rig->emu, elf, fread(elf, 1, MAX_ELF_BYTES, f), use_host, &err))
		fail_msg("%s: %s", path, err.msg);
	fclose(f);
	free(elf);
	sys_rig_enter(rig);
	obj = bpf_object__open_file(path, NULL);
	if (obj == NULL)
		fail_msg("%s: %s", path, rig->log);
	bpf_object__for_each_program(prog, obj) if (bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC)
	        bpf_program__set_type(prog, BPF_PROG_TYPE_XDP);
	return obj;
}

static void
load_obj(struct sys_rig *rig, struct bpf_object *obj)
{
	if (bpf_object__load(obj))
		fail_msg("%s: %s", bpf_object__name(obj), rig->log);
	sys_rig_leave();
}

/* Tracing programs trace the dispatcher. */
static void
set_targets(struct bpf_object *obj, struct bpf_object *dispatcher)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog,
	                             obj) if (bpf_program__type(prog) == BPF_PROG_TYPE_TRACING)
	        assert_int_equal(bpf_program__set_attach_target(
	                                 prog,
	                                 bpf_program__fd(bpf_object__find_program_by_name(
	                                         dispatcher, "xdp_dispatcher")),
	                                 "xdp_dispatcher"),
	                         0);
}

static u32
load_all(const glob_t *found, bool use_host)
{
	struct bpf_object *dispatcher;
	struct sys_rig rig;
	u32 cnt = 0;

	sys_rig_init(&rig, NULL);
	xb_xdp_register(rig.emu);
	dispatcher = open_obj(&rig, XDP_TOOLS_DIR "/xdp-dispatcher.o", use_host);
	load_obj(&rig, dispatcher);
	for (size_t i = 0; i < found->gl_pathc; i++) {
		struct bpf_object *obj = open_obj(&rig, found->gl_pathv[i], use_host);

		set_targets(obj, dispatcher);
		load_obj(&rig, obj);
		bpf_object__close(obj);
		cnt++;
	}
	bpf_object__close(dispatcher);
	sys_rig_fini(&rig);
	return cnt;
}

static void
test_load(void **state)
{
	glob_t found;
	pid_t pid;
	int status;

	(void)state;
	if (!find_objects(&found))
		skip();
	assert_true(load_all(&found, true) >= OBJECTS);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(2);
		_exit(load_all(&found, false) >= OBJECTS ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	globfree(&found);
}

static bool
has_tracing(struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) if (bpf_program__type(prog) ==
	                                            BPF_PROG_TYPE_TRACING) return true;
	return false;
}

static void
compare(struct sys_rig *rig, struct sys_rig *kernel, const char *path)
{
	struct bpf_object *a = open_obj(rig, path, true), *b;
	struct bpf_map *map;

	if (!has_tracing(a)) {
		load_obj(rig, a);
		b = open_obj(kernel, path, true);
		/* Nothing is to be left behind on the host. */
		bpf_object__for_each_map(map, b) bpf_map__set_pin_path(map, NULL);
		load_obj(kernel, b);
		sys_rig_same_insns(path, a, b);
		bpf_object__close(b);
	}
	sys_rig_leave();
	bpf_object__close(a);
}

static void
test_insns(void **state)
{
	struct sys_rig rig, kernel;
	glob_t found;

	(void)state;
	if (!find_objects(&found) || !sys_rig_init_kernel(&kernel))
		skip();
	sys_rig_init(&rig, NULL);
	xb_xdp_register(rig.emu);
	for (size_t i = 0; i < found.gl_pathc; i++)
		compare(&rig, &kernel, found.gl_pathv[i]);
	sys_rig_fini(&rig);
	globfree(&found);
}

/* The configuration that libxdp writes into the dispatcher's .rodata. */
struct config {
	u8 magic, version, progs_enabled, is_frags;
	u32 chain_call_actions[10], run_prios[10], flags[10];
};

static u32
run_packet(struct sys_rig *rig, int fd, u16 ethertype)
{
	u8 packet[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	packet[12] = (u8)(ethertype >> 8);
	packet[13] = (u8)ethertype;
	assert_int_equal(sys_rig_bpf(rig, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	return attr.test.retval;
}

/* One of the filters, in the place of the dispatcher's first program. */
static struct bpf_object *
plug(struct sys_rig *rig, const char *path, const char *name, int dispatcher, const char *place)
{
	struct bpf_link *link;
	struct bpf_object *obj = open_obj(rig, path, false);
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	assert_non_null(prog);
	assert_int_equal(bpf_program__set_type(prog, BPF_PROG_TYPE_EXT), 0);
	assert_int_equal(bpf_program__set_attach_target(prog, dispatcher, place), 0);
	bpf_program__set_expected_attach_type(prog, 0);
	load_obj(rig, obj);
	sys_rig_enter(rig);
	link = bpf_program__attach_freplace(prog, dispatcher, place);
	assert_non_null(link);
	/* Differs: its descriptor may be closed, and the program stays where it is. */
	bpf_link__destroy(link);
	sys_rig_leave();
	return obj;
}

static void
test_dispatcher(void **state)
{
	struct bpf_object *dispatcher, *first, *second;
	struct config conf = { .magic = 236, .version = 2, .progs_enabled = 2 };
	struct bpf_program *prog;
	struct bpf_map *map;
	struct sys_rig rig;
	glob_t found;
	int fd;

	(void)state;
	if (!find_objects(&found))
		skip();
	globfree(&found);
	sys_rig_init(&rig, NULL);
	xb_xdp_register(rig.emu);
	dispatcher = open_obj(&rig, XDP_TOOLS_DIR "/xdp-dispatcher.o", false);
	for (int i = 0; i < 10; i++)
		conf.chain_call_actions[i] = 1u << XDP_PASS | 1u << EMPTY_PLACE;
	bpf_object__for_each_map(map, dispatcher) if (strstr(bpf_map__name(map), ".rodata"))
	        assert_int_equal(bpf_map__set_initial_value(map, &conf, sizeof(conf)), 0);
	load_obj(&rig, dispatcher);
	prog = bpf_object__find_program_by_name(dispatcher, "xdp_dispatcher");
	fd = bpf_program__fd(prog);
	/* Nothing is in the places yet. */
	assert_int_equal(run_packet(&rig, fd, ETH_P_IP), XDP_PASS);
	/* A filter that lets everything pass but what is listed, then one that lets nothing pass.
	 */
	first = plug(&rig, XDP_TOOLS_DIR "/xdpfilt_alw_all.o", "xdpfilt_alw_all", fd, "prog0");
	assert_int_equal(run_packet(&rig, fd, ETH_P_ARP), XDP_PASS);
	second = plug(&rig, XDP_TOOLS_DIR "/xdpfilt_dny_all.o", "xdpfilt_dny_all", fd, "prog1");
	assert_int_equal(run_packet(&rig, fd, ETH_P_ARP), XDP_DROP);
	bpf_object__close(second);
	bpf_object__close(first);
	bpf_object__close(dispatcher);
	sys_rig_fini(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_insns),
		cmocka_unit_test(test_dispatcher),
	};

	return cmocka_run_group_tests_name("xdp-tools", tests, NULL, NULL);
}
