/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - which flow a packet belongs to: what Linux looks at for skb->hash, and a hash of that.
 *
 * Two packets have the same keys here where Linux's hash of both is the same: both directions of a
 * connection; all fragments of all datagrams between two hosts; of a tunnel, what is inside. Of
 * IPv6 with a flow label the ports are not looked at. (cf. net/core/flow_dissector.c:
 * __skb_flow_dissect with flow_keys_dissector and FLOW_DISSECTOR_F_STOP_AT_FLOW_LABEL)
 *
 * Differs: the hash itself is another than Linux's, which has a secret of each boot for a key. The
 * link probes of TIPC get a random hash there, and all the same here.
 */
#ifndef XB_SKB_FLOW_H
#define XB_SKB_FLOW_H

#include "vm/types.h"

/* Where in a packet to begin. */
struct xb_flow_packet {
	const u8 *l3; /* the packet from the network header on */
	u32 bytes;    /* of it */
	u16 protocol; /* EtherType of what is there, in wire order */
	/* A tag that is not among the bytes: */
	bool vlan_present;
	u16 vlan_tci, vlan_proto; /* vlan_proto in wire order */
};

enum xb_flow_addrs { XB_FLOW_ADDRS_NONE, XB_FLOW_ADDRS_IP4, XB_FLOW_ADDRS_IP6, XB_FLOW_ADDRS_TIPC };

/* The outermost tag. */
struct xb_flow_vlan {
	u16 vid;
	u16 prio;
	u16 tpid, type; /* EtherTypes: its own, and of what follows it; wire order */
};

/*
 * Keys of a flow (cf. include/net/flow_dissector.h: struct flow_keys). What a packet has not is 0.
 * Of several headers of a kind the innermost one counts, but for `vlan`.
 */
struct xb_flow_keys {
	enum xb_flow_addrs addrs;
	/* From here on, to the end of the addresses, is what the hash is of. */
	u16 proto; /* EtherType of the innermost header that is known, in wire order */
	u8 ip_proto;
	u8 pad;
	u32 flow_label;
	struct xb_flow_vlan vlan;
	u32 gre_key;     /* wire order */
	__be16 ports[2]; /* source, destination; or halves of the SPI */
	union {
		__be32 ip4[2];    /* source, destination */
		__be32 ip6[2][4]; /* likewise */
		__be32 tipc;      /* the node that sent it */
	};
};

/* Fills in all of the keys: from any bytes, also where they end early. */
void xb_flow_dissect(const struct xb_flow_packet *packet, struct xb_flow_keys *keys);

/* Whether it tells one connection between two hosts from another (cf. flow_keys_have_l4). */
static inline bool
xb_flow_has_l4(const struct xb_flow_keys *keys)
{
	return keys->ports[0] || keys->ports[1] || keys->flow_label;
}

/*
 * A hash that is never 0. Addresses, and ports, are put in order of size in the keys. (cf.
 * __flow_hash_from_keys)
 */
u32 xb_flow_hash(struct xb_flow_keys *keys, u64 seed);

#endif
