/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/info.h"

#include "emu/btf.h"
#include "emu/link.h"
#include "emu/map.h"
#include "emu/prog_priv.h"
#include "emu/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JITED_LINE_BYTES 8u

/* What any kind of information is copied from and to. */
struct answer {
	u64 user;  /* the caller's structure */
	u32 bytes; /* of it that are known here */
};

static u32
min_u32(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* Reads what the caller put into the structure: where arrays go, and how long they are. */
static int
begin(struct answer *a, const union bpf_attr *attr, void *info, u32 known_bytes)
{
	int rc = xb_user_tail_zero(attr->info.info, known_bytes, attr->info.info_len);

	if (rc)
		return rc;
	a->user = attr->info.info;
	a->bytes = min_u32(known_bytes, attr->info.info_len);
	memset(info, 0, known_bytes);
	return xb_user_read(info, a->user, a->bytes);
}

static int
end(const struct answer *a, union bpf_attr *attr, const void *info)
{
	if (xb_user_write(a->user, info, a->bytes))
		return -EFAULT;
	attr->info.info_len = a->bytes;
	return 0;
}

static int
map_info(const struct xb_map *map, union bpf_attr *attr)
{
	struct bpf_map_info info;
	struct answer a;
	int rc = begin(&a, attr, &info, sizeof(info));

	if (rc)
		return rc;
	memset(&info, 0, sizeof(info));
	info.type = map->type;
	info.id = map->obj.id;
	info.key_size = map->key_size;
	info.value_size = map->value_size;
	info.max_entries = map->max_entries;
	info.map_flags = map->flags;
	info.map_extra = map->map_extra;
	info.btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id;
	info.ifindex = map->ifindex;
	memcpy(info.name, map->name, sizeof(info.name));
	if (map->btf) {
		info.btf_id = map->btf->obj.id;
		info.btf_key_type_id = map->btf_key_type_id;
		info.btf_value_type_id = map->btf_value_type_id;
	}
	return end(&a, attr, &info);
}

/* The caller's record sizes must be ours where it asks for records at all (cf. set_info_rec_size).
 */
static int
set_rec_sizes(struct bpf_prog_info *info)
{
	if ((info->nr_func_info || info->func_info_rec_size) &&
	    info->func_info_rec_size != sizeof(struct bpf_func_info))
		return -EINVAL;
	if ((info->nr_line_info || info->line_info_rec_size) &&
	    info->line_info_rec_size != sizeof(struct bpf_line_info))
		return -EINVAL;
	if ((info->nr_jited_line_info || info->jited_line_info_rec_size) &&
	    info->jited_line_info_rec_size != JITED_LINE_BYTES)
		return -EINVAL;
	info->func_info_rec_size = sizeof(struct bpf_func_info);
	info->line_info_rec_size = sizeof(struct bpf_line_info);
	info->jited_line_info_rec_size = JITED_LINE_BYTES;
	return 0;
}

/* An array for the caller: as many records as it has room for; *cnt becomes how many there are. */
static int
put_array(u64 user, __u32 *cnt, const void *records, u32 have, u32 bytes)
{
	u32 room = min_u32(*cnt, have);

	*cnt = have;
	return room ? xb_user_write(user, records, (u64)room * bytes) : 0;
}

static int
put_map_ids(const struct xb_bpf_prog *prog, struct bpf_prog_info *info)
{
	u32 *ids = calloc(prog->map_cnt + 1, sizeof(*ids));
	int rc;

	if (ids == NULL)
		return -ENOMEM;
	for (u32 i = 0; i < prog->map_cnt; i++)
		ids[i] = prog->maps[i]->obj.id;
	rc = put_array(info->map_ids, &info->nr_map_ids, ids, prog->map_cnt, sizeof(*ids));
	free(ids);
	return rc;
}

/*
 * The instructions with ids in place of addresses (cf. kernel/bpf/syscall.c:
 * bpf_insn_prepare_dump).
 */
static int
put_insns(const struct xb_bpf_prog *prog, struct bpf_prog_info *info)
{
	u32 bytes = prog->insn_cnt * (u32)sizeof(struct bpf_insn);
	u32 room = min_u32(info->xlated_prog_len, bytes);
	struct bpf_insn *insns;
	int rc;

	info->xlated_prog_len = bytes;
	if (room == 0)
		return 0;
	insns = malloc(bytes);
	if (insns == NULL)
		return -ENOMEM;
	memcpy(insns, prog->insns, bytes);
	for (u32 i = 0; prog->refs && i < prog->refs->cnt; i++) {
		const struct xb_prog_ref *ref = &prog->refs->refs[i];

		insns[ref->pc].src_reg = ref->kind & 0xf;
		insns[ref->pc].imm = (s32)ref->map_id;
		insns[ref->pc + 1].imm = (s32)ref->off;
	}
	rc = xb_user_write(info->xlated_prog_insns, insns, room);
	free(insns);
	return rc;
}

static void
put_plain(const struct xb_bpf_prog *prog, struct bpf_prog_info *info)
{
	info->type = prog->type;
	info->id = prog->obj.id;
	info->load_time = prog->load_time_ns;
	info->created_by_uid = getuid();
	info->gpl_compatible = prog->gpl_compatible;
	info->run_time_ns = prog->run_time_ns;
	info->run_cnt = prog->run_cnt;
	info->recursion_misses = 0;
	info->verified_insns = 0;
	info->btf_id = prog->btf ? prog->btf->obj.id : 0;
	info->attach_btf_id = prog->attach_btf_id;
	info->attach_btf_obj_id = 0;
	if (prog->attach_prog && prog->attach_prog->btf)
		info->attach_btf_obj_id = prog->attach_prog->btf->obj.id;
	memcpy(info->tag, prog->tag, sizeof(info->tag));
	memcpy(info->name, prog->name, sizeof(info->name));
	/* Nothing is compiled. */
	info->jited_prog_len = 0;
	info->nr_jited_ksyms = 0;
	info->nr_jited_func_lens = 0;
	info->nr_jited_line_info = 0;
}

static int
prog_info(const struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	struct bpf_prog_info info;
	struct answer a;
	int rc = begin(&a, attr, &info, sizeof(info));

	if (rc == 0)
		rc = set_rec_sizes(&info);
	if (rc)
		return rc;
	put_plain(prog, &info);
	rc = put_map_ids(prog, &info);
	if (rc == 0)
		rc = put_insns(prog, &info);
	if (rc == 0)
		rc = put_array(info.func_info, &info.nr_func_info, prog->func_info,
		               prog->func_info_cnt, sizeof(struct bpf_func_info));
	if (rc == 0)
		rc = put_array(info.line_info, &info.nr_line_info, prog->line_info,
		               prog->line_info_cnt, sizeof(struct bpf_line_info));
	if (rc == 0)
		rc = put_array(info.prog_tags, &info.nr_prog_tags, prog->tag, 1, sizeof(prog->tag));
	return rc ? rc : end(&a, attr, &info);
}

/* cf. kernel/bpf/btf.c: btf_get_info_by_fd */
static int
btf_info(const struct xb_btf *btf, union bpf_attr *attr)
{
	u32 name_bytes = (u32)strlen(btf->name) + 1, room;
	struct bpf_btf_info info;
	struct answer a;
	int rc = begin(&a, attr, &info, sizeof(info)), cut = 0;

	if (rc)
		return rc;
	if (xb_user_write(info.btf, btf->raw, min_u32(btf->raw_bytes, info.btf_size)))
		return -EFAULT;
	if (!info.name != !info.name_len)
		return -EINVAL;
	room = info.name_len;
	info.id = btf->obj.id;
	info.btf_size = btf->raw_bytes;
	info.kernel_btf = 0;
	info.name_len = name_bytes - 1;
	if (room && room < name_bytes) {
		cut = -ENOSPC;
		rc = xb_user_write(info.name, btf->name, room - 1);
		if (rc == 0)
			rc = xb_user_write(info.name + room - 1, "", 1);
	} else if (room) {
		rc = xb_user_write(info.name, btf->name, name_bytes);
	}
	if (rc == 0)
		rc = end(&a, attr, &info);
	return rc ? rc : cut;
}

static int
link_info(const struct xb_link *link, union bpf_attr *attr)
{
	struct bpf_link_info info;
	struct answer a;
	int rc = begin(&a, attr, &info, sizeof(info));

	if (rc)
		return rc;
	info.type = link->type;
	info.id = link->obj.id;
	info.prog_id = link->prog->obj.id;
	if (link->type == BPF_LINK_TYPE_XDP) {
		info.xdp.ifindex = link->ifindex;
	} else if (xb_link_has_hook(link)) {
		/* Laid out as in struct tcx, which an older uapi header lacks. */
		info.netns.netns_ino = link->ifindex;
		info.netns.attach_type = link->attach_type;
	} else {
		info.tracing.attach_type = link->prog->expected_attach_type;
		info.tracing.target_obj_id = link->target->obj.id;
		info.tracing.target_btf_id = link->btf_id;
	}
	return end(&a, attr, &info);
}

int
xb_info_get(struct xb_emu *emu, union bpf_attr *attr)
{
	struct xb_obj *obj;
	int rc = xb_obj_by_fd(emu, (int)attr->info.bpf_fd, XB_OBJ_KIND_CNT, &obj);

	if (rc)
		return rc == -EBADF ? -EBADFD : rc;
	switch (obj->kind) {
	case XB_OBJ_MAP:
		return map_info(XB_CONTAINER_OF(obj, struct xb_map, obj), attr);
	case XB_OBJ_PROG:
		return prog_info(XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj), attr);
	case XB_OBJ_BTF:
		return btf_info(XB_CONTAINER_OF(obj, struct xb_btf, obj), attr);
	case XB_OBJ_LINK:
		return link_info(XB_CONTAINER_OF(obj, struct xb_link, obj), attr);
	case XB_OBJ_PERF:
	case XB_OBJ_KIND_CNT:
		break;
	}
	return -EINVAL;
}
