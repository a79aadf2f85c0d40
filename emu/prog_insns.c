/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_insns.c - instructions as bpf(2) gets them: their tag, and the forms of ldimm64 that name
 * things.
 */
#include "emu/arena.h"
#include "emu/kfunc.h"
#include "emu/map.h"
#include "emu/prog_priv.h"
#include "emu/sha1.h"
#include "emu/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LDIMM64       (BPF_LD | BPF_IMM | BPF_DW)
#define MAX_USED_MAPS 64         /* cf. include/linux/bpf_verifier.h */
#define MAX_VAR_OFF   (1u << 29) /* cf. include/linux/bpf_verifier.h: BPF_MAX_VAR_OFF */

int
xb_prog_calc_tag(struct xb_bpf_prog *prog)
{
	size_t bytes = prog->insn_cnt * sizeof(struct bpf_insn);
	struct bpf_insn *copy = malloc(bytes);
	u8 digest[XB_SHA1_BYTES];

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, prog->insns, bytes);
	for (u32 i = 0; i + 1 < prog->insn_cnt; i++) {
		struct bpf_insn *in = &copy[i];

		if (in->code != LDIMM64 ||
		    (in->src_reg != BPF_PSEUDO_MAP_FD && in->src_reg != BPF_PSEUDO_MAP_VALUE))
			continue;
		in[0].imm = 0;
		if (in[1].code || in[1].dst_reg || in[1].src_reg || in[1].off)
			continue;
		in[1].imm = 0;
		i++;
	}
	xb_sha1(copy, bytes, digest);
	memcpy(prog->tag, digest, sizeof(prog->tag));
	free(copy);
	return 0;
}

static int
add_ref(struct xb_bpf_prog *prog, const struct xb_prog_ref *ref)
{
	struct xb_prog_refs *refs = prog->refs;

	if (refs == NULL || refs->cnt == refs->cap) {
		u32 cap = refs ? 2 * refs->cap : 16, cnt = refs ? refs->cnt : 0;

		refs = realloc(refs, sizeof(*refs) + cap * sizeof(refs->refs[0]));
		if (refs == NULL)
			return -ENOMEM;
		refs->cap = cap;
		refs->cnt = cnt;
		prog->refs = refs;
	}
	refs->refs[refs->cnt++] = *ref;
	return 0;
}

/* The map that an ldimm64 names by descriptor or by index into fd_array. */
static int
map_of(const struct xb_bpf_prog *prog, const union bpf_attr *attr, const struct bpf_insn *in,
       struct xb_map **map, struct xb_log *log)
{
	s32 fd = in->imm;
	struct xb_obj *obj;
	int rc;

	if (in->src_reg == BPF_PSEUDO_MAP_IDX || in->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) {
		if (attr->fd_array == 0) {
			xb_log_printf(log, "fd_idx without fd_array is invalid\n");
			return -EPROTO;
		}
		if (xb_user_read(&fd, attr->fd_array + (u64)(s64)in->imm * sizeof(fd), sizeof(fd)))
			return -EFAULT;
	}
	rc = xb_obj_by_fd(prog->emu, fd, XB_OBJ_MAP, &obj);
	if (rc) {
		xb_log_printf(log, "fd %d is not pointing to valid bpf_map\n", fd);
		return rc;
	}
	*map = XB_CONTAINER_OF(obj, struct xb_map, obj);
	return 0;
}

/* The map of a program's second address space (cf. kernel/bpf/verifier.c: __add_used_map). */
static int
use_arena(struct xb_bpf_prog *prog, struct xb_map *map, struct xb_log *log)
{
	struct xb_arena *arena = xb_arena_of(map);
	int rc;

	if (prog->arena && prog->arena != arena) {
		xb_log_printf(log, "Only one arena per program\n");
		return -EBUSY;
	}
	rc = xb_arena_attach(arena);
	if (rc == -EINVAL)
		xb_log_printf(log, "arena's user address must be set via map_extra or mmap()\n");
	else if (rc == -ERANGE)
		xb_log_printf(log, "arena's mapping crosses a multiple of 4 GiB\n");
	if (rc == 0)
		prog->arena = arena;
	return rc;
}

static int
arena_address(const struct xb_map *map, u32 off, u64 *address, struct xb_log *log)
{
	int rc = xb_arena_address(xb_arena_of(map), off, address);

	if (rc)
		xb_log_printf(log, "invalid access to map value pointer, value_size=%u off=%u\n",
		              map->value_size, off);
	return rc;
}

/*
 * The address of byte `off` of the one value of an array (cf. kernel/bpf/arraymap.c:
 * array_map_direct_value_addr).
 */
