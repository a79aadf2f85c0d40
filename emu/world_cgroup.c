/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_cgroup.c - cgroups of the v2 hierarchy.
 *
 *   [{"id": 1, "path": "/"}, {"id": 42, "path": "/system.slice", "classid": "0x10001"}]
 *
 * A cgroup lies below the one whose path its own continues. The root is there also where no file
 * says so.
 */
#include "emu/world_priv.h"

#include <stdio.h>
#include <string.h>

static const struct world_key keys[] = {
	WORLD_NUMBER("id", xb_world_cgroup, id, UINT64_MAX),
	WORLD_TEXT("path", xb_world_cgroup, path),
	WORLD_NUMBER("classid", xb_world_cgroup, classid, UINT32_MAX),
};

const struct xb_world_cgroup *
world_cgroup_at(const struct xb_world *w, const char *path)
{
	for (u32 i = 0; i < w->cgroup_cnt; i++)
		if (!strcmp(w->cgroups[i].path, path))
			return &w->cgroups[i];
	return NULL;
}

const struct xb_world_cgroup *
world_cgroup_of(const struct xb_world *w, u64 id)
{
	for (u32 i = 0; i < w->cgroup_cnt; i++)
		if (w->cgroups[i].id == id)
			return &w->cgroups[i];
	return NULL;
}

int
world_add_cgroup(struct world_reader *r, u64 id, const char *path)
{
	struct xb_world_cgroup *to = world_add(r, &r->w->cgroups, &r->w->cgroup_cnt, sizeof(*to));

	if (!to)
		return -1;
	to->id = id;
	snprintf(to->path, sizeof(to->path), "%s", path);
	return 0;
}

static bool
is_path(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || strstr(path, "//"))
		return false;
	return len == 1 || path[len - 1] != '/';
}

static int
read_cgroup(struct world_reader *r, const struct xb_value *v)
{
	struct xb_world_cgroup cg = { 0 };
	int id, path;

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &cg) != 0 ||
	    world_require(r, v, "id") != 0 || world_require(r, v, "path") != 0)
		return -1;
	if (!cg.id)
		return world_fail(r, xb_value_member(v, "id"), "0 is no cgroup");
	if (!is_path(cg.path))
		return world_fail(r, xb_value_member(v, "path"), "is no path below the root");
	if (!strcmp(cg.path, "/") != (cg.id == XB_SOCK_CGROUP_ROOT))
		return world_fail(r, xb_value_member(v, "id"), "the root, and it alone, is %u",
		                  XB_SOCK_CGROUP_ROOT);
	id = world_seen(r, "cgroup id", &cg.id, sizeof(cg.id));
	path = world_seen(r, "cgroup path", cg.path, strlen(cg.path));
	if (id < 0 || path < 0)
		return -1;
	if (id || path)
		return world_fail(r, xb_value_member(v, id ? "id" : "path"),
		                  "is another cgroup's already");
	if (world_add_cgroup(r, cg.id, cg.path) != 0)
		return -1;
	r->w->cgroups[r->w->cgroup_cnt - 1].classid = cg.classid;
	return 0;
}

/* The nearest above that there is; the level counts the names in the path. */
static void
place(const struct xb_world *w, struct xb_world_cgroup *cg)
{
	char above[sizeof(cg->path)];
	char *slash;

	cg->level = 0;
	if (!strcmp(cg->path, "/"))
		return;
	for (const char *c = cg->path; *c; c++)
		cg->level += *c == '/';
	strcpy(above, cg->path);
	cg->parent = XB_SOCK_CGROUP_ROOT;
	while ((slash = strrchr(above, '/')) != NULL && slash != above) {
		const struct xb_world_cgroup *parent;

		*slash = 0;
		parent = world_cgroup_at(w, above);
		if (parent) {
			cg->parent = parent->id;
			return;
		}
	}
}

int
world_finish_cgroups(struct world_reader *r)
{
	if (!world_cgroup_at(r->w, "/") && world_add_cgroup(r, XB_SOCK_CGROUP_ROOT, "/") != 0)
		return -1;
	for (u32 i = 0; i < r->w->cgroup_cnt; i++)
		place(r->w, &r->w->cgroups[i]);
	return 0;
}

int
world_read_cgroups(struct world_reader *r, const struct xb_value *v)
{
	return world_each(r, v, read_cgroup);
}
