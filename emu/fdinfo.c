/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/fdinfo.h"

#include "emu/link.h"
#include "emu/map_priv.h"
#include "emu/prog.h"

#include <stdio.h>

#define PROG_HEADER_BYTES 312u /* about: struct bpf_prog and what hangs from it */

/* cf. kernel/bpf/syscall.c: bpf_map_memory_footprint, of 6.1 */
static u64
map_bytes(const struct xb_map *map)
{
	u64 value = xb_map_sys_value_bytes(map);

	if (map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF)
		return map->max_entries;
	return xb_align_up(map->max_entries * xb_align_up(map->key_size + value, 8), XB_PAGE_BYTES);
}

/* cf. bpf_map_show_fdinfo */
static int
of_map(const struct xb_map *map, char *text)
{
	int n = snprintf(text, XB_FDINFO_BYTES,
	                 "map_type:\t%u\nkey_size:\t%u\nvalue_size:\t%u\nmax_entries:\t%u\n"
	                 "map_flags:\t%#x\nmap_extra:\t%#llx\nmemlock:\t%llu\nmap_id:\t%u\n"
	                 "frozen:\t%u\n",
	                 map->type, map->key_size, map->value_size, map->max_entries, map->flags,
	                 (unsigned long long)map->map_extra, (unsigned long long)map_bytes(map),
	                 map->obj.id, map->frozen);

	if (map->type == BPF_MAP_TYPE_PROG_ARRAY && map->owner.set)
		n += snprintf(text + n, XB_FDINFO_BYTES - (size_t)n,
		              "owner_prog_type:\t%u\nowner_jited:\t0\n", map->owner.type);
	return n;
}

static void
print_tag(const struct xb_bpf_prog *prog, char tag[17])
{
	for (size_t i = 0; i < sizeof(prog->tag); i++)
		snprintf(tag + 2 * i, 3, "%02x", prog->tag[i]);
}

/* cf. bpf_prog_show_fdinfo */
static int
of_prog(const struct xb_bpf_prog *prog, char *text)
{
	u64 bytes = PROG_HEADER_BYTES + prog->insn_cnt * sizeof(struct bpf_insn);
	char tag[17];

	print_tag(prog, tag);
	return snprintf(text, XB_FDINFO_BYTES,
	                "prog_type:\t%u\nprog_jited:\t0\nprog_tag:\t%s\nmemlock:\t%llu\n"
	                "prog_id:\t%u\nrun_time_ns:\t0\nrun_cnt:\t0\nrecursion_misses:\t0\n"
	                "verified_insns:\t0\n",
	                prog->type, tag, (unsigned long long)xb_align_up(bytes, XB_PAGE_BYTES),
	                prog->obj.id);
}

/* cf. bpf_link_show_fdinfo */
static int
of_link(const struct xb_link *link, char *text)
{
	char tag[17];

	print_tag(link->prog, tag);
	return snprintf(text, XB_FDINFO_BYTES,
	                "link_type:\t%s\nlink_id:\t%u\nprog_tag:\t%s\nprog_id:\t%u\n",
	                link->type == BPF_LINK_TYPE_XDP     ? "xdp"
	                : link->type == XB_LINK_TYPE_TCX    ? "tcx"
	                : link->type == XB_LINK_TYPE_NETKIT ? "netkit"
	                                                    : "tracing",
	                link->obj.id, tag, link->prog->obj.id);
}

size_t
xb_fdinfo(struct xb_obj *obj, char text[XB_FDINFO_BYTES])
{
	int n = 0;

	text[0] = 0;
	switch (obj->kind) {
	case XB_OBJ_MAP:
		n = of_map(XB_CONTAINER_OF(obj, struct xb_map, obj), text);
		break;
	case XB_OBJ_PROG:
		n = of_prog(XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj), text);
		break;
	case XB_OBJ_LINK:
		n = of_link(XB_CONTAINER_OF(obj, struct xb_link, obj), text);
		break;
	case XB_OBJ_BTF:
		n = snprintf(text, XB_FDINFO_BYTES, "btf_id:\t%u\n", obj->id);
		break;
	case XB_OBJ_PERF:
	case XB_OBJ_KIND_CNT:
		break;
	}
	return (size_t)n;
}
