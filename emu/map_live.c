/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map_live.h"

#include "emu/btf.h"
#include "emu/kernel.h"
#include "emu/map_live_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The kernel's map, before there is one of the emulator. */
struct source {
	struct xb_emu *emu;
	const char *path; /* NULL: by id */
	u32 id;
	int fd;
	bool read_only, frozen;
	struct bpf_map_info info;
	struct xb_err *err;
};

bool
xb_map_is_live(const struct xb_map *map)
{
	return map->ops->sys == xb_live_sys;
}

u64
xb_map_live_lost(const struct xb_map *map, int *why)
{
	if (!xb_map_is_live(map))
		return 0;
	*why = xb_live_of(map)->lost_why;
	return xb_live_of(map)->lost;
}

/* Fills err; returns `ret`. */
static int
fail(const struct source *s, int ret, const char *text)
{
	enum xb_err_kind kind = ret == -ENOMEM ? XB_ERR_SYSTEM : XB_ERR_FILE;

	if (s->path)
		xb_err_set(s->err, kind, "%s: %s", s->path, text);
	else
		xb_err_set(s->err, kind, "id %u: %s", s->id, text);
	return ret;
}

/* cf. kernel/bpf/inode.c: bpf_lookup, which has no other error for that. */
static bool
has_dot(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strchr(slash ? slash : path, '.') != NULL;
}

static int
fail_open(const struct source *s, int ret)
{
	if (ret == -EPERM && s->path && has_dot(s->path))
		return fail(s, ret, "not permitted, or no pin: names of pins have no dots");
	switch (-ret) {
	case ENOENT:
		return fail(s, ret, s->path ? "no such pin" : "the kernel has no such map");
	case EPERM:
		return fail(s, ret,
		            s->path ? "not permitted: bpf(2) needs CAP_BPF"
		                    : "not permitted: maps by id need CAP_SYS_ADMIN");
	case EACCES:
		return fail(s, ret, "not permitted, or no pin");
	case ENOSYS:
		return fail(s, ret, "this kernel has no bpf(2)");
	default:
		return fail(s, ret, strerror(-ret));
	}
}

static int
get_fd(const struct source *s, u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	if (s->path) {
		attr.pathname = (uintptr_t)s->path;
		attr.file_flags = flags;
		return (int)xb_kernel_bpf(BPF_OBJ_GET, &attr);
	}
	attr.map_id = s->id;
	attr.open_flags = flags;
	return (int)xb_kernel_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
}

/* What only /proc tells: whether it is a map, and frozen. */
static int
read_fdinfo(struct source *s)
{
	char path[48], text[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->fd);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(s, -errno, "/proc/self/fdinfo cannot be read");
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	if (!strstr(text, "\nmap_type:"))
		return fail(s, -EINVAL, "is no map");
	s->frozen = strstr(text, "\nfrozen:\t1") != NULL;
	return 0;
}

static int
read_info(struct source *s)
{
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)s->fd;
	attr.info.info = (uintptr_t)&s->info;
	attr.info.info_len = sizeof(s->info);
	ret = (int)xb_kernel_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	return ret ? fail(s, ret, strerror(-ret)) : 0;
}

static int
open_source(struct source *s)
{
	int ret;

	s->fd = get_fd(s, 0);
	if (s->fd == -EPERM || s->fd == -EACCES) {
		s->read_only = true;
		s->fd = get_fd(s, BPF_F_RDONLY);
	}
	if (s->fd < 0)
		return fail_open(s, s->fd);
	ret = read_fdinfo(s);
	if (!ret)
		ret = read_info(s);
	if (ret)
		close(s->fd);
	return ret;
}

static int
fail_type(const struct source *s)
{
	const char *name = xb_map_type_name(s->info.type);
	char text[96];

	snprintf(text, sizeof(text), "maps of type %s (%u) cannot be shared with the kernel",
	         name ? name : "unknown", s->info.type);
	return fail(s, -EOPNOTSUPP, text);
}

static void
fill(struct xb_map *map, const struct source *s)
{
	const struct bpf_map_info *info = &s->info;

	map->emu = s->emu;
	map->type = info->type;
	map->key_size = info->key_size;
	map->value_size = info->value_size;
	map->max_entries = info->max_entries;
	map->flags = info->map_flags;
	map->map_extra = info->map_extra;
	map->map_extra_lo = (u32)info->map_extra;
	memcpy(map->name, info->name, sizeof(map->name));
	map->name[sizeof(map->name) - 1] = 0;
	map->no_prog_writes = s->read_only || s->frozen || map->flags & BPF_F_RDONLY_PROG;
	map->frozen = s->frozen && map->flags & BPF_F_MMAPABLE;
}

/* The raw BTF of an id, which the caller frees; NULL where it is not to be had. */
static void *
read_btf(u32 id, u32 *bytes)
{
	struct bpf_btf_info info = { 0 };
	union bpf_attr attr;
	void *raw = NULL;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf_id = id;
	fd = (int)xb_kernel_bpf(BPF_BTF_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return NULL;
	for (int pass = 0; pass < 2; pass++) {
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = (u32)fd;
		attr.info.info = (uintptr_t)&info;
		attr.info.info_len = sizeof(info);
		if (xb_kernel_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) || !info.btf_size)
			break;
		*bytes = info.btf_size;
		if (pass == 1)
			goto close_fd;
		raw = malloc(*bytes);
		info = (struct bpf_btf_info){ .btf = (uintptr_t)raw, .btf_size = *bytes };
		if (!raw)
			break;
	}
	free(raw);
	raw = NULL;

close_fd:
	close(fd);
	return raw;
}

