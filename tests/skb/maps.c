/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/maps.h"

#include "tests/rig/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct shape {
	u32 type, key_bytes, value_bytes, entries, flags;
	bool btf; /* key and value have types: int, long */
};

static const struct shape shapes[] = {
	[PERF] = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0, false },
	[CGROUPS] = { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0, false },
	[ARRAY] = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, false },
	[HASH] = { BPF_MAP_TYPE_HASH, 4, 8, 4, 0, false },
	[PROGS] = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, false },
	[RINGBUF] = { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, false },
	[SK_STORAGE] = { BPF_MAP_TYPE_SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC, true },
};

/* Type 1 is a signed int, 2 a signed long. */
static const struct {
	struct btf_header header;
	struct {
		struct btf_type type;
		u32 bits;
	} types[2];
	char names[10];
} btf = {
	{ .magic = BTF_MAGIC,
	  .version = BTF_VERSION,
	  .hdr_len = sizeof(struct btf_header),
	  .type_len = 32,
	  .str_off = 32,
	  .str_len = 10 },
	{ { { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 }, BTF_INT_SIGNED << 24 | 32 },
	  { { .name_off = 5, .info = BTF_KIND_INT << 24, .size = 8 }, BTF_INT_SIGNED << 24 | 64 } },
	"\0int\0long",
};

void
maps_open(struct maps *maps, const struct backend *b)
{
	*maps = (struct maps){ .b = b };
}

void
maps_close(struct maps *maps)
{
	u32 i;

	for (i = 0; i < MAP_CNT; i++)
		if (maps->fds[i] > 0)
			close(maps->fds[i]);
}

static long
load_btf(const struct backend *b)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = (u32)(offsetof(__typeof__(btf), names) + sizeof(btf.names));
	return backend_bpf(b, BPF_BTF_LOAD, &attr);
}

/* Where cgroup2 is not mounted, slot 0 is empty like the others. */
static void
fill_cgroups(const struct backend *b, int map)
{
	const u32 key = 0;
	int fd = cgroup2_open();

	if (fd < 0)
		return;
	assert_int_equal(backend_update(b, map, &key, &fd), 0);
	close(fd);
}

static int
make(const struct backend *b, enum map_name name)
{
	const struct shape *s = &shapes[name];
	union bpf_attr attr;
	long types = s->btf ? load_btf(b) : 0, ret;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = s->type;
	attr.key_size = s->key_bytes;
	attr.value_size = s->value_bytes;
	attr.max_entries = s->entries;
	attr.map_flags = s->flags;
	if (types < 0)
		return (int)types;
	if (s->btf) {
		attr.btf_fd = (u32)types;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = 2;
	}
	ret = backend_bpf(b, BPF_MAP_CREATE, &attr);
	if (s->btf)
		close((int)types);
	if (ret >= 0 && name == CGROUPS)
		fill_cgroups(b, (int)ret);
	return (int)ret;
}

int
maps_get(struct maps *maps, enum map_name name)
{
	if (!maps->fds[name])
		maps->fds[name] = make(maps->b, name);
	return maps->fds[name];
}
