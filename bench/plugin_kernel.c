/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_kernel.c - a program in the running kernel, by BPF_PROG_TEST_RUN.
 *
 * The result of a test run has 32 bits, and what programs find in R1 is an xdp_md. So plain
 * instructions become a function that another one calls: it loads R1 and R2 from the packet where
 * the program wants memory, and stores R0 into a map's value.
 */
#include "bench/plugin_priv.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIN_PACKET 14   /* cf. net/bpf/test_run.c: bpf_test_init */
#define MAX_PACKET 3520 /* in one piece: a page without headroom and skb_shared_info */
#define MAX_CALLER 32   /* instructions */

#define RAN 1 /* what the caller returns where it came to the program */

struct code {
	struct bpf_insn insns[MAX_CALLER];
	u32 cnt;
};

static void
emit(struct code *c, struct bpf_insn insn)
{
	c->insns[c->cnt++] = insn;
}

static void
emit_move(struct code *c, u32 dst, s32 imm)
{
	emit(c, (struct bpf_insn){
	                .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = dst & 0xfu, .imm = imm });
}

/* R1 and R2, and nothing in the other arguments. */
static void
emit_memory(struct code *c, u32 bytes)
{
	emit(c, (struct bpf_insn){ BPF_LDX | BPF_MEM | BPF_W, 2, 1,
	                           offsetof(struct xdp_md, data_end), 0 });
	emit(c, (struct bpf_insn){ BPF_LDX | BPF_MEM | BPF_W, 1, 1, offsetof(struct xdp_md, data),
	                           0 });
	emit(c, (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_X, 3, 1, 0, 0 });
	emit(c, (struct bpf_insn){ BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, (s32)bytes });
	emit(c, (struct bpf_insn){ BPF_JMP | BPF_JLE | BPF_X, 3, 2, 2, 0 });
	emit_move(c, 0, !RAN);
	emit(c, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
	emit_move(c, 2, (s32)bytes);
}

/* The caller. */
static void
build(struct code *c, const struct plugin_job *job, int map_fd)
{
	if (!job->packet && job->memory_bytes)
		emit_memory(c, job->memory_bytes);
	for (u32 r = job->packet ? 2 : job->memory_bytes ? 3 : 1; r <= 5; r++)
		emit_move(c, r, 0);
	/* Over the six slots up to the end. */
	emit(c, (struct bpf_insn){ BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 5 });
	emit(c, (struct bpf_insn){ BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_VALUE, 0, map_fd });
	emit(c, (struct bpf_insn){ 0 });
	emit(c, (struct bpf_insn){ BPF_STX | BPF_MEM | BPF_DW, 1, 0, 0, 0 });
	emit_move(c, 0, RAN);
	emit(c, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

static int
load(const struct plugin_job *job, const struct code *caller, struct xb_err *err)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP, .log_level = 1,
	            .log_size = PLUGIN_LOG_BYTES);
	size_t cnt = (size_t)caller->cnt + job->insn_cnt;
	struct bpf_insn *insns = malloc(cnt * sizeof(*insns));
	char *log = calloc(1, PLUGIN_LOG_BYTES);
	int fd = -1;

	if (!insns || !log) {
		xb_err_errno(err, ENOMEM, "program");
		goto out;
	}
	memcpy(insns, caller->insns, caller->cnt * sizeof(*insns));
	memcpy(insns + caller->cnt, job->insns, job->insn_cnt * sizeof(*insns));
	opts.log_buf = log;
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "plugin", "GPL", insns, cnt, &opts);
	if (fd < 0)
		plugin_refused(job, "the kernel refuses the program", log, errno, err);
out:
	free(log);
	free(insns);
	return fd;
}

static int
check_packet(const struct plugin_job *job, struct xb_err *err)
{
	if (job->packet && job->memory_bytes && job->memory_bytes < MIN_PACKET)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "a packet of %u bytes: BPF_PROG_TEST_RUN takes %d and more",
		                  job->memory_bytes, MIN_PACKET);
	if (job->memory_bytes > MAX_PACKET)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "%u bytes: BPF_PROG_TEST_RUN has them in one piece up to %d",
		                  job->memory_bytes, MAX_PACKET);
	return 0;
}

/* What is not a packet may be shorter than one, and there may be none. */
static int
test_run(const struct plugin_job *job, int fd, u32 *retval, struct xb_err *err)
{
	u8 packet[MAX_PACKET] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	if (job->memory_bytes)
		memcpy(packet, job->memory, job->memory_bytes);
	opts.data_size_in = job->memory_bytes < MIN_PACKET ? MIN_PACKET : job->memory_bytes;
	if (bpf_prog_test_run_opts(fd, &opts) != 0)
		return xb_err_set(err, XB_ERR_LOAD, "BPF_PROG_TEST_RUN: %s", strerror(errno));
	*retval = opts.retval;
	return 0;
}

static int
run_insns(const struct plugin_job *job, int map_fd, u64 *r0, struct xb_err *err)
{
	struct code caller = { .cnt = 0 };
	u32 key = 0, retval;
	int fd, rc;

	build(&caller, job, map_fd);
	fd = load(job, &caller, err);
	if (fd < 0)
		return -1;
	rc = test_run(job, fd, &retval, err);
	close(fd);
	if (rc != 0)
		return -1;
	if (retval != RAN)
		return xb_err_set(err, XB_ERR_SYSTEM, "the kernel's packet is cut short");
	if (bpf_map_lookup_elem(map_fd, &key, r0) != 0)
		return plugin_refused(job, "the kernel's map", "", errno, err);
	return 0;
}

/* One that libbpf links: the result has 32 bits. */
static int
run_object(const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	struct bpf_object *object;
	struct bpf_program *prog;
	u32 retval = 0;
	int rc;

	if (!job->packet)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "the kernel runs linked programs of section 'xdp' alone");
	if (plugin_load_object(job, BPF_PROG_TYPE_XDP, &object, &prog, err) != 0)
		return -1;
	rc = test_run(job, bpf_program__fd(prog), &retval, err);
	bpf_object__close(object);
	*r0 = retval;
	return rc;
}

int
plugin_run_kernel(const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	int map_fd, rc;

	if (check_packet(job, err) != 0)
		return -1;
	if (!job->insns)
		return run_object(job, r0, err);
	map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "plugin", sizeof(u32), sizeof(u64), 1, NULL);
	if (map_fd < 0)
		return plugin_refused(job, "the kernel's map", "", errno, err);
	rc = run_insns(job, map_fd, r0, err);
	close(map_fd);
	return rc;
}