/* Makes it one of the emulator's; NULL where it cannot be read, or is not understood. */
static struct xb_btf *
take_btf(struct xb_emu *emu, u32 id)
{
	union bpf_attr attr;
	struct xb_obj *obj = NULL;
	u32 bytes = 0;
	void *raw = id ? read_btf(id, &bytes) : NULL;
	int fd;

	if (!raw)
		return NULL;
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)raw;
	attr.btf_size = bytes;
	fd = xb_btf_load(emu, &attr, sizeof(attr));
	free(raw);
	if (fd < 0)
		return NULL;
	if (xb_obj_by_fd(emu, fd, XB_OBJ_BTF, &obj))
		obj = NULL;
	close(fd);
	return obj ? XB_CONTAINER_OF(obj, struct xb_btf, obj) : NULL;
}

static int
set_btf(struct xb_map *map, const struct source *s)
{
	struct xb_specials specials = { 0 };

	if (!s->info.btf_value_type_id)
		return 0;
	map->btf = take_btf(s->emu, s->info.btf_id);
	if (!map->btf)
		return 0;
	map->btf_key_type_id = s->info.btf_key_type_id;
	map->btf_value_type_id = s->info.btf_value_type_id;
	if (xb_btf_specials(s->emu, map->btf, map->btf_value_type_id, map->value_size, &specials) ||
	    !specials.cnt)
		return 0;
	return fail(s, -EOPNOTSUPP,
	            "its values have locks, timers or pointers of the kernel's, which cannot be "
	            "shared");
}

/* The copies that the kernel's bpf(2) moves. */
static int
count_cpus(const struct xb_map *map, const struct source *s, u32 *cpus)
{
	char text[96];

	*cpus = 1;
	if (!(map->ops->flags & XB_MAP_PERCPU))
		return 0;
	*cpus = xb_kernel_cpu_cnt();
	if (*cpus >= s->emu->cpu_cnt)
		return 0;
	snprintf(text, sizeof(text), "has values of %u CPUs, the emulator has %u CPUs", *cpus,
	         s->emu->cpu_cnt);
	return fail(s, -EINVAL, text);
}

static int
map_pages(struct xb_map *map, const struct source *s)
{
	struct xb_live *l = xb_live_of(map);
	struct xb_err why = XB_ERR_INIT;
	u64 bytes = xb_align_up((u64)map->max_entries * l->step, XB_PAGE_BYTES), value;
	char name[48];

	snprintf(name, sizeof(name), "value of map '%s'", map->name);
	l->region = xb_mem_map(map->emu->mem,
	                       &(struct xb_region_opts){ .name = name,
	                                                 .bytes = bytes,
	                                                 .fd = l->fd,
	                                                 .use_fd = true,
	                                                 .read_only = map->no_prog_writes },
	                       &why);
	if (!l->region)
		return fail(s, -ENOMEM, why.msg);
	value = l->region->gaddr;
	for (u32 i = 0; i < map->max_entries; i++, value += l->step)
		xb_mem_allow(map->emu->mem, value, map->value_size,
		             map->no_prog_writes ? XB_MEM_READ : XB_MEM_WRITE);
	return 0;
}

static int
make_values(struct xb_map *map, const struct source *s)
{
	int ret;

	if (map->type == BPF_MAP_TYPE_ARRAY && map->flags & BPF_F_MMAPABLE)
		return map_pages(map, s);
	if (!map->ops->update)
		return 0;
	ret = xb_live_cells_init(map);
	return ret ? fail(s, ret, strerror(-ret)) : 0;
}

/* One block: values of an element, then two keys. Values are a key's room too. */
static int
make_room(const struct xb_map *map, struct xb_live *l)
{
	u64 key_bytes = xb_align_up(map->key_size, 8), bytes;

	l->step = (u32)xb_align_up(map->value_size, 8);
	bytes = (u64)l->cpus * l->step;
	if (bytes < key_bytes)
		bytes = key_bytes;
	l->value = malloc(bytes + 2 * key_bytes);
	if (!l->value)
		return -ENOMEM;
	l->key = l->value + bytes;
	l->next = l->key + key_bytes;
	return 0;
}

/* All of the map but its object; what fails is undone by ops->free(). */
static int
fill_live(struct xb_map *map, const struct source *s)
{
	struct xb_live *l = xb_live_of(map);
	int ret;

	l->read_only = map->no_prog_writes;
	ret = count_cpus(map, s, &l->cpus);
	if (ret)
		return ret;
	if (make_room(map, l))
		return fail(s, -ENOMEM, strerror(ENOMEM));
	ret = set_btf(map, s);
	return ret ? ret : make_values(map, s);
}

static int
make(const struct source *s, struct xb_map **out)
{
	struct xb_map *map = calloc(1, sizeof(*map));
	struct xb_live *l = calloc(1, sizeof(*l));
	int ret;

	if (!map || !l) {
		free(map);
		free(l);
		close(s->fd);
		return fail(s, -ENOMEM, strerror(ENOMEM));
	}
	map->ops = xb_live_ops_of(s->info.type, s->info.map_flags);
	map->priv = l;
	l->fd = s->fd;
	fill(map, s);
	ret = fill_live(map, s);
	if (ret) {
		map->ops->free(map);
		free(map);
		return ret;
	}
	ret = xb_map_add(map);
	if (ret)
		return fail(s, ret, strerror(-ret));
	if (l->runs)
		xb_map_on_run_end(map);
	*out = map;
	return 0;
}

int
xb_map_live_open(struct xb_emu *emu, const char *path, u32 id, struct xb_map **map,
                 struct xb_err *err)
{
	struct source s = { .emu = emu, .path = path, .id = id, .err = err };
	int ret = open_source(&s);

	if (ret)
		return ret;
	if (!xb_live_ops_of(s.info.type, s.info.map_flags)) {
		close(s.fd);
		return fail_type(&s);
	}
	return make(&s, map);
}
