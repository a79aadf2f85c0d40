/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.c OBJECT...: a user's program, with the libbpf that the system has and the shared library,
 * and no privilege: each object is loaded by libbpf, its first program is run, and its maps are
 * read with libbpf's functions.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdpbench/context.h>
#include <xdpbench/linux.h>
#include <xdpbench/process.h>

#define CPUS 3

static const char packet[] =
        "{\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":\"0200000000010200000000020800\"}}";

static int
fail(const char *what, const char *why)
{
	printf("%s: %s\n", what, why);
	return -1;
}

/* Through the library: the program that libbpf has a descriptor of. */
static int
run(struct xb_linux *lx, struct xb_machine *machine, int fd, struct xb_err *err)
{
	struct xb_context *context = xb_context_parse(NULL, packet, strlen(packet), err);
	struct xb_program *program = xb_linux_program_by_fd(lx, fd);
	struct xb_process *process =
	        context && program ? xb_process_new(machine, program, context, NULL, err) : NULL;

	if (!process)
		return fail("process", err->msg);
	if (xb_process_run(process, NULL) != XB_PROCESS_EXITED)
		return fail(xb_program_name(program), "did not exit");
	printf("%s: %llu\n", xb_program_name(program),
	       (unsigned long long)xb_process_result(process));
	xb_process_free(process);
	xb_context_free(context);
	return 0;
}

/* Through libbpf: BPF_PROG_TEST_RUN, and the first value of the first map. */
static int
test_run(struct bpf_object *object, int fd)
{
	unsigned char data[64] = { 0 }, value[64 * CPUS];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = sizeof(data));
	struct bpf_map *map = bpf_object__next_map(object, NULL);
	unsigned char key[16], next[16];

	if (bpf_prog_test_run_opts(fd, &opts))
		return fail("test run", strerror(errno));
	printf("test run: %u\n", opts.retval);
	if (!map || bpf_map_get_next_key(bpf_map__fd(map), NULL, next))
		return fail("map", "no key");
	memcpy(key, next, sizeof(key));
	if (bpf_map_lookup_elem(bpf_map__fd(map), key, value))
		return fail("map", strerror(errno));
	printf("map: %s, %d CPUs\n", bpf_map__name(map), libbpf_num_possible_cpus());
	return 0;
}

static int
load(struct xb_linux *lx, struct xb_machine *machine, const char *path, struct xb_err *err)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	int rc;

	if (!object)
		return fail(path, strerror(errno));
	rc = bpf_object__load(object);
	if (rc)
		return fail(path, strerror(-rc));
	program = bpf_object__next_program(object, NULL);
	rc = run(lx, machine, bpf_program__fd(program), err);
	if (rc == 0)
		rc = test_run(object, bpf_program__fd(program));
	bpf_object__close(object);
	return rc;
}

/* Afterwards libbpf asks the kernel again, which tells nobody without privilege. */
static int
is_kernel_again(void)
{
	__u32 id = 0;

	if (geteuid() == 0)
		return 0;
	if (bpf_map_get_next_id(0, &id) == 0 || errno != EPERM)
		return fail("after all", "the emulator answers still");
	printf("after all: the kernel\n");
	return 0;
}

int
main(int argc, char **argv)
{
	const struct xb_linux_opts opts = { .size = sizeof(opts) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux *lx = xb_linux_new(&opts, &err);
	struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts), .vcpu_cnt = CPUS };
	struct xb_machine *machine;

	if (!lx)
		return fail("emulator", err.msg) != 0;
	machine_opts.emulator = xb_linux_emulator(lx);
	machine = xb_machine_new(&machine_opts, &err);
	if (!machine)
		return fail("machine", err.msg) != 0;
	xb_linux_enter(lx);
	for (int i = 1; i < argc; i++)
		if (load(lx, machine, argv[i], &err) != 0)
			return 1;
	xb_linux_enter(NULL);
	xb_machine_free(machine);
	return is_kernel_again() != 0;
}
