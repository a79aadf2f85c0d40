/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skb.h - TC: a packet as an sk_buff, the __sk_buff that programs see of it, a run.
 *
 * One struct xb_skb is made once and used for every packet: a packet buffer in guest memory (below
 * 4 GiB), a __sk_buff, a socket, and a process on one vCPU. Where nothing else is said, a packet
 * starts as BPF_PROG_TEST_RUN starts it (cf. net/bpf/test_run.c: bpf_prog_test_run_skb).
 *
 * The packet lies in one piece. Of what the kernel would keep in fragments it is known how much
 * that is: a program may not point at it before bpf_skb_pull_data.
 */
#ifndef XB_SKB_SKB_H
#define XB_SKB_SKB_H

#include "emu/emu.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "skb/csum.h"
#include "vm/proc.h"

#define XB_SKB_MAX_BYTES      131072u /* twice the longest IP packet */
#define XB_SKB_LINEAR_BYTES   3712u   /* 4096 - 64 NET_SKB_PAD - 320 skb_shared_info */
#define XB_SKB_MAX_META_BYTES 252u    /* metadata in front of a packet (cf. xdp_metalen_invalid) */

struct xb_skb;

struct xb_skb_opts {
	u32 vcpu;
	u32 linear_bytes; /* most bytes in the linear part; 0: XB_SKB_LINEAR_BYTES */
	bool stays;       /* no redirect is followed, as in a test run: out.redirect is NONE */
	bool any_ifindex; /* every interface exists; else the loopback, 1, alone; or a world's */
};

/* Registers the program types, their helpers, and their test run with the emulator. */
void xb_skb_register(struct xb_emu *emu);

/* NULL and err where an option is out of range, or there is no memory. */
struct xb_skb *xb_skb_new(struct xb_emu *emu, const struct xb_skb_opts *opts, struct xb_err *err);

/* NULL is allowed. */
void xb_skb_free(struct xb_skb *s);

/* Fields of struct xb_skb_ctx that are taken in place of what the packet itself tells; bits. */
enum xb_skb_has {
	XB_SKB_HAS_PKT_TYPE = 1 << 0,
	XB_SKB_HAS_PROTOCOL = 1 << 1,
	XB_SKB_HAS_TSTAMP_TYPE = 1 << 2,
	XB_SKB_HAS_WIRE_LEN = 1 << 3,
};

/* The socket that a packet belongs to. */
enum xb_skb_sock_kind {
	XB_SKB_SOCK_TEST_RUN, /* made up from the packet's addresses, as the test run does */
	XB_SKB_SOCK_NONE,
	XB_SKB_SOCK_GIVEN, /* xb_skb_ctx.sock */
};

/*
 * What a packet's sk_buff holds at the start of a run, beside the packet. All zeros is what a test
 * run without a context has, but for ifindex, which is to be set. Names are the uapi's.
 */
struct xb_skb_ctx {
	u32 has; /* enum xb_skb_has */
	u32 mark, priority, ingress_ifindex, ifindex, queue_mapping, tc_index, tc_classid;
	u32 cb[5];
	u32 napi_id, wire_len, gso_segs, gso_size;
	u32 gso_type; /* SKB_GSO_*, as the kernel numbers them; no uapi */
	u32 pkt_type; /* PACKET_* of <linux/if_packet.h>, 0 to 7 */
	u16 protocol; /* EtherType, in wire order */
	bool vlan_present;
	u16 vlan_tci, vlan_proto; /* vlan_proto in wire order */
	u32 hash;
	bool l4_hash, sw_hash; /* of hash: whether over ports too, whether by software */
	u64 tstamp;            /* ns */
	u8 tstamp_type;        /* BPF_SKB_CLOCK_*: realtime 0, monotonic 1, TAI 2 */
	u64 hwtstamp;          /* ns */
	enum xb_checksum ip_summed;
	u8 csum_level; /* with UNNECESSARY: checksums verified beyond the first, 0 to 3 */
	u16 csum_start, csum_offset; /* with PARTIAL: bytes from the Ethernet header; from there */
	/* With COMPLETE: over what is behind the Ethernet header; csum_sum: computed from it. */
	__wsum csum;
	bool csum_sum;
	bool encapsulation;
	bool at_ingress; /* tc_at_ingress: clear in test runs, set on a device's way in */
	bool at_egress;  /* on a device's way out: bpf_redirect_peer leads nowhere there */
	bool trans_set;  /* the transport header is at the network header: on a device's way in */
	enum xb_skb_sock_kind sock_kind;
	struct xb_sock_info sock;
	u32 cgroup_classid; /* of the task that bpf_get_cgroup_classid asks about */
	u32 route_realm;    /* of the packet's route */
	u32 flow_flags;     /* of flow dissectors: BPF_FLOW_DISSECTOR_F_* */
	/* Likewise: keys that they find in place of the usual ones, and which: a bit for each byte.
	 */
	struct bpf_flow_keys flow_keys;
	u64 flow_keys_given;
};

