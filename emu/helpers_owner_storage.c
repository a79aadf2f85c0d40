/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_owner_storage.c - values that TASK_STORAGE and CGRP_STORAGE maps keep for tasks and
 * cgroups. What a program has as one of these is a pointer of the kernel's, from a recorded call:
 * it is known by its address alone.
 */
#include "emu/helpers_priv.h"

#include "emu/map_local_storage.h"

#include <errno.h>

#define CGRP_STORAGE_GET    210 /* BPF_FUNC_*: later than some installed headers */
#define CGRP_STORAGE_DELETE 211

static u64
storage_get(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return a[1].u ? xb_local_storage_get_locked(a[0].map, a[1].u, a[2].mem, a[3].u) : 0;
}

static u64
storage_delete(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return helper_ret(a[1].u ? xb_local_storage_delete_locked(a[0].map, a[1].u) : -EINVAL);
}

#define GET(number, nm, map, file)                                                                 \
	{                                                                                          \
		.id = (number), .name = (nm), .fn = storage_get, .prog_types = XB_PROG_TYPES_ALL,  \
		.args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_MAP_VALUE_OR_NULL, XB_ARG_ANY },          \
		.map_types = XB_MAP_TYPE_BIT(map), .source = file ": bpf_" nm                      \
	}
#define DELETE(number, nm, map, file)                                                              \
	{                                                                                          \
		.id = (number), .name = (nm), .fn = storage_delete,                                \
		.prog_types = XB_PROG_TYPES_ALL, .args = { XB_ARG_MAP, XB_ARG_ANY },               \
		.map_types = XB_MAP_TYPE_BIT(map), .source = file ": bpf_" nm                      \
	}
#define TASK "kernel/bpf/bpf_task_storage.c"
#define CGRP "kernel/bpf/bpf_cgrp_storage.c"

static const struct xb_helper rows[] = {
	GET(BPF_FUNC_task_storage_get, "task_storage_get", BPF_MAP_TYPE_TASK_STORAGE, TASK),
	DELETE(BPF_FUNC_task_storage_delete, "task_storage_delete", BPF_MAP_TYPE_TASK_STORAGE,
	       TASK),
	GET(CGRP_STORAGE_GET, "cgrp_storage_get", XB_MAP_TYPE_CGRP_STORAGE, CGRP),
	DELETE(CGRP_STORAGE_DELETE, "cgrp_storage_delete", XB_MAP_TYPE_CGRP_STORAGE, CGRP),
};

const struct xb_helper_table xb_helpers_owner_storage = { rows, XB_ARRAY_SIZE(rows) };
