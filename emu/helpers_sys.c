/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_sys.c - what programs of type SYSCALL call: bpf(2), types of the kernel, memory of the
 * caller.
 */
#include "emu/helpers_priv.h"

#include "emu/btf.h"
#include "emu/obj.h"
#include "emu/user.h"
#include "vm/bytes.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define ATTR_MOST   4096u       /* PAGE_SIZE */
#define OBJECT_MOST (32u << 20) /* above any BTF and program: what begins below ends in memory */

/*
 * Commands that a program may call, with those of their attributes that are addresses in its own
 * memory; others are the caller's (cf. kernel/bpf/syscall.c: bpf_sys_bpf, make_bpfptr).
 */
#define AT(field) (u8) offsetof(union bpf_attr, field)
static const struct command {
	int cmd;
	u8 addrs[6]; /* offsets; 0 ends, as no address is the first field */
} commands[] = {
	{ BPF_MAP_CREATE, { 0 } },
	{ BPF_MAP_DELETE_ELEM, { AT(key) } },
	{ BPF_MAP_UPDATE_ELEM, { AT(key), AT(value) } },
	{ BPF_MAP_FREEZE, { 0 } },
	{ BPF_MAP_GET_FD_BY_ID, { 0 } },
	{ BPF_PROG_LOAD,
	  { AT(insns), AT(license), AT(func_info), AT(line_info), AT(fd_array), AT(core_relos) } },
	{ BPF_BTF_LOAD, { AT(btf) } },
	{ BPF_LINK_CREATE, { 0 } },
	{ BPF_RAW_TRACEPOINT_OPEN, { 0 } },
};

/* BTF_LOAD's only address is the first field of its attributes. */
static bool
is_addr(const struct command *c, u32 i)
{
	return c->addrs[i] || (c->cmd == BPF_BTF_LOAD && i == 0);
}

/* Host addresses in place of the program's. False: one is outside of its memory. */
static bool
translate(const struct xb_mem *mem, const struct command *c, union bpf_attr *attr)
{
	for (u32 i = 0; i < XB_ARRAY_SIZE(c->addrs) && is_addr(c, i); i++) {
		u8 *at = (u8 *)attr + c->addrs[i];
		u64 gaddr = xb_ld64(at);

		if (gaddr >= mem->limit - OBJECT_MOST)
			return false;
		if (gaddr)
			xb_st64(at, (uintptr_t)xb_mem_host(mem, gaddr));
	}
	return true;
}

static u64
sys_bpf(struct xb_proc *proc, const union xb_arg *a)
{
	u32 bytes = (u32)a[2].u, own_bytes = bytes;
	const u8 *tail = (const u8 *)a[1].mem + sizeof(union bpf_attr);
	const struct command *c = NULL;
	union bpf_attr attr;

	for (size_t i = 0; i < XB_ARRAY_SIZE(commands) && !c; i++)
		if (commands[i].cmd == (int)a[0].u)
			c = &commands[i];
	if (!c)
		return helper_ret(-EINVAL);
	if (bytes > ATTR_MOST)
		return helper_ret(-E2BIG);
	for (; own_bytes > sizeof(attr); own_bytes--)
		if (tail[own_bytes - sizeof(attr) - 1])
			return helper_ret(-E2BIG);
	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, a[1].mem, own_bytes);
	if (!translate(proc->vm->mem, c, &attr))
		return helper_ret(-EFAULT);
	return helper_ret(xb_emu_bpf(xb_proc_emu(proc), c->cmd, &attr, sizeof(attr)));
}

/* Differs: only descriptors of the emulator's objects; others are not the program's to close. */
static u64
sys_close(struct xb_proc *proc, const union xb_arg *a)
{
	int fd = (int)a[0].u;
	struct xb_obj *obj;

	if (xb_obj_by_fd(xb_proc_emu(proc), fd, XB_OBJ_KIND_CNT, &obj))
		return helper_ret(-EBADF);
	return helper_ret(close(fd) ? -errno : 0);
}

/* Whether it ends in its NUL, and has something before. */
static bool
is_name(const union xb_arg *a)
{
	u32 bytes = (u32)a[1].u;

	return bytes > 1 && a[0].str[bytes - 1] == '\0';
}

/* Differs: there are no modules, and functions and variables of the kernel are not found. */
static u64
btf_find_by_name_kind(struct xb_proc *proc, const union xb_arg *a)
{
	const struct btf *btf;
	s32 id;

	if (a[3].u || !is_name(a))
		return helper_ret(-EINVAL);
	btf = xb_btf_kernel_types(xb_proc_emu(proc));
	if (!btf)
		return helper_ret(-EINVAL);
	id = btf__find_by_name_kind(btf, a[0].str, (u32)a[2].u);
	return helper_ret(id < 0 ? -ENOENT : id);
}

/* Differs: the kernel that is emulated has no symbols. */
static u64
kallsyms_lookup_name(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	xb_st64(a[3].mem, 0);
	return helper_ret(a[2].u || !is_name(a) ? -EINVAL : -ENOENT);
}

static u64
copy_from_user(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	if (a[1].u == 0 || !xb_user_read(a[0].mem, a[2].u, a[1].u))
		return 0;
	memset(a[0].mem, 0, a[1].u);
	return helper_ret(-EFAULT);
}

/* Of the kernel's memory there is only what programs can reach themselves. */
static u64
probe_read_kernel(struct xb_proc *proc, const union xb_arg *a)
{
	const void *from = xb_mem_range(proc->vm->mem, a[2].u, a[1].u, XB_MEM_READ);

	if (from) {
		memmove(a[0].mem, from, a[1].u);
		return 0;
	}
	memset(a[0].mem, 0, a[1].u);
	return helper_ret(-EFAULT);
}

#define SYSCALL   .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SYSCALL)
#define SYSCALL_C "kernel/bpf/syscall.c"
#define ROW(helper, file)                                                                          \
	.id = BPF_FUNC_##helper, .name = #helper, .fn = helper, .source = file ": bpf_" #helper

static const struct xb_helper rows[] = {
	{ ROW(sys_bpf, SYSCALL_C), SYSCALL, .args = { XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE } },
	{ ROW(sys_close, SYSCALL_C), SYSCALL, .args = { XB_ARG_ANY } },
	{ ROW(btf_find_by_name_kind, "kernel/bpf/btf.c"), SYSCALL,
	  .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY, XB_ARG_ANY } },
	{ ROW(kallsyms_lookup_name, SYSCALL_C), SYSCALL,
	  .args = { XB_ARG_MEM, XB_ARG_SIZE_OR_0, XB_ARG_ANY, XB_ARG_U64_W } },
	{ XB_HELPER_ROW(copy_from_user, "kernel/bpf/helpers.c"), .might_sleep = true,
	  .args = { XB_ARG_MEM_W, XB_ARG_SIZE_OR_0, XB_ARG_ANY } },
	{ ROW(probe_read_kernel, "kernel/trace/bpf_trace.c"), SYSCALL, .gpl_only = true,
	  .args = { XB_ARG_MEM_W, XB_ARG_SIZE_OR_0, XB_ARG_ANY } },
};

const struct xb_helper_table xb_helpers_sys = { rows, XB_ARRAY_SIZE(rows) };
