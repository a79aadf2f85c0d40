/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/pin.h"

#include "emu/pin_priv.h"
#include "emu/user.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Whether a component of the path is "." or "..", or its last one has a dot at all. */
static bool
has_dots(const char *path)
{
	const char *last = strrchr(path, '/');

	for (const char *p = path; p; p = strchr(p, '/')) {
		size_t len;

		p += *p == '/';
		len = strcspn(p, "/");
		if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
			return true;
	}
	return strchr(last ? last : path, '.') != NULL;
}

/*
 * The path in one form: single slashes, none at the end. -ENOENT for an empty path, -EPERM for
 * names with dots, which bpffs does not have (cf. kernel/bpf/inode.c: bpf_lookup).
 */
static int
normalise(char *to, const char *path)
{
	size_t n = 0;

	if (path[0] == '\0')
		return -ENOENT;
	for (const char *p = path; *p; p++)
		if (*p != '/' || n == 0 || to[n - 1] != '/')
			to[n++] = *p;
	if (n > 1 && to[n - 1] == '/')
		n--;
	to[n] = '\0';
	return has_dots(to) ? -EPERM : 0;
}

/* The caller's string, in one form. */
static int
read_path(u64 user, char path[PATH_MAX])
{
	char raw[PATH_MAX];

	if (xb_user_str(raw, user, sizeof(raw)))
		return -EFAULT;
	if (strlen(raw) == sizeof(raw) - 1)
		return -ENAMETOOLONG;
	return normalise(path, raw);
}

static struct xb_pin **
find(struct xb_emu *emu, const char *path)
{
	struct xb_pin **p = &emu->pins;

	while (*p && strcmp((*p)->path, path))
		p = &(*p)->next;
	return p;
}

static int
add(struct xb_emu *emu, const char *path, struct xb_obj *obj)
{
	struct xb_pin **p = find(emu, path), *pin;

	if (*p)
		return -EEXIST;
	pin = calloc(1, sizeof(*pin));
	if (pin == NULL)
		return -ENOMEM;
	pin->path = strdup(path);
	if (pin->path == NULL) {
		free(pin);
		return -ENOMEM;
	}
	pin->obj = obj;
	*p = pin;
	return 0;
}

int
xb_pin_add(struct xb_emu *emu, const union bpf_attr *attr)
{
	char path[PATH_MAX];
	struct xb_obj *obj;
	int rc;

	if (attr->file_flags)
		return -EINVAL;
	rc = xb_obj_by_fd(emu, (int)attr->bpf_fd, XB_OBJ_KIND_CNT, &obj);
	if (rc)
		return rc;
	if (obj->kind == XB_OBJ_BTF || obj->kind == XB_OBJ_PERF)
		return -EINVAL;
	rc = read_path(attr->pathname, path);
	/* What an earlier run left under that name is there, too. */
	if (rc == 0 && *find(emu, path) == NULL && xb_pin_file_exists(emu, path))
		rc = -EEXIST;
	return rc ? rc : add(emu, path, obj);
}

int
xb_pin_get(struct xb_emu *emu, const union bpf_attr *attr)
{
	char path[PATH_MAX];
	struct xb_obj *obj;
	struct xb_pin *pin;
	int rc;

	if (attr->bpf_fd || attr->file_flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	rc = read_path(attr->pathname, path);
	if (rc)
		return rc == -EPERM ? -ENOENT : rc;
	pin = *find(emu, path);
	if (pin == NULL) {
		rc = xb_pin_file_load(emu, path, &obj);
		if (rc == 0)
			rc = add(emu, path, obj);
		if (rc)
			return rc;
		pin = *find(emu, path);
	}
	if (pin->obj->kind == XB_OBJ_LINK && attr->file_flags)
		return -EINVAL;
	return xb_obj_fd_flags(pin->obj, pin->obj->kind == XB_OBJ_MAP ? attr->file_flags : 0);
}

int
xb_pin_remove(struct xb_emu *emu, const char *path)
{
	char own[PATH_MAX];
	struct xb_pin **p, *pin;
	bool had_file;

	if (strlen(path) >= sizeof(own))
		return -ENAMETOOLONG;
	if (normalise(own, path))
		return -ENOENT;
	had_file = xb_pin_file_remove(emu, own);
	p = find(emu, own);
	pin = *p;
	if (pin == NULL)
		return had_file ? 0 : -ENOENT;
	*p = pin->next;
	free(pin->path);
	free(pin);
	return 0;
}

void
xb_pin_for_each(struct xb_emu *emu, void (*fn)(void *arg, const char *path, struct xb_obj *obj),
                void *arg)
{
	for (struct xb_pin *pin = emu->pins; pin; pin = pin->next)
		fn(arg, pin->path, pin->obj);
}

void
xb_pin_free(struct xb_emu *emu)
{
	while (emu->pins) {
		struct xb_pin *pin = emu->pins;

		emu->pins = pin->next;
		free(pin->path);
		free(pin);
	}
}
