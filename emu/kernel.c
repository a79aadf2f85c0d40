/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library's, behind the linker's --wrap, which leads syscall() to the emulator. */
long __real_syscall(long nr, ...);

long
xb_kernel_bpf(int cmd, union bpf_attr *attr)
{
	long rc = __real_syscall(SYS_bpf, (long)cmd, attr, sizeof(*attr));

	return rc < 0 ? -errno : rc;
}

/* How many a list like "0-3,8" has. */
static u32
list_cnt(const char *text)
{
	unsigned long first, last, cnt = 0;
	char *end;

	for (;; text = end + 1) {
		first = last = strtoul(text, &end, 10);
		if (end == text)
			return 0;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= 1u << 20)
			return 0;
		cnt += last - first + 1;
		if (*end != ',')
			return (u32)cnt;
	}
}

u32
xb_kernel_cpu_cnt(void)
{
	int fd = openat(AT_FDCWD, "/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	char text[1024];
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	return list_cnt(text);
}
