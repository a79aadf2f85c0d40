/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/bounds.h"

#include "emu/map.h"

#include <inttypes.h>
#include <stdio.h>

#define BESIDE 8u /* bytes around an object that nothing else lies in */

static void
add_values(struct bounds *b, struct xb_map *map)
{
	for (u32 key = 0; key < map->max_entries; key++)
		b->values[b->cnt++] =
		        (struct bound){ map->ops->lookup(map, &key, 0), map->value_size };
}

void
bounds_open(struct bounds *b, struct xb_map *const maps[MAP_CNT])
{
	b->cnt = 0;
	add_values(b, maps[MAP_IO]);
	add_values(b, maps[MAP_ARRAY]);
	add_values(b, maps[MAP_PERCPU]);
}

/* What a load, store or atomic touches; false: it is none. */
static bool
access_of(const struct xb_proc *proc, const struct bpf_insn *insn, struct bound *access)
{
	u8 class = BPF_CLASS(insn->code);
	bool from_src = class == BPF_LDX;

	if (class == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC && insn->imm == BPF_LOAD_ACQ)
		from_src = true;
	if (class != BPF_LDX && class != BPF_ST && class != BPF_STX)
		return false;
	access->gaddr = proc->r[from_src ? insn->src_reg : insn->dst_reg] + (u64)(s64)insn->off;
	access->bytes = xb_insn_bytes(insn->code);
	return true;
}

enum place { ELSEWHERE, INSIDE, OUTSIDE };

static enum place
place_in(const struct bound *access, const struct bound *object)
{
	u64 off = access->gaddr - object->gaddr;

	if (off < object->bytes && access->bytes <= object->bytes - off)
		return INSIDE;
	off += BESIDE + access->bytes;
	return off < object->bytes + 2 * BESIDE + access->bytes ? OUTSIDE : ELSEWHERE;
}

static struct bound
packet_of(const struct xb_proc *proc)
{
	const struct xdp_md *md = xb_mem_host(proc->vm->mem, proc->ctx_gaddr);

	return (struct bound){ md->data_meta, md->data_end - md->data_meta };
}

/* With regard to the nearest object. */
static enum place
place_of(const struct xb_proc *proc, const struct bounds *b, const struct bound *access)
{
	enum place place = ELSEWHERE;

	for (u32 i = 0; i < b->cnt && place == ELSEWHERE; i++)
		place = place_in(access, &b->values[i]);
	for (u32 i = 0; i <= proc->depth && place == ELSEWHERE; i++) {
		const struct bound frame = { proc->frames[i].top - proc->frame_bytes,
			                     proc->frame_bytes };

		place = place_in(access, &frame);
	}
	if (b->xdp && place == ELSEWHERE) {
		const struct bound packet = packet_of(proc);

		place = place_in(access, &packet);
	}
	return place;
}

static bool
is_bounds_fault(enum xb_fault_kind kind)
{
	return kind == XB_FAULT_OOB_READ || kind == XB_FAULT_OOB_WRITE ||
	       kind == XB_FAULT_NULL_POINTER;
}

enum xb_run_status
bounds_drive(struct xb_proc *proc)
{
	struct bounds *b = proc->user;
	enum xb_run_status status;

	b->message[0] = '\0';
	do {
		u32 pc = proc->pc, cnt;
		const struct bpf_insn *insn = &xb_prog_insns(proc->prog, &cnt)[pc];
		struct bound access;
		enum place place = ELSEWHERE;

		if (access_of(proc, insn, &access))
			place = place_of(proc, b, &access);
		status = xb_vm_step(proc);
		if (place == ELSEWHERE || b->message[0])
			continue;
		if ((place == INSIDE) ==
		    (status != XB_RUN_FAULT || !is_bounds_fault(proc->fault.kind)))
			continue;
		b->pc = pc;
		snprintf(b->message, sizeof(b->message),
		         "%" PRIu64 " bytes at 0x%" PRIx64
		         " are %s of an object, and the access %s",
		         access.bytes, access.gaddr, place == INSIDE ? "inside" : "outside",
		         status == XB_RUN_FAULT ? "faults" : "passes");
	} while (status == XB_RUN_RUNNING);
	return status;
}
