/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_mmap.c - mapping what is a file here and none in Linux: maps, by their rules, and the
 * rings of perf events; and what perf_event_open(2) opens, with its ioctls.
 */
#undef _FILE_OFFSET_BITS
#include "lib/preload_priv.h"

#include "emu/map.h"
#include "emu/perf_event.h"
#include "emu/prog.h"
#include "emu/user.h"
#include "lib/preload_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PERF_IOCTLS '$'

/* A mapping that a program asks for. */
struct ask {
	size_t bytes;
	int prot, flags, fd;
	off64_t off;
};

/*
 * Writable is a RINGBUF's first page, and all but a USER_RINGBUF's first (cf. kernel/bpf/ringbuf.c:
 * ringbuf_map_mmap_kern, ringbuf_map_mmap_user).
 */
static int
check_ring(const struct xb_map *map, const struct ask *a)
{
	u64 page = (u64)getpagesize();

	if (a->prot & PROT_WRITE && map->type == BPF_MAP_TYPE_RINGBUF &&
	    (a->off != 0 || a->bytes != page))
		return -EPERM;
	if (a->prot & PROT_WRITE && map->type == BPF_MAP_TYPE_USER_RINGBUF && a->off == 0)
		return -EPERM;
	return (u64)a->off + a->bytes > 2 * page + 2ull * map->max_entries ? -EINVAL : 0;
}

/* cf. kernel/bpf/arraymap.c: array_map_mmap */
static int
check_array(const struct xb_map *map, const struct ask *a)
{
	u64 page = (u64)getpagesize();
	u64 bytes = (u64)map->max_entries * ((map->value_size + 7) / 8 * 8);

	if (!(map->flags & BPF_F_MMAPABLE))
		return -EINVAL;
	return (u64)a->off + a->bytes > (bytes + page - 1) / page * page ? -EINVAL : 0;
}

/* cf. kernel/bpf/syscall.c: bpf_map_mmap */
static int
check_map(const struct xb_map *map, const struct ask *a)
{
	bool is_ring = map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF;

	if (map->type == XB_MAP_TYPE_ARENA)
		return 0;
	if ((!is_ring && map->type != BPF_MAP_TYPE_ARRAY) || map->specials.cnt)
		return -XB_ENOTSUPP;
	if ((a->flags & MAP_TYPE) == MAP_PRIVATE)
		return -EINVAL;
	if (a->prot & PROT_WRITE && map->frozen)
		return -EPERM;
	if (a->prot & PROT_WRITE && map->flags & BPF_F_RDONLY_PROG)
		return -EACCES;
	return is_ring ? check_ring(map, a) : check_array(map, a);
}

static int
check_obj(struct xb_obj *obj, const struct ask *a)
{
	u64 page = (u64)getpagesize();

	if (obj->kind == XB_OBJ_MAP)
		return check_map(XB_CONTAINER_OF(obj, struct xb_map, obj), a);
	if (obj->kind != XB_OBJ_PERF)
		return -ENODEV;
	if (a->off || (a->flags & MAP_TYPE) == MAP_PRIVATE || a->bytes < page)
		return -EINVAL;
	return xb_perf_event_map(XB_CONTAINER_OF(obj, struct xb_perf_event, obj), a->bytes);
}

/*
 * Whether the kernel would do it: 0 or -errno. What is mapped of a map without PROT_WRITE cannot
 * get it later: *fd becomes a descriptor that is for reading alone, the caller's to close.
 */
static int
check(const struct ask *a, int *fd)
{
	struct xb_emu *emu;
	struct xb_obj *obj;
	int rc = 0;

	if (a->flags & MAP_ANONYMOUS || a->fd < 0)
		return 0;
	emu = preload_enter();
	if (!emu)
		return 0;
	obj = preload_obj(emu, a->fd);
	if (obj)
		rc = check_obj(obj, a);
	if (obj && rc == 0 && obj->kind == XB_OBJ_MAP && !(a->prot & PROT_WRITE))
		*fd = xb_obj_fd_flags(obj, BPF_F_RDONLY);
	preload_leave();
	return rc;
}

#pragma GCC visibility push(default)

