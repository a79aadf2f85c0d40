/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin_file.c - a pinned map as a file: a header, its BTF, its elements.
 *
 *   struct header | BTF, btf_bytes | elem_cnt times: key, value (of each of cpu_cnt CPUs)
 *
 * Host byte order: the files are for the machine that wrote them.
 */
#include "emu/btf.h"
#include "emu/map.h"
#include "emu/pin_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BPFFS     "/sys/fs/bpf/"
#define MAGIC     "xdpbench pin 1\n"
#define MAX_BYTES (1ll << 32)

struct header {
	char magic[16];
	u32 type, key_size, value_size, max_entries, flags;
	u32 cpu_cnt; /* values of an element; 1 but for per-CPU types */
	u64 map_extra;
	char name[16];
	u32 key_type_id, value_type_id;
	u64 btf_bytes;
	u64 elem_cnt;
};

_Static_assert(sizeof(struct header) == 88, "layout of the file");

/* The file of a pin: false where there is no directory for pins or the name is too long. */
static bool
file_of(const struct xb_emu *emu, const char *path, char file[PATH_MAX])
{
	size_t dir_bytes = emu->pin_dir ? strlen(emu->pin_dir) : 0;
	const char *rest = path + (path[0] == '/');

	if (emu->pin_dir == NULL)
		return false;
	if (strncmp(path, BPFFS, strlen(BPFFS)) == 0)
		rest = path + strlen(BPFFS);
	else if (strncmp(path, emu->pin_dir, dir_bytes) == 0 && path[dir_bytes] == '/')
		rest = path + dir_bytes + 1;
	return snprintf(file, PATH_MAX, "%s/%s", emu->pin_dir, rest) < PATH_MAX - 8;
}

/* Makes the directories of a file. Returns the errno of the first that cannot be made, or 0. */
static int
make_dirs(char file[PATH_MAX])
{
	int errnum = 0;

	for (char *slash = strchr(file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(AT_FDCWD, file, 0700) && errno != EEXIST && !errnum)
			errnum = errno;
		*slash = '/';
	}
	return errnum;
}

/* Types whose values mean the same in another run. */
static bool
is_plain(u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		return true;
	default:
		return false;
	}
}

static u32
cpus_of(const struct xb_map *map)
{
	return map->ops->flags & XB_MAP_PERCPU ? map->emu->cpu_cnt : 1;
}

/* All elements, each written to f. */
static int
write_elems(struct xb_map *map, FILE *f, u64 *cnt)
{
	u32 value_bytes = xb_map_sys_value_bytes(map);
	u8 *buf = malloc(2 * (size_t)map->key_size + value_bytes);
	u8 *next = buf ? buf + map->key_size + value_bytes : NULL;
	int rc;

	*cnt = 0;
	if (buf == NULL)
		return -ENOMEM;
	rc = xb_map_next_key(map, NULL, next);
	while (rc == 0) {
		memcpy(buf, next, map->key_size);
		if (xb_map_read(map, buf, buf + map->key_size) == 0) {
			if (fwrite(buf, map->key_size + value_bytes, 1, f) != 1)
				break;
			++*cnt;
		}
		rc = xb_map_next_key(map, buf, next);
	}
	free(buf);
	if (ferror(f))
		return -EIO;
	return rc == -ENOENT ? 0 : rc;
}

static int
write_map(struct xb_map *map, FILE *f)
{
	struct header h = {
		.magic = MAGIC,
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.cpu_cnt = cpus_of(map),
		.map_extra = map->map_extra,
		.key_type_id = map->btf ? map->btf_key_type_id : 0,
		.value_type_id = map->btf ? map->btf_value_type_id : 0,
		.btf_bytes = map->btf ? map->btf->raw_bytes : 0,
	};
	int rc;

	memcpy(h.name, map->name, sizeof(h.name));
	fwrite(&h, sizeof(h), 1, f);
	if (map->btf)
		fwrite(map->btf->raw, map->btf->raw_bytes, 1, f);
	rc = write_elems(map, f, &h.elem_cnt);
	if (rc)
		return rc;
	rewind(f);
	fwrite(&h, sizeof(h), 1, f);
	return ferror(f) ? -EIO : 0;
}

/* Writes beside the file and puts it in its place: a run that is cut short leaves the old one. */
static int
save(struct xb_map *map, const char *path, struct xb_err *err)
{
	char file[PATH_MAX], temp[PATH_MAX + 8];
	int rc, dir_errnum;
	FILE *f;

	if (!file_of(map->emu, path, file))
		return xb_err_set(err, XB_ERR_FILE, "%s: name too long", path);
	dir_errnum = make_dirs(file);
	snprintf(temp, sizeof(temp), "%s.new", file);
	f = fopen(temp, "wb");
	if (f == NULL)
		return xb_err_set(err, XB_ERR_FILE, "%s: cannot be written: %s", file,
		                  strerror(errno == ENOENT && dir_errnum ? dir_errnum : errno));
	rc = write_map(map, f);
	if (fclose(f) && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(temp, file))
		rc = -errno;
	if (rc == 0)
		return 0;
	unlinkat(AT_FDCWD, temp, 0);
	return xb_err_set(err, XB_ERR_FILE, "%s: cannot be written: %s", file, strerror(-rc));
}

