/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_captured.c - helpers that read the machine: tasks, their memory, stacks, counters.
 * Nothing of that is emulated; a captured context has what the calls gave where it was recorded.
 *
 * Who runs a program is known where it is a test run of this very thread (emu->own_task), as in the
 * kernel. Differs: ids are those of its own namespaces, not of the first ones.
 */
#include "emu/helpers_priv.h"

#include "emu/captured.h"
#include "emu/prog.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TASK_COMM_BYTES 16u /* cf. include/linux/sched.h: TASK_COMM_LEN */

/* Programs that are attached to events of the kernel. */
#define TRACING                                                                                    \
	(XB_PROG_TYPE_BIT(BPF_PROG_TYPE_KPROBE) | XB_PROG_TYPE_BIT(BPF_PROG_TYPE_TRACEPOINT) |     \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_PERF_EVENT) |                                              \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT) |                                          \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE) |                                 \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_TRACING))

/* The number stands in the call itself. */
static u64
captured(struct xb_proc *proc, const union xb_arg *a)
{
	u32 cnt;
	const struct bpf_insn *insn = xb_prog_insns(proc->prog, &cnt) + proc->pc;

	(void)a;
	return xb_captured_call(proc, (u32)insn->imm);
}

static u64
get_current_pid_tgid(struct xb_proc *proc, const union xb_arg *a)
{
	if (!xb_proc_emu(proc)->own_task)
		return captured(proc, a);
	return (u64)(u32)getpid() << 32 | (u32)gettid();
}

static u64
get_current_uid_gid(struct xb_proc *proc, const union xb_arg *a)
{
	if (!xb_proc_emu(proc)->own_task)
		return captured(proc, a);
	return (u64)getgid() << 32 | getuid();
}

/* The name, as much as there is room for, and zeros behind it. */
static u64
get_current_comm(struct xb_proc *proc, const union xb_arg *a)
{
	char name[TASK_COMM_BYTES] = "";
	u32 bytes = (u32)a[1].u;
	size_t len;
	char *to;

	if (!xb_proc_emu(proc)->own_task)
		return captured(proc, a);
	to = xb_proc_mem(proc, a[0].u, bytes, XB_MEM_WRITE);
	if (!to || bytes == 0)
		return 0;
	prctl(PR_GET_NAME, name);
	len = strnlen(name, sizeof(name) - 1);
	memset(to, 0, bytes);
	memcpy(to, name, len < bytes ? len : bytes - 1);
	return 0;
}

/* Helper, program types, kernel file; the last column: for GPL-compatible programs only. */
#define ROW(helper, types, file, gpl)  ROW_OF(captured, helper, types, file, gpl)
#define TASK(helper, types, file, gpl) ROW_OF(helper, helper, types, file, gpl)
#define ROW_OF(function, helper, types, file, gpl)                                                 \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = (function),                        \
		.args = { XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY },            \
		.prog_types = (types), .source = file ": bpf_" #helper, .gpl_only = (gpl),         \
		.state = XB_HELPER_CAPTURED,                                                       \
	}

static const struct xb_helper rows[] = {
	ROW(probe_read, TRACING, "kernel/trace/bpf_trace.c", true),
	ROW(probe_read_str, TRACING, "kernel/trace/bpf_trace.c", true),
	ROW(probe_read_user, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(probe_read_kernel, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(probe_read_user_str, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(probe_read_kernel_str, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	TASK(get_current_pid_tgid, XB_PROG_TYPES_ALL, "kernel/bpf/helpers.c", false),
	TASK(get_current_uid_gid, XB_PROG_TYPES_ALL, "kernel/bpf/helpers.c", false),
	TASK(get_current_comm, XB_PROG_TYPES_ALL, "kernel/bpf/helpers.c", false),
	ROW(get_current_task, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(get_current_task_btf, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(get_ns_current_pid_tgid, XB_PROG_TYPES_ALL, "kernel/bpf/helpers.c", false),
	ROW(get_current_cgroup_id, XB_PROG_TYPES_ALL, "kernel/bpf/helpers.c", false),
	ROW(get_current_ancestor_cgroup_id, XB_PROG_TYPES_ALL, "kernel/bpf/helpers.c", false),
	ROW(current_task_under_cgroup, XB_PROG_TYPES_ALL, "kernel/bpf/cgroup.c", false),
	ROW(task_pt_regs, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(perf_prog_read_value, TRACING, "kernel/trace/bpf_trace.c", true),
	ROW(read_branch_records, TRACING, "kernel/trace/bpf_trace.c", true),
	ROW(get_branch_snapshot, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", true),
	ROW(get_stackid, TRACING, "kernel/bpf/stackmap.c", true),
	ROW(get_stack, TRACING, "kernel/bpf/stackmap.c", true),
	ROW(get_task_stack, XB_PROG_TYPES_ALL, "kernel/bpf/stackmap.c", false),
	ROW(d_path, TRACING, "kernel/trace/bpf_trace.c", false),
	ROW(send_signal, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", false),
	ROW(send_signal_thread, XB_PROG_TYPES_ALL, "kernel/trace/bpf_trace.c", false),
	ROW(find_vma, XB_PROG_TYPES_ALL, "kernel/bpf/task_iter.c", false),
	ROW(copy_from_user_task, TRACING, "kernel/bpf/helpers.c", true),
	ROW(sock_from_file, TRACING, "net/core/filter.c", false),
	ROW(get_func_ip, TRACING, "kernel/trace/bpf_trace.c", true),
	ROW(get_func_arg, TRACING, "kernel/trace/bpf_trace.c", false),
	ROW(get_func_ret, TRACING, "kernel/trace/bpf_trace.c", false),
	ROW(get_func_arg_cnt, TRACING, "kernel/trace/bpf_trace.c", false),
	ROW(get_attach_cookie, TRACING, "kernel/trace/bpf_trace.c", false),
};

const struct xb_helper_table xb_helpers_captured = { rows, XB_ARRAY_SIZE(rows) };
