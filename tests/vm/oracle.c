/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/oracle.h"

#include "tests/insns.h"
#include "tests/rig/permitted.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long ret = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

bool
xb_oracle_permitted(void)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 2), XB_EXIT() };
	int fd = xb_oracle_load(BPF_PROG_TYPE_XDP, insns, XB_ARRAY_SIZE(insns), NULL, 0, 0);

	if (!probe_permitted(fd)) {
		printf("skipped: bpf(2) not permitted (%s)\n", strerror(-fd));
		return false;
	}
	close(fd);
	return true;
}

int
xb_oracle_load(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt, char *log,
               u32 log_bytes, u32 level)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (u64)(uintptr_t)insns;
	attr.insn_cnt = cnt;
	attr.license = (u64)(uintptr_t) "GPL";
	attr.log_buf = (u64)(uintptr_t)log;
	attr.log_size = log_bytes;
	attr.log_level = level;
	if (log)
		log[0] = 0;
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

int
xb_oracle_run(int prog_fd, const void *packet, u32 bytes, u32 *retval)
{
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog_fd;
	attr.test.data_in = (u64)(uintptr_t)packet;
	attr.test.data_size_in = bytes;
	attr.test.repeat = 1;
	ret = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	*retval = attr.test.retval;
	return ret;
}

int
xb_oracle_map(u32 value_bytes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = value_bytes;
	attr.max_entries = 1;
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

static int
map_elem(enum bpf_cmd cmd, int map_fd, uintptr_t value)
{
	union bpf_attr attr;
	u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map_fd;
	attr.key = (u64)(uintptr_t)&key;
	attr.value = value;
	return sys_bpf(cmd, &attr);
}

int
xb_oracle_map_set(int map_fd, const void *value)
{
	return map_elem(BPF_MAP_UPDATE_ELEM, map_fd, (uintptr_t)value);
}

int
xb_oracle_map_get(int map_fd, void *value)
{
	return map_elem(BPF_MAP_LOOKUP_ELEM, map_fd, (uintptr_t)value);
}