/*
 * A packet on its way in. It is copied; but the caller's buffers and context have to stay as they
 * are until the runs on it are over: a packet whose program faults is taken from them again.
 */
struct xb_skb_in {
	const u8 *hdr; /* bytes put in front of data (a link-layer header made up), or NULL */
	u32 hdr_bytes;
	const u8 *data;
	u32 bytes;        /* hdr_bytes + bytes <= XB_SKB_MAX_BYTES; from 0 on (TEST_RUN wants 14) */
	const u8 *meta;   /* metadata in front of the packet, or NULL */
	u32 meta_bytes;   /* a multiple of 4, up to XB_SKB_MAX_META_BYTES */
	u32 linear_bytes; /* most bytes in the linear part; 0: that of struct xb_skb_opts, */
	bool no_linear;   /* or, with this, none: as TCP hands them to SK_SKB programs */
	const struct xb_skb_ctx *ctx;
	u32 prog_type; /* of the programs that run on it; 0: sched_cls */
};

/* X(enumerator, name in the JSON lines) */
#define XB_SKB_REDIRECT_LIST(X)                                                                    \
	X(NONE, "none")       /* TC_ACT_REDIRECT without a target: dropped */                      \
	X(IFINDEX, "ifindex") /* bpf_redirect, bpf_clone_redirect */                               \
	X(PEER, "peer")       /* bpf_redirect_peer: ingress of the other end, in its namespace */  \
	X(NEIGH, "neigh")     /* bpf_redirect_neigh: egress, with MAC addresses of the neighbour */

#define XB_SKB_REDIRECT_ENUM(id, name) XB_SKB_REDIRECT_##id,
enum xb_skb_redirect_kind { XB_SKB_REDIRECT_LIST(XB_SKB_REDIRECT_ENUM) XB_SKB_REDIRECT_KIND_CNT };
#undef XB_SKB_REDIRECT_ENUM

const char *xb_skb_redirect_kind_name(enum xb_skb_redirect_kind kind);

struct xb_skb_redirect {
	enum xb_skb_redirect_kind kind;
	u32 ifindex;
	bool ingress;     /* BPF_F_INGRESS, and PEER: to the receiving side of the interface */
	u64 flags;        /* as given to the helper */
	bool has_nexthop; /* NEIGH with parameters: */
	struct bpf_redir_neigh nexthop;
};

