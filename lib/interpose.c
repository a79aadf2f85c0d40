/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interpose.c - the shared library's own way for libbpf's calls to come to the emulator.
 *
 * Where everything is static the linker wraps these functions (ld --wrap). A shared libbpf calls
 * them by their names, and finds the ones here, as this library comes before the C library. What is
 * not the emulator's goes on to whoever has the name next.
 */
#include "lib/six_longs.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PUBLIC __attribute__((visibility("default")))

/* X(result, name, parameters, arguments) */
#define INTERPOSED(X)                                                                              \
	X(int, statfs64, (const char *path, struct statfs64 *st), (path, st))                      \
	X(int, mkdir, (const char *path, mode_t mode), (path, mode))                               \
	X(int, unlink, (const char *path), (path))                                                 \
	X(int, faccessat, (int dir, const char *path, int mode, int flags),                        \
	  (dir, path, mode, flags))                                                                \
	X(FILE *, fopen64, (const char *path, const char *mode), (path, mode))

#define DEFINE(result, name, params, args)                                                         \
	result __wrap_##name params;                                                               \
	result __real_##name params;                                                               \
	PUBLIC result name params;                                                                 \
	result name params                                                                         \
	{                                                                                          \
		return __wrap_##name args;                                                         \
	}                                                                                          \
	result __real_##name params                                                                \
	{                                                                                          \
		result(*next) params;                                                              \
		*(void **)&next = dlsym(RTLD_NEXT, #name);                                         \
		return next args;                                                                  \
	}
INTERPOSED(DEFINE)

long __wrap_syscall(long nr, ...);
long __real_syscall(long nr, ...);
PUBLIC long syscall(long nr, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
PUBLIC int open64(const char *path, int flags, ...);

long
syscall(long nr, ...)
{
	long a[6];

	SIX_LONGS(a, nr);
	return __wrap_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long
__real_syscall(long nr, ...)
{
	long (*next)(long, ...);
	long a[6];

	SIX_LONGS(a, nr);
	*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	return next(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The mode is read where the flags ask for one. */
static mode_t
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return __wrap_open64(path, flags, mode);
}

int
__real_open64(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...);
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	*(void **)&next = dlsym(RTLD_NEXT, "open64");
	return next(path, flags, mode);
}