static int
value_of(struct xb_map *map, u32 off, u64 *gaddr, struct xb_log *log)
{
	const u32 key = 0;
	int rc = 0;

	if (off >= MAX_VAR_OFF) {
		xb_log_printf(log, "direct value offset of %u is not allowed\n", off);
		return -EINVAL;
	}
	if (map->type == XB_MAP_TYPE_ARENA)
		return arena_address(map, off, gaddr, log);
	if (map->type != BPF_MAP_TYPE_ARRAY || map->ops->flags & XB_MAP_RUN_VALUES) {
		xb_log_printf(log, "no direct value access support for this map type\n");
		return -EINVAL;
	}
	if (map->max_entries != 1)
		rc = -XB_ENOTSUPP;
	else if (off >= map->value_size)
		rc = -EINVAL;
	if (rc) {
		xb_log_printf(log, "invalid access to map value pointer, value_size=%u off=%u\n",
		              map->value_size, off);
		return rc;
	}
	*gaddr = map->ops->lookup(map, &key, 0) + off;
	return 0;
}

/* cf. kernel/bpf/local_storage.c: bpf_cgroup_storage_assign */
static bool
has_other_storage(const struct xb_bpf_prog *prog, const struct xb_map *map)
{
	for (u32 i = 0; xb_map_is_cgroup_storage(map) && i < prog->map_cnt; i++)
		if (prog->maps[i] != map && prog->maps[i]->type == map->type)
			return true;
	return false;
}

/* One ldimm64 that names a map or a place in its value. */
static int
resolve_map(struct xb_bpf_prog *prog, const union bpf_attr *attr, u32 pc, struct xb_log *log)
{
	struct bpf_insn *in = &prog->insns[pc];
	bool value = in->src_reg == BPF_PSEUDO_MAP_VALUE || in->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
	struct xb_map *map;
	u64 gaddr;
	int rc;

	if (!value && in[1].imm) {
		xb_log_printf(log, "unrecognized bpf_ld_imm64 insn\n");
		return -EINVAL;
	}
	rc = map_of(prog, attr, in, &map, log);
	if (rc)
		return rc;
	if (has_other_storage(prog, map)) {
		xb_log_printf(log, "only one cgroup storage of each type is allowed\n");
		return -EBUSY;
	}
	if (map->type == XB_MAP_TYPE_ARENA) {
		rc = use_arena(prog, map, log);
		if (rc)
			return rc;
	}
	gaddr = map->handle;
	if (value)
		rc = value_of(map, (u32)in[1].imm, &gaddr, log);
	if (rc == 0)
		rc = add_ref(prog, &(struct xb_prog_ref){
		                           .pc = pc,
		                           .kind = value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD,
		                           .map_id = map->obj.id,
		                           .off = value ? (u32)in[1].imm : 0,
		                   });
	if (rc)
		return rc;
	in[0].src_reg = 0;
	in[0].imm = (s32)(u32)gaddr;
	in[1].imm = (s32)(u32)(gaddr >> 32);
	return xb_prog_use_map(prog, map, MAX_USED_MAPS);
}

/* Where the kernel has its text: what lies there no program can read. */
#define TEXT_ADDR 0xffffffff80000000ull

/*
 * The address of a kernel function, which programs ask for to see whether there is one (cf.
 * kernel/bpf/verifier.c: check_pseudo_btf_id). Variables are not emulated.
 */
static int
resolve_btf_id(struct xb_bpf_prog *prog, u32 pc, struct xb_log *log)
{
	struct bpf_insn *in = &prog->insns[pc];
	u64 addr = TEXT_ADDR + 16ull * (u32)in->imm;

	if (in[1].imm || !xb_kfunc_name(prog->emu, (u32)in->imm)) {
		xb_log_printf(log,
		              "insn %u: variables of the kernel are not emulated (btf_id %d)\n", pc,
		              in->imm);
		return -EINVAL;
	}
	in[0].src_reg = 0;
	in[0].imm = (s32)(u32)addr;
	in[1].imm = (s32)(u32)(addr >> 32);
	return 0;
}

static int
resolve_one(struct xb_bpf_prog *prog, const union bpf_attr *attr, u32 pc, struct xb_log *log)
{
	struct bpf_insn *in = &prog->insns[pc];

	if (pc + 1 == prog->insn_cnt || in[1].code || in[1].dst_reg || in[1].src_reg || in[1].off) {
		xb_log_printf(log, "invalid bpf_ld_imm64 insn\n");
		return -EINVAL;
	}
	switch (in->src_reg) {
	case 0:
	case BPF_PSEUDO_FUNC:
		return 0;
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		return resolve_map(prog, attr, pc, log);
	case BPF_PSEUDO_BTF_ID:
		return resolve_btf_id(prog, pc, log);
	default:
		xb_log_printf(log, "unrecognized bpf_ld_imm64 insn\n");
		return -EINVAL;
	}
}

int
xb_prog_resolve(struct xb_bpf_prog *prog, const union bpf_attr *attr, struct xb_log *log)
{
	for (u32 pc = 0; pc < prog->insn_cnt; pc++) {
		int rc;

		if (prog->insns[pc].code != LDIMM64)
			continue;
		rc = resolve_one(prog, attr, pc, log);
		if (rc)
			return rc;
		pc++;
	}
	return 0;
}