int
xb_pin_save(struct xb_emu *emu, struct xb_err *err)
{
	struct xb_err one = XB_ERR_INIT;
	int rc = 0;

	for (struct xb_pin *pin = emu->pins; emu->pin_dir && pin; pin = pin->next) {
		struct xb_map *map = XB_CONTAINER_OF(pin->obj, struct xb_map, obj);
		int one_rc;

		if (pin->obj->kind != XB_OBJ_MAP)
			continue;
		if (is_plain(map->type))
			one_rc = save(map, pin->path, &one);
		else
			one_rc = xb_err_set(&one, XB_ERR_FILE,
			                    "%s: maps of type %s are not kept in a pin directory",
			                    pin->path, xb_map_type_name(map->type));
		if (one_rc && rc == 0) {
			*err = one;
			rc = -1;
		}
	}
	return rc;
}

/* The whole file in memory, or NULL and -errno. */
static u8 *
read_file(const char *file, size_t *bytes, int *rc)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	u8 *data = NULL;
	struct stat st;
	size_t done = 0;

	*rc = fd < 0 || fstat(fd, &st) ? -errno : 0;
	if (*rc == 0 && (!S_ISREG(st.st_mode) || st.st_size > MAX_BYTES))
		*rc = -EINVAL;
	if (*rc == 0) {
		data = malloc((size_t)st.st_size + 1);
		*rc = data ? 0 : -ENOMEM;
	}
	while (*rc == 0 && done < (size_t)st.st_size) {
		ssize_t n = read(fd, data + done, (size_t)st.st_size - done);

		if (n <= 0)
			*rc = n < 0 ? -errno : -EIO;
		else
			done += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	*bytes = done;
	if (*rc == 0)
		return data;
	free(data);
	return NULL;
}

/* Whether the header is one, and the file as long as it says. */
static bool
is_whole(const u8 *data, size_t bytes, struct header *h)
{
	u64 elem_bytes, rest;

	if (bytes < sizeof(*h))
		return false;
	memcpy(h, data, sizeof(*h));
	rest = bytes - sizeof(*h);
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) || !is_plain(h->type) || h->cpu_cnt == 0 ||
	    h->cpu_cnt > XB_EMU_MAX_CPUS || h->btf_bytes > rest)
		return false;
	if (xb_map_ops_of(h->type)->flags & XB_MAP_PERCPU)
		elem_bytes = h->key_size + xb_align_up(h->value_size, 8) * h->cpu_cnt;
	else
		elem_bytes = (u64)h->key_size + h->value_size;
	rest -= h->btf_bytes;
	return elem_bytes && rest % elem_bytes == 0 && rest / elem_bytes == h->elem_cnt;
}

static int
create(struct xb_emu *emu, const struct header *h, const u8 *btf, struct xb_map **map)
{
	union bpf_attr attr;
	struct xb_obj *obj;
	int fd, btf_fd = -1, rc;

	memset(&attr, 0, sizeof(attr));
	if (h->btf_bytes) {
		attr.btf = (uintptr_t)btf;
		attr.btf_size = (u32)h->btf_bytes;
		btf_fd = xb_btf_load(emu, &attr, sizeof(attr));
		if (btf_fd < 0)
			return btf_fd;
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_type = h->type;
	attr.key_size = h->key_size;
	attr.value_size = h->value_size;
	attr.max_entries = h->max_entries;
	attr.map_flags = h->flags;
	attr.map_extra = h->map_extra;
	memcpy(attr.map_name, h->name, sizeof(attr.map_name));
	if (btf_fd >= 0) {
		attr.btf_fd = (u32)btf_fd;
		attr.btf_key_type_id = h->key_type_id;
		attr.btf_value_type_id = h->value_type_id;
	}
	fd = xb_map_create(emu, &attr, sizeof(attr));
	if (btf_fd >= 0)
		close(btf_fd);
	if (fd < 0)
		return fd;
	rc = xb_obj_by_fd(emu, fd, XB_OBJ_MAP, &obj);
	close(fd);
	if (rc == 0)
		*map = XB_CONTAINER_OF(obj, struct xb_map, obj);
	return rc;
}

/* Values of CPUs that are no more are lost, those of new ones start at zero. */
static int
fill(struct xb_map *map, const struct header *h, const u8 *elems)
{
	u32 now_bytes = xb_map_sys_value_bytes(map);
	u32 then_bytes = now_bytes / cpus_of(map) * h->cpu_cnt;
	u8 *value = calloc(1, now_bytes);
	int rc = value ? 0 : -ENOMEM;

	for (u64 i = 0; rc == 0 && i < h->elem_cnt; i++) {
		memcpy(value, elems + h->key_size, now_bytes < then_bytes ? now_bytes : then_bytes);
		rc = xb_map_write(map, elems, value, BPF_ANY);
		elems += h->key_size + then_bytes;
	}
	free(value);
	return rc;
}

int
xb_pin_file_load(struct xb_emu *emu, const char *path, struct xb_obj **obj)
{
	char file[PATH_MAX];
	struct xb_map *map;
	struct header h;
	size_t bytes;
	u8 *data;
	int rc;

	if (!file_of(emu, path, file))
		return -ENOENT;
	data = read_file(file, &bytes, &rc);
	if (data == NULL)
		return rc;
	rc = is_whole(data, bytes, &h) ? 0 : -EINVAL;
	if (rc == 0)
		rc = create(emu, &h, data + sizeof(h), &map);
	if (rc == 0)
		rc = fill(map, &h, data + sizeof(h) + h.btf_bytes);
	free(data);
	if (rc == 0)
		*obj = &map->obj;
	return rc;
}

bool
xb_pin_file_exists(const struct xb_emu *emu, const char *path)
{
	char file[PATH_MAX];

	return file_of(emu, path, file) && faccessat(AT_FDCWD, file, F_OK, 0) == 0;
}

bool
xb_pin_file_remove(const struct xb_emu *emu, const char *path)
{
	char file[PATH_MAX];

	return file_of(emu, path, file) && unlinkat(AT_FDCWD, file, 0) == 0;
}
