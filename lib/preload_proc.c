/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_proc.c - opening files: what /proc/self/fdinfo says of the emulator's descriptors, and
 * pins, which cannot be opened.
 */
#undef _FILE_OFFSET_BITS
#include "lib/preload_priv.h"

#include "emu/fdinfo.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PASS_ON (-1) /* to the C library */

#define NUMBER(macro)   NUMBER_(macro)
#define NUMBER_(digits) #digits

/* The descriptor that a path of /proc asks about, or -1. */
static int
asked_fd(const char *path)
{
	char own[32];
	int fd, end = 0;

	if (strncmp(path, "/proc/", 6) != 0)
		return -1;
	snprintf(own, sizeof(own), "/proc/%d/fdinfo/%%d%%n", (int)getpid());
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (sscanf(path, "/proc/self/fdinfo/%d%n", &fd, &end) != 1 &&
	    sscanf(path, own, &fd, &end) != 1)
		return -1;
#pragma GCC diagnostic pop
	return end && !path[end] ? fd : -1;
}

/* Appends what the kernel says of the file behind. */
static void
copy_own(int fd, int to)
{
	char path[40], text[512];
	ssize_t n;
	int from;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return;
	n = read(from, text, sizeof(text));
	if (n > 0)
		(void)!write(to, text, (size_t)n);
	close(from);
}

/* A file with the text, or PASS_ON. */
static int
open_fdinfo(int asked)
{
	char text[XB_FDINFO_BYTES];
	struct xb_emu *emu = asked >= 0 ? preload_enter() : NULL;
	struct xb_obj *obj;
	int fd = PASS_ON;

	if (!emu)
		return PASS_ON;
	obj = preload_obj(emu, asked);
	if (obj)
		fd = memfd_create("fdinfo", MFD_CLOEXEC);
	if (fd >= 0) {
		copy_own(asked, fd);
		(void)!write(fd, text, xb_fdinfo(obj, text));
		lseek(fd, 0, SEEK_SET);
	}
	preload_leave();
	return fd;
}

/*
 * Settings of Linux's that are the emulator's own here, whatever the machine's are; some are not
 * there at all in network namespaces.
 */
static const struct {
	const char *path, *text;
} settings[] = {
	{ "/proc/sys/net/core/max_skb_frags", NUMBER(XB_XDP_MAX_FRAGS) "\n" },
};

/* A file with a setting's text, or PASS_ON. */
static int
open_setting(const char *path)
{
	int fd = PASS_ON;

	for (size_t i = 0; i < XB_ARRAY_SIZE(settings); i++) {
		if (strcmp(path, settings[i].path) != 0)
			continue;
		fd = memfd_create("setting", MFD_CLOEXEC);
		if (fd < 0)
			return PASS_ON;
		(void)!write(fd, settings[i].text, strlen(settings[i].text));
		lseek(fd, 0, SEEK_SET);
	}
	return fd;
}

/* cf. kernel/bpf/inode.c: a pin's file opens with an error, or not at all */
static int
open_on_bpffs(const char *path)
{
	struct stat st;
	int rc = preload_bpffs_stat(path, &st);

	if (rc == 0)
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EIO;
	return (int)preload_result(rc);
}

/* Whether the path is one of ours; *fd is what the call gives then. */
static bool
take_open(int dir, const char *path, int *fd)
{
	char own[PATH_MAX];
	int before = errno;

	if (preload_is_inside() || !path)
		return false;
	*fd = open_fdinfo(asked_fd(path));
	if (*fd == PASS_ON)
		*fd = open_setting(path);
	errno = before;
	if (*fd != PASS_ON)
		return true;
	if (!preload_bpffs_path(dir, path, own))
		return false;
	*fd = open_on_bpffs(own);
	return true;
}

#define MODE(flags)                                                                                \
	mode_t mode = 0;                                                                           \
	if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                   \
		va_list ap;                                                                        \
		va_start(ap, flags);                                                               \
		mode = va_arg(ap, mode_t);                                                         \
		va_end(ap);                                                                        \
	}

#pragma GCC visibility push(default)

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		int fd;                                                                            \
		MODE(flags)                                                                        \
		return take_open(AT_FDCWD, path, &fd) ? fd                                         \
		                                      : PRELOAD_NEXT(name)(path, flags, mode);     \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
	int name(int dir, const char *path, int flags, ...)                                        \
	{                                                                                          \
		int fd;                                                                            \
		MODE(flags)                                                                        \
		return take_open(dir, path, &fd) ? fd                                              \
		                                 : PRELOAD_NEXT(name)(dir, path, flags, mode);     \
	}
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                                                \
	FILE *name(const char *path, const char *mode)                                             \
	{                                                                                          \
		int fd;                                                                            \
		if (take_open(AT_FDCWD, path, &fd))                                                \
			return fd < 0 ? NULL : fdopen(fd, "re");                                   \
		return PRELOAD_NEXT(name)(path, mode);                                             \
	}
FOPEN(fopen)
FOPEN(fopen64)

#pragma GCC visibility pop