void *
mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t off)
{
	int own = -1, before = errno,
	    rc = check(&(struct ask){ bytes, prot, flags, fd, off }, &own);
	void *p;

	errno = before;
	if (rc) {
		preload_result(rc);
		return MAP_FAILED;
	}
	p = PRELOAD_NEXT(mmap)(addr, bytes, prot, flags, own < 0 ? fd : own, off);
	before = errno;
	if (own >= 0)
		close(own);
	errno = before;
	return p;
}

void *
mmap64(void *addr, size_t bytes, int prot, int flags, int fd, off64_t off)
{
	return mmap(addr, bytes, prot, flags, fd, off);
}

#pragma GCC visibility pop

/* What the kernel opens for those who are allowed to: probes and counters, not to be had here. */
static void
report_perf(const struct perf_event_attr *attr, int errnum)
{
	static const char *const names[] = {
		[PERF_TYPE_HARDWARE] = "hardware",
		[PERF_TYPE_SOFTWARE] = "software",
		[PERF_TYPE_TRACEPOINT] = "tracepoint",
		[PERF_TYPE_HW_CACHE] = "hw_cache",
		[PERF_TYPE_RAW] = "raw",
		[PERF_TYPE_BREAKPOINT] = "breakpoint",
	};

	if (attr->type < XB_ARRAY_SIZE(names))
		preload_report(PRELOAD_LACKS_PERF, errnum, "%s, config %llu", names[attr->type],
		               (unsigned long long)attr->config);
	else
		preload_report(PRELOAD_LACKS_PERF, errnum, "type %u (kprobe, uprobe, ...)",
		               attr->type);
}

static bool
is_output(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_SOFTWARE && attr->config == PERF_COUNT_SW_BPF_OUTPUT;
}

/* The kernel's answer, from inside. */
static long
host_open(const long a[6])
{
	long fd = syscall(SYS_perf_event_open, a[0], a[1], a[2], a[3], a[4]);

	return fd < 0 ? -errno : fd;
}

bool
preload_perf_open(const long a[6], long *rc)
{
	struct perf_event_attr attr = { 0 };
	struct xb_emu *emu;
	int before = errno;

	if (xb_user_read(&attr, (u64)a[0], PERF_ATTR_SIZE_VER0))
		return false;
	emu = is_output(&attr) ? preload_get() : preload_enter();
	if (!emu)
		return false;
	if (xb_perf_event_is_emulated(&attr))
		*rc = xb_perf_event_open(emu, (u64)a[0], (int)a[1], (int)a[2], (int)a[3],
		                         (u64)a[4]);
	else
		*rc = host_open(a);
	if (*rc < 0)
		report_perf(&attr, (int)-*rc);
	preload_leave();
	errno = before;
	return true;
}

/* A program for an event of the kernel's. */
static int
refuse_program(struct xb_emu *emu, int prog_fd)
{
	struct xb_obj *obj = preload_obj(emu, prog_fd);

	if (!obj || obj->kind != XB_OBJ_PROG)
		return -EINVAL;
	preload_report(PRELOAD_LACKS_ATTACH, EOPNOTSUPP,
	               "perf event of %s (PERF_EVENT_IOC_SET_BPF)",
	               xb_prog_type_name(XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj)->type));
	return -EOPNOTSUPP;
}

/* False: not the emulator's. */
static bool
perf_ioctl(int fd, unsigned long cmd, unsigned long arg, int *rc)
{
	struct xb_emu *emu = preload_enter();
	struct xb_obj *obj;

	if (!emu)
		return false;
	obj = preload_obj(emu, fd);
	if (obj && obj->kind == XB_OBJ_PERF)
		*rc = xb_perf_event_ioctl(XB_CONTAINER_OF(obj, struct xb_perf_event, obj), cmd,
		                          arg);
	else if (cmd == PERF_EVENT_IOC_SET_BPF && preload_obj(emu, (int)arg))
		*rc = refuse_program(emu, (int)arg);
	preload_leave();
	return *rc <= 0;
}

#pragma GCC visibility push(default)

int
ioctl(int fd, unsigned long cmd, ...)
{
	unsigned long arg;
	int before = errno, rc = 1;
	va_list ap;

	va_start(ap, cmd);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (_IOC_TYPE(cmd) == PERF_IOCTLS && perf_ioctl(fd, cmd, arg, &rc)) {
		errno = before;
		return (int)preload_result(rc);
	}
	return PRELOAD_NEXT(ioctl)(fd, cmd, arg);
}

#pragma GCC visibility pop
