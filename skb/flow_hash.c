/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/flow.h"

#include "emu/hash.h"

#include <string.h>

#define HASHED_OFF   offsetof(struct xb_flow_keys, proto)
#define HASHED_BYTES (offsetof(struct xb_flow_keys, ip6) - HASHED_OFF)

_Static_assert(HASHED_BYTES == 24, "no padding in what is hashed");

static void
swap(void *a, void *b, u32 bytes)
{
	u8 old[16];

	memcpy(old, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, old, bytes);
}

/* cf. net/core/flow_dissector.c: __flow_hash_consistentify */
static void
consistentify(struct xb_flow_keys *k)
{
	bool ip4 = k->addrs == XB_FLOW_ADDRS_IP4, ip6 = k->addrs == XB_FLOW_ADDRS_IP6;

	if (ip4 && k->ip4[1] < k->ip4[0])
		swap(&k->ip4[0], &k->ip4[1], sizeof(k->ip4[0]));
	if (ip6 && memcmp(k->ip6[1], k->ip6[0], sizeof(k->ip6[0])) < 0)
		swap(k->ip6[0], k->ip6[1], sizeof(k->ip6[0]));
	if ((ip4 || ip6) && k->ports[1] < k->ports[0])
		swap(&k->ports[0], &k->ports[1], sizeof(k->ports[0]));
}

u32
xb_flow_hash(struct xb_flow_keys *keys, u64 seed)
{
	static const u32 addr_bytes[] = {
		[XB_FLOW_ADDRS_NONE] = 0,
		[XB_FLOW_ADDRS_IP4] = sizeof(keys->ip4),
		[XB_FLOW_ADDRS_IP6] = sizeof(keys->ip6),
		[XB_FLOW_ADDRS_TIPC] = sizeof(keys->tipc),
	};
	u32 hash;

	consistentify(keys);
	hash = xb_hash((const u8 *)keys + HASHED_OFF, (u32)HASHED_BYTES + addr_bytes[keys->addrs],
	               seed);
	return hash ? hash : 1;
}
