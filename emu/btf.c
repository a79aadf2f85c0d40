/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/btf.h"

#include "emu/log.h"
#include "emu/user.h"

#include <bpf/btf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 0x1000000u /* cf. kernel/bpf/btf.c: BTF_MAX_SIZE */

static void
btf_free(struct xb_obj *obj)
{
	struct xb_btf *btf = XB_CONTAINER_OF(obj, struct xb_btf, obj);

	btf__free(btf->btf);
	free(btf->raw);
	free(btf);
}

/* Parses what was checked; btf->raw is filled. */
static int
parse(struct xb_btf *btf, struct xb_log *log)
{
	int rc = xb_btf_check(btf->raw, btf->raw_bytes, 0, log);

	if (rc)
		return rc;
	btf->btf = btf__new(btf->raw, btf->raw_bytes);
	return btf->btf ? 0 : -errno;
}

static int
make(struct xb_emu *emu, const union bpf_attr *attr, struct xb_log *log)
{
	struct xb_btf *btf = calloc(1, sizeof(*btf));
	int rc = -ENOMEM;

	if (btf == NULL)
		return -ENOMEM;
	btf->raw_bytes = attr->btf_size;
	btf->raw = malloc(btf->raw_bytes ? btf->raw_bytes : 1);
	if (btf->raw == NULL)
		goto free_btf;
	rc = xb_user_read(btf->raw, attr->btf, btf->raw_bytes);
	if (rc == 0)
		rc = parse(btf, log);
	rc = xb_log_end(log, rc);
	if (rc == 0)
		rc = xb_obj_add(emu, &btf->obj, XB_OBJ_BTF, btf->name, btf_free);
	if (rc)
		goto free_btf;
	return xb_obj_fd(&btf->obj);

free_btf:
	btf_free(&btf->obj);
	return rc;
}

/* cf. kernel/bpf/btf.c: btf_parse */
int
xb_btf_load(struct xb_emu *emu, union bpf_attr *attr, u32 bytes)
{
	struct xb_log log;
	int rc;

	(void)bytes;
	if (attr->btf_size > MAX_BYTES)
		return -E2BIG;
	rc = xb_log_begin(&log, attr->btf_log_level, attr->btf_log_buf, attr->btf_log_size);
	return rc ? rc : make(emu, attr, &log);
}

static bool
is_spin_lock(const struct btf *btf, u32 type_id)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);

	return t && btf_is_struct(t) && t->size == sizeof(struct bpf_spin_lock) &&
	       strcmp(btf__name_by_offset(btf, t->name_off), "bpf_spin_lock") == 0;
}

/* Takes note of a lock at a byte offset; -E2BIG at the second. */
static int
found_lock(u32 bit_off, u32 value_bytes, u32 *off, u32 *cnt)
{
	if (bit_off % 32 || bit_off / 8 + sizeof(struct bpf_spin_lock) > value_bytes)
		return -EINVAL;
	if ((*cnt)++)
		return -E2BIG;
	*off = bit_off / 8;
	return 0;
}

/* The type behind modifiers and typedefs, or NULL. */
static const struct btf_type *
skip_mods(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Locks among the members of a struct, not those of structs inside it. */
static int
lock_in_struct(const struct btf *btf, const struct btf_type *t, u32 value_bytes, u32 *off, u32 *cnt)
{
	const struct btf_member *m = btf_members(t);
	int rc = 0;

	for (u32 i = 0; rc == 0 && i < btf_vlen(t); i++)
		if (is_spin_lock(btf, m[i].type))
			rc = found_lock(btf_member_bit_offset(t, i), value_bytes, off, cnt);
	return rc;
}

/* Locks among the variables of a section. */
static int
lock_in_datasec(const struct btf *btf, const struct btf_type *t, u32 value_bytes, u32 *off,
                u32 *cnt)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);
	int rc = 0;

	for (u32 i = 0; rc == 0 && i < btf_vlen(t); i++)
		if (is_spin_lock(btf, btf__type_by_id(btf, v[i].type)->type))
			rc = found_lock(v[i].offset * 8, value_bytes, off, cnt);
	return rc;
}

int
xb_btf_spin_lock_off(const struct xb_btf *btf, u32 value_type_id, u32 value_size, u32 *off)
{
	const struct btf_type *t = skip_mods(btf->btf, value_type_id);
	u32 cnt = 0, at = 0;
	int rc = 0;

	if (t && btf_is_datasec(t))
		rc = lock_in_datasec(btf->btf, t, value_size, &at, &cnt);
	else if (t && btf_is_struct(t))
		rc = lock_in_struct(btf->btf, t, value_size, &at, &cnt);
	if (rc)
		return rc;
	if (cnt == 0)
		return -ENOENT;
	*off = at;
	return 0;
}
