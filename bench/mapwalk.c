/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mapwalk.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The call on its side, with -errno for a failure. */
#define ON_SIDE(side, call)                                                                        \
	({                                                                                         \
		struct xb_emu *was_ = xb_emu_enter((side)->emu);                                   \
		int rc_ = (call) < 0 ? -errno : 0;                                                 \
		xb_emu_enter(was_);                                                                \
		rc_;                                                                               \
	})

int
xb_mapside_next(const struct xb_mapside *side, const void *key, void *next)
{
	return ON_SIDE(side, bpf_map_get_next_key(side->fd, key, next));
}

int
xb_mapside_read(const struct xb_mapside *side, const void *key, void *value)
{
	return ON_SIDE(side, bpf_map_lookup_elem(side->fd, key, value));
}

int
xb_mapside_write(const struct xb_mapside *side, const void *key, const void *value)
{
	return ON_SIDE(side, bpf_map_update_elem(side->fd, key, value, BPF_ANY));
}

int
xb_mapside_delete(const struct xb_mapside *side, const void *key)
{
	return ON_SIDE(side, bpf_map_delete_elem(side->fd, key));
}

int
xb_mapside_pop(const struct xb_mapside *side, void *value)
{
	return ON_SIDE(side, bpf_map_lookup_and_delete_elem(side->fd, NULL, value));
}

int
xb_mapside_walk(const struct xb_mapside *side,
                int (*fn)(void *arg, const void *key, const void *value, int read), void *arg)
{
	u8 *key = calloc(1, side->key_bytes + 1u), *value = calloc(1, side->value_bytes + 1u);
	bool first = true;
	int rc = 0;

	if (!key || !value)
		rc = -ENOMEM;
	while (rc == 0 && xb_mapside_next(side, first ? NULL : key, key) == 0) {
		int read = xb_mapside_read(side, key, value);

		first = false;
		rc = fn(arg, key, value, read);
	}
	free(value);
	free(key);
	return rc;
}
