/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/exec_command.h"

#include "vm/types.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PHDRS_MOST 64u

/* A regular file that may be executed: 0 or an errno. */
static int
look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) ? errno : 0;
}

/* The file that execvp would take: 0 or an errno. */
static int
find_in_path(const char *command, char file[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	int why = ENOENT;

	if (strchr(command, '/')) {
		snprintf(file, PATH_MAX, "%s", command);
		return look_at(file);
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;;) {
		size_t len = strcspn(dirs, ":");
		int rc;

		snprintf(file, PATH_MAX, "%.*s%s%s", (int)len, dirs, len ? "/" : "", command);
		rc = look_at(file);
		if (rc == 0)
			return 0;
		if (rc == EACCES)
			why = rc;
		if (!dirs[len])
			return why;
		dirs += len + 1;
	}
}

/* Whether an ELF file of 64 bits asks for a dynamic linker; of others nothing is known. */
static bool
is_static(int fd)
{
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (u32 i = 0; i < h.e_phnum && i < PHDRS_MOST; i++) {
		off_t off = (off_t)(h.e_phoff + i * sizeof(p));

		if (pread(fd, &p, sizeof(p), off) != (ssize_t)sizeof(p))
			return false;
		if (p.p_type == PT_INTERP)
			return false;
	}
	return true;
}

static bool
is_other_user(const struct stat *st)
{
	return (st->st_mode & S_ISUID && st->st_uid != geteuid()) ||
	       (st->st_mode & S_ISGID && st->st_gid != getegid());
}

/* Why the dynamic linker would not load the library, or NULL. */
static const char *
obstacle(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	const char *why = NULL;
	struct stat st;

	if (fd < 0) /* not for reading: nothing is known */
		return NULL;
	if (is_static(fd))
		why = "a static executable: there is no C library of its own to stand in front of";
	else if (fstat(fd, &st) == 0 && is_other_user(&st))
		why = "set-user-ID or set-group-ID: the dynamic linker takes no library of ours";
	else if (geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		why = "has file capabilities: the dynamic linker takes no library of ours";
	close(fd);
	return why;
}

int
xb_exec_check(const char *command, struct xb_err *err)
{
	char file[PATH_MAX];
	int errnum = find_in_path(command, file);
	const char *why;

	if (errnum) {
		xb_err_set(err, XB_ERR_USAGE, "%.128s: %s", command, strerror(errnum));
		return errnum == ENOENT ? XB_EXEC_NOT_FOUND : XB_EXEC_CANNOT;
	}
	why = obstacle(file);
	if (!why)
		return 0;
	xb_err_set(err, XB_ERR_USAGE, "%.128s: %s", file, why);
	return XB_EXEC_CANNOT;
}
