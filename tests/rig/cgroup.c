/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rig/cgroup.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_INODE 1

int
cgroup2_open(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;
	int fd = -1;

	while (mounts && fd < 0 && (m = getmntent(mounts)) != NULL)
		if (!strcmp(m->mnt_type, "cgroup2"))
			fd = open(m->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mounts)
		endmntent(mounts);
	return fd;
}

/* The line of the second version has no controllers. */
static bool
at_top(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strcmp(line, "0::/\n");
	if (f)
		fclose(f);
	return found;
}

bool
cgroup2_in_root(void)
{
	int fd = cgroup2_open();
	struct stat st;
	bool root = fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == ROOT_INODE && at_top();

	if (fd >= 0)
		close(fd);
	return root;
}
