/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/btf.h"

#include "emu/btf_fields.h"
#include "emu/log.h"
#include "emu/user.h"

#include <bpf/btf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>

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
	return btf->btf ? xb_btf_check_objects(btf->btf) : -errno;
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
