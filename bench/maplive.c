/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/maplive.h"

#include "emu/map_live.h"
#include "emu/value.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
open_live(struct xb_emu *emu, const char *where, struct xb_map **live, struct xb_err *err)
{
	unsigned long long id;
	char *end;

	if (strncmp(where, "id:", 3) != 0)
		return xb_map_live_open(emu, where, 0, live, err) ? -1 : 0;
	errno = 0;
	id = strtoull(where + 3, &end, 10);
	if (errno || end == where + 3 || *end || where[3] == '-' || !id || id > UINT32_MAX)
		return xb_err_set(err, XB_ERR_USAGE, "expected id:NUMBER, found '%.40s'", where);
	return xb_map_live_open(emu, NULL, (u32)id, live, err) ? -1 : 0;
}

/* As bpf(2) would refuse the program that was made for another map. */
static int
check_same(const struct bpf_map *bpf, const struct xb_map *live, struct xb_err *err)
{
	const char *type = xb_map_type_name(bpf_map__type(bpf));

	if (bpf_map__type(bpf) != live->type)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "the kernel's is of type %s, the object's of %s", live->ops->name,
		                  type ? type : "unknown");
	if (bpf_map__key_size(bpf) != live->key_size)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "the kernel's has key_size %u, the object's has %u",
		                  live->key_size, bpf_map__key_size(bpf));
	if (bpf_map__value_size(bpf) != live->value_size)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "the kernel's has value_size %u, the object's has %u",
		                  live->value_size, bpf_map__value_size(bpf));
	return 0;
}

static int
reuse(struct xb_object *o, struct bpf_map *bpf, struct xb_map *live, struct xb_err *err)
{
	int fd = xb_obj_fd(&live->obj), rc;

	if (fd < 0)
		return xb_err_errno(err, -fd, "map");
	/* libbpf takes the name over, by which the map would not be found any more. */
	snprintf(live->name, sizeof(live->name), "%s", bpf_map__name(bpf));
	xb_emu_enter(o->emu);
	rc = bpf_map__reuse_fd(bpf, fd);
	xb_emu_enter(NULL);
	close(fd);
	if (rc)
		return xb_err_set(err, XB_ERR_LOAD, "cannot be used: %s", strerror(-rc));
	return 0;
}

int
xb_maplive_use(struct xb_object *o, struct bpf_map *bpf, const char *where, struct xb_map **live,
               struct xb_err *err)
{
	if (*live && (*live)->emu != o->emu)
		*live = NULL;
	if (!*live && open_live(o->emu, where, live, err) != 0)
		return -1;
	if (check_same(bpf, *live, err) != 0)
		return -1;
	return reuse(o, bpf, *live, err);
}

static int
check_map(void *arg, const struct xb_object_map *map)
{
	struct xb_err *err = arg;
	int why = 0;
	u64 lost = xb_map_live_lost(map->map, &why);

	if (!lost)
		return 0;
	return xb_err_set(err, XB_ERR_FILE,
	                  "map '%s': %llu value%s could not be written into the kernel's: %s",
	                  map->name, (unsigned long long)lost, lost == 1 ? "" : "s",
	                  strerror(-why));
}

int
xb_maplive_check(const struct xb_session *s, struct xb_err *err)
{
	return xb_session_each_map(s, check_map, err);
}
