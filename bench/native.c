/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/native.h"

#include "bench/native_priv.h"
#include "bench/say.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEFT_OUT_MOST 16u

int
xb_native_check(struct xb_err *err)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdpbench", "GPL", insns, XB_ARRAY_SIZE(insns),
	                       NULL);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EPERM || errno == EACCES)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "the kernel: bpf(2) is not permitted: be root, or have "
		                  "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
	return xb_err_set(err, XB_ERR_USAGE, "the kernel: bpf(2) loads no XDP program: %s",
	                  strerror(errno));
}

/* The first CPU, as that is the emulator's; or the one that we are on. */
static void
stay_on_cpu(struct xb_native *k)
{
	cpu_set_t cpus;
	int here = sched_getcpu();

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) == 0 || here < 0)
		return;
	k->cpu = (u32)here;
	if (!k->opts.cli->quiet)
		xb_say("the kernel: programs run on CPU %u, as CPU 0 is not for this process",
		       k->cpu);
	CPU_ZERO(&cpus);
	CPU_SET((unsigned)here, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Variables as --map left them before the emulator's load; libbpf fills in .kconfig itself. */
static int
copy_variables(struct xb_native *k, struct xb_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, k->object->bpf)
	{
		const char *name = bpf_map__name(map);
		const struct bpf_map *from = xb_object_find_map(k->emu_object, name);
		size_t bytes = 0;
		const void *value;

		if (!bpf_map__is_internal(map) || !from || strstr(name, ".kconfig"))
			continue;
		value = bpf_map__initial_value((struct bpf_map *)(uintptr_t)from, &bytes);
		if (value && bpf_map__set_initial_value(map, value, bytes) != 0)
			return xb_err_set(err, XB_ERR_LOAD,
			                  "map '%s': variables cannot be set in the kernel: %s",
			                  name, strerror(errno));
	}
	return 0;
}

static int
open_once(struct xb_native *k, char *const *without, u32 without_cnt, struct xb_err *err)
{
	struct xb_object_opts opts = k->emu_object->opts;

	opts.image = k->opts.session->images[0];
	opts.bytes = k->opts.session->bytes[0];
	opts.prog = bpf_program__name(k->emu_object->chosen);
	opts.without = without;
	opts.without_cnt = without_cnt;
	opts.alone = k->emu_object->opts.alone || without_cnt == LEFT_OUT_MOST;
	k->object = xb_object_open(NULL, &opts, err);
	if (!k->object || xb_object_choose(k->object, err) != 0 || copy_variables(k, err) != 0)
		return -1;
	return xb_object_load(k->object, err);
}

/* As for the emulator: a program that the kernel refuses is left out where it is not the one. */
static int
open_object(struct xb_native *k, struct xb_err *err)
{
	char *left[LEFT_OUT_MOST];
	u32 cnt = 0;
	int rc;

	while ((rc = open_once(k, left, cnt, err)) != 0 && k->object && k->object->other_failed &&
	       cnt < LEFT_OUT_MOST) {
		left[cnt++] = k->object->other_failed;
		k->object->other_failed = NULL;
		xb_object_free(k->object);
		k->object = NULL;
		if (!k->opts.cli->quiet)
			xb_say("%s: left out: %s", k->emu_object->opts.path, err->msg);
		*err = XB_ERR_INIT;
	}
	while (cnt)
		free(left[--cnt]);
	if (rc == 0)
		k->prog_fd = bpf_program__fd(k->object->chosen);
	return rc == 0 ? 0 : xb_err_prefix(err, "%s", k->emu_object->opts.path);
}

struct xb_native *
xb_native_open(const struct xb_native_opts *opts, struct xb_err *err)
{
	struct xb_native *k = calloc(1, sizeof(*k));
	struct xb_emu *was;
	int rc;

	if (!k) {
		xb_err_errno(err, ENOMEM, "kernel");
		return NULL;
	}
	k->opts = *opts;
	k->emu_object = opts->session->objects[0];
	was = xb_emu_enter(NULL);
	stay_on_cpu(k);
	native_enter_network(k);
	rc = xb_testrun_in_init(&k->in, k->emu_object->prog->type, &opts->cli->ctx, err);
	if (rc == 0)
		rc = xb_testrun_out_init(&k->out, err);
	if (rc == 0)
		rc = open_object(k, err);
	if (rc == 0)
		rc = native_fill_maps(k, err);
	xb_emu_enter(was);
	if (rc == 0)
		return k;
	xb_native_close(k);
	return NULL;
}

void
xb_native_close(struct xb_native *k)
{
	if (!k)
		return;
	native_close_readers(k);
	if (k->lost && !k->opts.cli->quiet)
		xb_say("the kernel: %llu perf samples were lost: a packet puts out more than the "
		       "buffer holds",
		       (unsigned long long)k->lost);
	xb_object_free(k->object);
	xb_testrun_out_fini(&k->out);
	xb_testrun_in_fini(&k->in);
	free(k);
}

const struct xb_testrun_out *
xb_native_run(struct xb_native *k, const struct xb_xdp_in *packet)
{
	k->why[0] = 0;
	if (!xb_testrun_load(&k->in, packet)) {
		k->out.err = -E2BIG;
		return &k->out;
	}
	xb_testrun(k->prog_fd, &k->in, &k->out);
	if (k->notes)
		native_collect(k);
	return &k->out;
}

const char *
xb_native_why(struct xb_native *k)
{
	return xb_testrun_why(&k->in, &k->out, k->why, sizeof(k->why));
}

const struct xb_testrun_in *
xb_native_in(const struct xb_native *k)
{
	return &k->in;
}
