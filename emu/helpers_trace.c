/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_trace.c - text and samples that leave the program. */
#include "emu/helpers_priv.h"

#include "emu/perf_event.h"
#include "emu/printf.h"
#include "vm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES   1024 /* cf. include/linux/bpf.h: MAX_BPRINTF_BUF */
#define CTXLEN_SHIFT 32   /* of BPF_F_CTXLEN_MASK */

/* The numbers at `data`, which is `bytes` long, or -EINVAL. */
static int
copy_args(u64 args[XB_PRINTF_MAX_ARGS], const void *data, u64 bytes)
{
	if (bytes % 8 || bytes > XB_PRINTF_MAX_ARGS * 8 || (bytes && !data))
		return -EINVAL;
	if (bytes)
		memcpy(args, data, bytes);
	return (int)(bytes / 8);
}

/* Formats, and hands the text to the hook. Returns its length, or -errno. */
static long
print(struct xb_proc *proc, const struct xb_printf *p)
{
	const struct xb_emu_hooks *hooks = &xb_proc_emu(proc)->hooks;
	char text[TEXT_BYTES];
	long ret = xb_printf(proc->vm->mem, p, text, sizeof(text));
	u32 len;

	if (ret < 0 || !hooks->printk)
		return ret;
	len = ret < TEXT_BYTES ? (u32)ret : TEXT_BYTES - 1;
	if (len && text[len - 1] == '\n')
		len--;
	hooks->printk(hooks->arg, proc, text, len);
	return ret;
}

static u64
trace_printk(struct xb_proc *proc, const union xb_arg *a)
{
	const u64 args[] = { a[2].u, a[3].u, a[4].u };
	const struct xb_printf p = { a[0].mem, (u32)a[1].u, args, XB_ARRAY_SIZE(args) };

	return helper_ret(print(proc, &p));
}

static u64
trace_vprintk(struct xb_proc *proc, const union xb_arg *a)
{
	u64 args[XB_PRINTF_MAX_ARGS];
	int cnt = copy_args(args, a[2].mem, a[3].u);
	const struct xb_printf p = { a[0].mem, (u32)a[1].u, args, (u32)cnt };

	return helper_ret(cnt < 0 ? cnt : print(proc, &p));
}

/* Returns the length with the NUL. */
static u64
snprintf_helper(struct xb_proc *proc, const union xb_arg *a)
{
	u64 args[XB_PRINTF_MAX_ARGS];
	int cnt = copy_args(args, a[3].mem, a[4].u);
	const struct xb_printf p = { a[2].str, UINT32_MAX, args, (u32)cnt };
	long ret = cnt < 0 ? cnt : xb_printf(proc->vm->mem, &p, a[0].mem, a[1].u);

	return helper_ret(ret < 0 ? ret : ret + 1);
}

/* One sample in one piece, padded as a reader finds it. */
static int
put_sample(struct xb_emu *emu, struct xb_event *event, struct xb_perf_event *to, u32 size)
{
	u8 small[1024];
	u32 bytes =
	        (u32)xb_align_up((u64)size + event->more_bytes + sizeof(u32), 8) - (u32)sizeof(u32);
	u8 *sample = bytes <= sizeof(small) ? small : malloc(bytes);
	int ret = 0;

	if (!sample)
		return -ENOMEM;
	if (size)
		memcpy(sample, event->data, size);
	if (event->more_bytes)
		memcpy(sample + size, event->more, event->more_bytes);
	memset(sample + size + event->more_bytes, 0, bytes - size - event->more_bytes);
	event->data = sample;
	event->bytes = bytes;
	event->more = NULL;
	event->more_bytes = 0;
	if (to)
		ret = xb_perf_event_output(to, sample, bytes);
	else
		emu->hooks.event(emu->hooks.arg, event);
	if (sample != small)
		free(sample);
	return ret;
}

int
xb_perf_packet_bytes(u64 flags, u32 packet_bytes, u32 *bytes)
{
	u64 asked = (flags & BPF_F_CTXLEN_MASK) >> CTXLEN_SHIFT;

	if (flags & ~(BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK))
		return -EINVAL;
	if (asked > packet_bytes)
		return -EFAULT;
	*bytes = (u32)asked;
	return 0;
}

long
xb_perf_output(struct xb_emu *emu, struct xb_proc *proc, struct xb_map *map, u64 flags,
               const void *data, u32 size, const void *more, u32 more_bytes)
{
	u64 index = flags & BPF_F_INDEX_MASK;
	struct xb_event event = {
		.map = map, .proc = proc, .data = data, .more = more, .more_bytes = more_bytes
	};
	struct xb_perf_event *to;
	int err;

	if (index == BPF_F_CURRENT_CPU)
		index = proc->vcpu;
	err = xb_perf_array_slot(map, index, &event.cpu);
	if (err)
		return err;
	if (event.cpu != proc->vcpu)
		return -EOPNOTSUPP;
	to = xb_perf_array_event(map, index);
	if (to && to->cpu != proc->vcpu)
		return -EOPNOTSUPP;
	return to || emu->hooks.event ? put_sample(emu, &event, to, size) : 0;
}

u64
xb_event_output_data(struct xb_proc *proc, const union xb_arg *a)
{
	long ret = -EINVAL;

	if (!(a[2].u & ~(u64)BPF_F_INDEX_MASK))
		ret = xb_perf_output(xb_proc_emu(proc), proc, a[1].map, a[2].u, a[3].mem,
		                     (u32)a[4].u, NULL, 0);
	return helper_ret(ret);
}

#define BPF_TRACE_C "kernel/trace/bpf_trace.c"

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(trace_printk, BPF_TRACE_C),
	  .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_MAYBE, XB_ARG_MAYBE, XB_ARG_MAYBE },
	  .gpl_only = true },
	{ XB_HELPER_ROW(trace_vprintk, BPF_TRACE_C),
	  .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_MEM_OR_NULL, XB_ARG_SIZE_OR_0 },
	  .gpl_only = true },
	{ .id = BPF_FUNC_snprintf,
	  .name = "snprintf",
	  .fn = snprintf_helper,
	  .args = { XB_ARG_MEM_W_OR_NULL, XB_ARG_SIZE_OR_0, XB_ARG_STR, XB_ARG_MEM_OR_NULL,
	            XB_ARG_SIZE_OR_0 },
	  .prog_types = XB_PROG_TYPES_ALL,
	  .gpl_only = true,
	  .source = "kernel/bpf/helpers.c: bpf_snprintf" },
};

const struct xb_helper_table xb_helpers_trace = { rows, XB_ARRAY_SIZE(rows) };
