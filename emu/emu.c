/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/emu.h"

#include "emu/arena.h"
#include "emu/btf.h"
#include "emu/helper.h"
#include "emu/kfunc.h"
#include "emu/map_priv.h"
#include "emu/obj.h"
#include "emu/pin.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "emu/sock_fd.h"
#include "emu/sock_own.h"
#include "emu/timer.h"
#include "emu/vcpu.h"
#include "emu/world.h"
#include "vm/mem.h"
#include "vm/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MAPS 65536ull /* handles that there is room for; only reserved */
#define CTX_NEAR 4096ull

static bool
load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value)
{
	const struct xb_bpf_prog *prog = xb_prog_user(proc->prog);

	if (XB_UNLIKELY(!proc->run)) {
		xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
		              "a load from the packet, and the context is memory alone");
		return false;
	}
	return prog->ops->load_packet(proc, off, bytes, value);
}

static bool
ctx_plain(const struct xb_prog *prog, const struct bpf_insn *insn, u32 off)
{
	const struct xb_bpf_prog *bpf = xb_prog_user(prog);

	return bpf->ops->ctx_plain ? bpf->ops->ctx_plain(bpf, insn, off)
	                           : BPF_CLASS(insn->code) == BPF_LDX;
}

/*
 * Accesses near the context are of it, as nothing else lies there: regions start at a page. One
 * that is memory alone has no rules.
 */
static bool
access_object(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr, u64 *value)
{
	const struct xb_bpf_prog *prog = xb_prog_user(proc->prog);
	u64 off = gaddr - proc->ctx_gaddr;

	if (off + CTX_NEAR >= 2 * CTX_NEAR || !prog->ops->ctx_access || !proc->run)
		return xb_sock_access(proc, insn, gaddr, value);
	prog->ops->ctx_access(proc, insn, (s32)off, value);
	return true;
}

static void
faulted(struct xb_proc *proc)
{
	const struct xb_emu_hooks *hooks = &xb_proc_emu(proc)->hooks;

	if (hooks->fault)
		hooks->fault(hooks->arg, proc);
}

static const struct xb_vm_ops vm_ops = {
	.bind_call = xb_helper_bind,
	.load_const = xb_map_load_const,
	.load_packet = load_packet,
	.ctx_plain = ctx_plain,
	.access_object = access_object,
	.fill_space = xb_arena_fill,
	.faulted = faulted,
};

/*
 * splitmix64: well-spread states from any seed, never all zero in practice and by the last line
 * never at all.
 */
static u64
next_seed(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return z ? z : 1;
}

/* A program that bpf(2) runs may call bpf(2). */
static void
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static int
make_parts(struct xb_emu *emu, const struct xb_emu_opts *opts, struct xb_err *err)
{
	const struct xb_vm_opts vm_opts = {
		.arena_bytes = opts->arena_bytes,
		.vcpu_cnt = emu->cpu_cnt,
		.max_insns = opts->max_insns,
		.frame_bytes = opts->frame_bytes,
		.frame_cnt = opts->frame_cnt,
		.max_tail_calls = opts->max_tail_calls,
		.zeroing = opts->zeroing,
		.strict = opts->strict,
		.ops = &vm_ops,
		.emu = emu,
	};
	u64 state = opts->seed;
	const struct xb_region_opts handles = {
		.name = "map handles",
		.bytes = MAX_MAPS * XB_MAP_HANDLE_BYTES,
	};

	if (opts->pin_dir) {
		emu->pin_dir = strdup(opts->pin_dir);
		if (emu->pin_dir == NULL)
			return xb_err_errno(err, ENOMEM, "emulator");
	}
	emu->vcpus = xb_vcpus_new(emu->cpu_cnt);
	emu->handles = xb_map_table_new(MAX_MAPS, sizeof(struct xb_map *));
	if (emu->vcpus == NULL || emu->handles == NULL)
		return xb_err_errno(err, ENOMEM, "emulator");
	for (u32 cpu = 0; cpu < emu->cpu_cnt; cpu++)
		emu->vcpus[cpu].rand_state = next_seed(&state);
	emu->vm = xb_vm_new(&vm_opts, err);
	if (emu->vm == NULL)
		return -1;
	emu->mem = emu->vm->mem;
	emu->handle_region = xb_mem_map(emu->mem, &handles, err);
	emu->world = xb_world_new(err);
	if (emu->handle_region == NULL || emu->world == NULL)
		return -1;
	return xb_obj_table_new(emu, err);
}

struct xb_emu *
xb_emu_new(const struct xb_emu_opts *opts, struct xb_err *err)
{
	u32 cpu_cnt = opts->cpu_cnt ? opts->cpu_cnt : 1;
	struct xb_emu *emu;

	if (cpu_cnt > XB_EMU_MAX_CPUS) {
		xb_err_set(err, XB_ERR_USAGE, "%u CPUs are more than %u", cpu_cnt, XB_EMU_MAX_CPUS);
		return NULL;
	}
	emu = calloc(1, sizeof(*emu));
	if (emu == NULL) {
		xb_err_errno(err, ENOMEM, "emulator");
		return NULL;
	}
	emu->cpu_cnt = cpu_cnt;
	emu->seed = opts->seed;
	init_lock(&emu->sys);
	if (make_parts(emu, opts, err)) {
		xb_emu_free(emu);
		return NULL;
	}
	xb_prog_type_register_base(emu);
	xb_helper_register_base(emu);
	xb_kfunc_register_base(emu);
	return emu;
}

void
xb_emu_free(struct xb_emu *emu)
{
	if (emu == NULL)
		return;
	for (size_t type = 0; type < XB_ARRAY_SIZE(emu->prog_types); type++)
		if (emu->prog_types[type] && emu->prog_types[type]->fini)
			emu->prog_types[type]->fini(emu);
	xb_pin_free(emu);
	xb_timer_free_all(emu);
	xb_obj_table_free(emu);
	xb_sock_own_free(emu);
	xb_sock_fds_free(emu);
	xb_btf_kernel_free(emu);
	xb_world_free(emu->world);
	xb_map_table_free(emu->handles, MAX_MAPS, sizeof(struct xb_map *));
	xb_vm_free(emu->vm);
	xb_vcpus_free(emu);
	pthread_mutex_destroy(&emu->sys);
	free(emu->pin_dir);
	free(emu);
}
