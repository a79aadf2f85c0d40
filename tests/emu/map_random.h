/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_random.h - the maps that test_map_random.c works on, a row each.
 */
#ifndef XB_TESTS_EMU_MAP_RANDOM_H
#define XB_TESTS_EMU_MAP_RANDOM_H

#include "tests/emu/map_backend.h"

enum key_kind { KEY_INDEX, KEY_HASH, KEY_PREFIX, KEY_CGROUP, KEY_NONE };
enum value_kind {
	VALUE_BYTES,
	VALUE_DEV,
	VALUE_CPU,
	VALUE_MAP,
	VALUE_SOCKET,
	VALUE_FEW, /* one of key_space, and lookups ask for one */
	VALUE_OPS, /* of STRUCT_OPS, zeros but for the first bytes */
	VALUE_FD,  /* no descriptor that the map would take */
};

struct map_random_row {
	const char *name;
	struct map_spec spec;
	enum key_kind key;
	enum value_kind value;
	u32 key_space;  /* of KEY_HASH and VALUE_FEW */
	u32 slowness;   /* 0: 1; so many times fewer operations, where the kernel's wait for RCU */
	bool unordered; /* the order of keys is the kernel's own */
	bool approximate; /* what was never pushed may seem to be there, on one side only */
};

extern const struct map_random_row map_random_rows[];
extern const u32 map_random_row_cnt;

#endif
