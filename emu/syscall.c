/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall.c - where libbpf's calls of the C library arrive (ld --wrap) while an emulator stands for
 * the kernel.
 *
 * syscall() carries bpf(2). The others are what libbpf does around it: it looks whether a pin's
 * directory is on bpffs, makes it, removes pins, reads the kernel's BTF, and asks how many CPUs
 * there can be. Without an emulator entered on this thread all of them do what they always do.
 */
#include "emu/btf.h"
#include "emu/emu.h"
#include "emu/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* gcc has no MSan, and warns of a name that it does not know. */
#ifdef __clang__
#define NOT_SANITIZED __attribute__((noinline, no_sanitize("address", "memory")))
#else
#define NOT_SANITIZED __attribute__((noinline, no_sanitize_address))
#endif

/* The kernel of this thread: what --wrap reaches has no other argument to find it by. */
static _Thread_local struct xb_emu *entered;
static _Thread_local bool arrived;

/* The linker finds them by their names, also in an archive that keeps all else to itself. */
#pragma GCC visibility push(default)
long __wrap_syscall(long nr, ...);
long __real_syscall(long nr, ...);
int __wrap_statfs64(const char *path, struct statfs64 *st);
int __real_statfs64(const char *path, struct statfs64 *st);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_unlink(const char *path);
int __real_unlink(const char *path);
int __wrap_faccessat(int dir, const char *path, int mode, int flags);
int __real_faccessat(int dir, const char *path, int mode, int flags);
int __wrap_open64(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__real_fopen64(const char *path, const char *mode);
#pragma GCC visibility pop

struct xb_emu *
xb_emu_enter(struct xb_emu *emu)
{
	struct xb_emu *was = entered;

	entered = emu;
	if (emu)
		arrived = false;
	return was;
}

bool
xb_emu_arrived(void)
{
	return arrived;
}

/* A system call's result as the C library gives it. */
static long
result(long rc)
{
	if (rc >= 0)
		return rc;
	errno = (int)-rc;
	return -1;
}

/*
 * As the C library's syscall() does: whatever lies where six arguments would, as nobody says how
 * many there are. What lies behind the last is the caller's own, which sanitizers object to.
 */
NOT_SANITIZED static long
pass_on(long nr, va_list ap)
{
	long a[6];

	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	return __real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* bpf(2) has three arguments. */
static long
take_bpf(va_list ap)
{
	int cmd = (int)va_arg(ap, long);
	union bpf_attr *attr = va_arg(ap, union bpf_attr *);

	arrived = true;
	return result(xb_emu_bpf(entered, cmd, attr, (u32)va_arg(ap, long)));
}

long
__wrap_syscall(long nr, ...)
{
	va_list ap;
	long ret;

	va_start(ap, nr);
	ret = nr == SYS_bpf && entered ? take_bpf(ap) : pass_on(nr, ap);
	va_end(ap);
	return ret;
}

/* Every directory is on bpffs: pins are the emulator's, wherever they seem to be. */
int
__wrap_statfs64(const char *path, struct statfs64 *st)
{
	if (entered == NULL)
		return __real_statfs64(path, st);
	memset(st, 0, sizeof(*st));
	st->f_type = BPF_FS_MAGIC;
	return 0;
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	return entered ? 0 : __real_mkdir(path, mode);
}

int
__wrap_unlink(const char *path)
{
	if (entered == NULL)
		return __real_unlink(path);
	return (int)result(xb_pin_remove(entered, path));
}

int
__wrap_faccessat(int dir, const char *path, int mode, int flags)
{
	if (entered && xb_btf_kernel_fd(entered, path) >= 0)
		return 0;
	return __real_faccessat(dir, path, mode, flags);
}

/* The emulator's CPUs, in the words of sysfs. libbpf asks once a process and keeps the answer. */
static int
possible_cpus(const struct xb_emu *emu)
{
	int fd = memfd_create("possible", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (dprintf(fd, "0-%u\n", emu->cpu_cnt - 1) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

int
__wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (entered && strcmp(path, "/sys/devices/system/cpu/possible") == 0)
		return possible_cpus(entered);
	return __real_open64(path, flags, mode);
}

FILE *
__wrap_fopen64(const char *path, const char *mode)
{
	int fd = entered ? xb_btf_kernel_fd(entered, path) : -1;
	char fd_path[40];

	/* The emulator has no symbols of the kernel, whatever the host's has. */
	if (entered && strcmp(path, "/proc/kallsyms") == 0)
		return __real_fopen64("/dev/null", mode);
	if (fd < 0)
		return __real_fopen64(path, mode);
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
	return __real_fopen64(fd_path, mode);
}
