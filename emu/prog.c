/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/prog.h"

#include "emu/map.h"
#include "emu/prog_priv.h"
#include "vm/prog.h"

#include <assert.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

static u32
no_ctx(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return 0;
}

/*
 * The kernel refuses an expected attach type here (cf. kernel/bpf/syscall.c:
 * bpf_prog_load_check_attach).
 */
static int
check_ext(const union bpf_attr *attr)
{
	return attr->expected_attach_type ? -EINVAL : 0;
}

/*
 * What the machine knows of a context is the target's business: functions may be replaced that have
 * none.
 */
static const struct xb_prog_type ext_type = {
	.type = BPF_PROG_TYPE_EXT,
	.name = "ext",
	.ctx_bytes = no_ctx,
	.check = check_ext,
};

static const struct xb_prog_type tracing_type = {
	.type = BPF_PROG_TYPE_TRACING,
	.name = "tracing",
	.never_runs = true,
	.ctx_bytes = no_ctx,
};

void
xb_prog_type_register(struct xb_emu *emu, const struct xb_prog_type *type)
{
	assert(type->type < XB_ARRAY_SIZE(emu->prog_types));
	emu->prog_types[type->type] = type;
}

void
xb_prog_type_register_base(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &ext_type);
	xb_prog_type_register(emu, &tracing_type);
	xb_prog_type_register(emu, &xb_prog_type_syscall);
	xb_prog_type_register(emu, &xb_prog_type_raw_tp);
}

const char *
xb_prog_type_name(u32 type)
{
	return libbpf_bpf_prog_type_str((enum bpf_prog_type)type);
}

static void
free_past(struct xb_prog_past *past)
{
	while (past) {
		struct xb_prog_past *next = past->next;

		xb_prog_free(past->vm);
		free(past->funcs);
		free(past->lines);
		free(past);
		past = next;
	}
}

void
xb_prog_discard(struct xb_bpf_prog *prog)
{
	free_past(prog->past);
	xb_prog_free(prog->vm);
	free(prog->vm_funcs);
	free(prog->vm_lines);
	free(prog->refs);
	free(prog->line_info);
	free(prog->func_info);
	free(prog->insns);
	free(prog->maps);
	free(prog->lines);
	free(prog->funcs);
	free(prog);
}

int
xb_prog_use_map(struct xb_bpf_prog *prog, struct xb_map *map, u32 max)
{
	struct xb_map **maps;

	for (u32 i = 0; i < prog->map_cnt; i++)
		if (prog->maps[i] == map)
			return 0;
	if (prog->map_cnt >= max)
		return -E2BIG;
	maps = realloc(prog->maps, (prog->map_cnt + 1) * sizeof(struct xb_map *));
	if (maps == NULL)
		return -ENOMEM;
	prog->maps = maps;
	prog->maps[prog->map_cnt++] = map;
	return 0;
}

int
xb_prog_bind_map(struct xb_emu *emu, const union bpf_attr *attr)
{
	struct xb_obj *prog, *map;
	int rc;

	if (attr->prog_bind_map.flags)
		return -EINVAL;
	rc = xb_obj_by_fd(emu, (int)attr->prog_bind_map.prog_fd, XB_OBJ_PROG, &prog);
	if (rc)
		return rc;
	rc = xb_obj_by_fd(emu, (int)attr->prog_bind_map.map_fd, XB_OBJ_MAP, &map);
	if (rc)
		return rc;
	return xb_prog_use_map(XB_CONTAINER_OF(prog, struct xb_bpf_prog, obj),
	                       XB_CONTAINER_OF(map, struct xb_map, obj), UINT32_MAX);
}