/* What a run left behind. Pointers are into the xb_skb's buffers, valid until its next load. */
struct xb_skb_out {
	enum xb_run_status status;    /* XB_RUN_EXIT or XB_RUN_FAULT; or as given to xb_skb_end */
	u32 retval;                   /* R0's low 32 bits; after a fault what drops the packet */
	const struct xb_fault *fault; /* or NULL */
	/* All of the packet, from __sk_buff.data on: most types but TC's have no link-layer header.
	 */
	const u8 *data;
	u32 bytes;
	u32 linear_bytes; /* of these, how many lie in the linear part */
	const u8 *meta;
	u32 meta_bytes;
	s32 head_delta; /* bytes lost at the packet's front; negative: that came to it there */
	s32 tail_delta; /* bytes that came to it at its end */
	bool changed;   /* packet or context may have been altered; false: certainly not */
	u64 insns;
	/* As the program would read it now; pointers are the guest's. */
	const struct __sk_buff *ctx;
	u64 tstamp;               /* ns, whether the program may see it or not */
	u8 tstamp_type;           /* BPF_SKB_CLOCK_* */
	bool vlan_present;        /* a tag that is not in `data`: */
	u16 vlan_tci, vlan_proto; /* vlan_proto in wire order */
	enum xb_checksum ip_summed;
	u16 csum_start, csum_offset;           /* with PARTIAL, from `data` on; from there */
	struct xb_skb_redirect redirect;       /* kind NONE where retval is not TC_ACT_REDIRECT */
	const struct bpf_flow_keys *flow_keys; /* of a flow dissector; else NULL */
	/*
	 * Of SK_SKB's stream verdicts that return SK_PASS: the socket that a helper said it goes
	 * to, or NULL: the one that it came for; and whether that one is to receive it, not to send
	 * it.
	 */
	const struct xb_sock *sk_redirect;
	bool sk_ingress;
};

/* A packet that bpf_clone_redirect sends off while the program goes on. */
struct xb_skb_clone {
	const u8 *data;
	u32 bytes;
	bool vlan_present;
	u16 vlan_tci, vlan_proto;
	enum xb_checksum ip_summed;
	u16 csum_start, csum_offset;
	struct xb_skb_redirect redirect; /* kind IFINDEX */
};

/* Called in the run for every clone; all that it points to is valid during the call. */
void xb_skb_on_clone(struct xb_skb *s, void (*fn)(void *arg, const struct xb_skb_clone *clone),
                     void *arg);

/* Puts a packet into the buffer; sizes are in range. */
void xb_skb_load(struct xb_skb *s, const struct xb_skb_in *in);

/*
 * Runs prog on it. The packet and context stay readable until the next load. A second run without a
 * load finds what the first one left. After a fault packet and context are as they were loaded, and
 * every delta 0.
 */
void xb_skb_run(struct xb_skb *s, const struct xb_bpf_prog *prog, struct xb_skb_out *out);

/*
 * The same in parts, for who wants to be there in between: begin prepares xb_skb's process for
 * prog, the caller steps or continues it (vm/proc.h), and end does with its last status what a run
 * does afterwards. XB_RUN_RUNNING gives the run up: the packet is as after a fault, but there is
 * none. Every begin has its end.
 */
void xb_skb_begin(struct xb_skb *s, const struct xb_bpf_prog *prog);
void xb_skb_end(struct xb_skb *s, const struct xb_bpf_prog *prog, enum xb_run_status status,
                struct xb_skb_out *out);

/* Its process, never NULL; s's own. */
struct xb_proc *xb_skb_proc(struct xb_skb *s);

/*
 * What the sk_buff holds now, as the start of another one with the same packet: for a program that
 * the packet comes to next. No socket and no at_ingress are in it, and tstamp is cleared, as where
 * a device transmits it (cf. net/core/filter.c: __bpf_tx_skb).
 */
void xb_skb_save_ctx(const struct xb_skb *s, struct xb_skb_ctx *ctx);

/*
 * Puts an Ethernet header back in front of a packet whose program saw none: the addresses that it
 * came with, and the type that it has now; or `zeros`, as a test run does. Of a packet that has its
 * header nothing changes. `out` is as after the run, with the header.
 */
void xb_skb_push_ether(struct xb_skb *s, bool zeros, struct xb_skb_out *out);

/*
 * Writes the packet as a wire would have it: with a tag that is not in `data` put back behind the
 * MAC addresses. `to` has room for bytes + 4. Returns how many. (cf. include/linux/if_vlan.h:
 * __vlan_insert_inner_tag)
 */
u32 xb_skb_to_wire(const u8 *data, u32 bytes, u16 vlan_proto, u16 vlan_tci, u8 *to);

#endif
