/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp.h - XDP: a packet's buffer and xdp_md, a run, and where its verdict leads.
 *
 * One struct xb_xdp is one receive queue's NAPI context: a packet buffer in guest memory (below 4
 * GiB), an xdp_md, and a process on one vCPU. It is made once and used for every packet; each
 * packet starts as BPF_PROG_TEST_RUN starts it: zeroed headroom, exact bounds, 3520 bytes linear
 * and the rest in fragments (cf. net/bpf/test_run.c: bpf_prog_test_run_xdp).
 */
#ifndef XB_XDP_XDP_H
#define XB_XDP_XDP_H

#include "emu/emu.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "vm/proc.h"

#define XB_XDP_MAX_BYTES    73152u /* one page's linear part and 17 fragments of 4096 */
#define XB_XDP_LINEAR_BYTES 3520u  /* 4096 - 256 headroom - 320 skb_shared_info */
#define XB_XDP_HEADROOM     256u
#define XB_XDP_MAX_FRAGS    17
/* The longest that a packet can become: its head took all of the headroom but Linux's 40 bytes. */
#define XB_XDP_MOST_BYTES (XB_XDP_MAX_BYTES + XB_XDP_HEADROOM - 40)

struct xb_xdp;

struct xb_xdp_opts {
	u32 vcpu;
	u32 headroom;     /* bytes before the packet, 40 to 3520, a multiple of 8; 0: 256 */
	u32 linear_bytes; /* most bytes in the linear part; 0: what headroom leaves of the page */
};

/* Registers the program type, its helpers, and its test run with the emulator. */
void xb_xdp_register(struct xb_emu *emu);

/* NULL and err where an option is out of range, or there is no memory. */
struct xb_xdp *xb_xdp_new(struct xb_emu *emu, const struct xb_xdp_opts *opts, struct xb_err *err);

/* NULL is allowed. */
void xb_xdp_free(struct xb_xdp *x);

/*
 * A packet on its way in. It is copied; but the caller's buffers have to stay as they are until the
 * runs on it are over: a packet whose program faults is taken from them again.
 */
struct xb_xdp_in {
	const u8 *hdr; /* bytes put in front of data (a link-layer header made up), or NULL */
	u32 hdr_bytes;
	const u8 *data;
	u32 bytes;      /* hdr_bytes + bytes <= XB_XDP_MAX_BYTES; from 0 on (TEST_RUN wants 14) */
	const u8 *meta; /* metadata in front of the packet, or NULL */
	u32 meta_bytes; /* a multiple of 4; lies in the headroom, of which 40 are Linux's: up to 216
	                 */
	u32 ingress_ifindex, rx_queue_index; /* as the program sees them */
	u32 egress_ifindex; /* likewise: programs of devmap entries alone may load it */
	/*
	 * has_room: so many bytes may come to it in front, at most those of struct xb_xdp_opts, of
	 * which 40 are Linux's; and at its end where it lies in one piece, as far as the page has
	 * them. Else what the page leaves.
	 */
	bool has_room;
	u32 headroom, tailroom;
};

/* X(id): how a packet left by XDP_REDIRECT */
enum xb_redirect_kind {
	XB_REDIRECT_NONE,    /* XDP_REDIRECT without a target: dropped */
	XB_REDIRECT_IFINDEX, /* bpf_redirect */
	XB_REDIRECT_DEVMAP,
	XB_REDIRECT_DEVMAP_HASH,
	XB_REDIRECT_CPUMAP,
	XB_REDIRECT_XSKMAP,
	XB_REDIRECT_KIND_CNT
};

/* "ifindex", "devmap", ... for the JSON lines. */
const char *xb_redirect_kind_name(enum xb_redirect_kind kind);

struct xb_redirect {
	enum xb_redirect_kind kind;
	struct xb_map *map;       /* or NULL */
	u64 key;                  /* as given to bpf_redirect_map */
	u64 flags;                /* as given, with BPF_F_BROADCAST and BPF_F_EXCLUDE_INGRESS */
	u32 index;                /* ifindex, CPU or socket number; 0 with BROADCAST */
	struct xb_bpf_prog *prog; /* of the map's entry, or NULL; NULL with BROADCAST */
};

/* What a run left behind. Pointers are into the xb_xdp's buffers, valid until its next load. */
struct xb_xdp_out {
	enum xb_run_status status;    /* XB_RUN_EXIT or XB_RUN_FAULT; or as given to xb_xdp_end */
	u32 retval;                   /* R0's low 32 bits; XDP_ABORTED after a fault */
	const struct xb_fault *fault; /* or NULL */
	const u8 *data;               /* the linear part, from xdp_md.data on */
	u32 linear_bytes;
	u32 bytes; /* with fragments */
	const u8 *meta;
	u32 meta_bytes;
	s32 head_delta; /* bytes that data moved forward */
	s32 tail_delta; /* bytes that the end moved outward */
	bool changed;   /* the packet or its metadata may have been altered; false: certainly not */
	u64 insns;
	struct xb_redirect
	        redirect; /* kind NONE where retval is not XDP_REDIRECT or nothing was set */
};

/*
 * The longest packet and metadata that this buffer takes: less than the constants where headroom is
 * not 256.
 */
u32 xb_xdp_max_bytes(const struct xb_xdp *x);
u32 xb_xdp_max_meta_bytes(const struct xb_xdp *x);

/* Puts a packet into the buffer; it must not be longer than those. */
void xb_xdp_load(struct xb_xdp *x, const struct xb_xdp_in *in);

/*
 * Runs prog on it. The packet and context stay readable until the next load. A second run without a
 * load finds what the first one left. After a fault the packet is as it was loaded, and every delta
 * 0.
 */
void xb_xdp_run(struct xb_xdp *x, const struct xb_bpf_prog *prog, struct xb_xdp_out *out);

/*
 * The same in parts, for who wants to be there in between: begin prepares xb_xdp's process for
 * prog, the caller steps or continues it (vm/proc.h), and end does with its last status what a run
 * does afterwards. XB_RUN_RUNNING gives the run up: the packet is as after a fault, but there is
 * none. Every begin has its end.
 */
void xb_xdp_begin(struct xb_xdp *x, const struct xb_bpf_prog *prog);
void xb_xdp_end(struct xb_xdp *x, const struct xb_bpf_prog *prog, enum xb_run_status status,
                struct xb_xdp_out *out);

/* Its process, never NULL; x's own. */
struct xb_proc *xb_xdp_proc(struct xb_xdp *x);

/*
 * Copies `bytes` from offset off of the packet as it is now, fragments included. All of it are at
 * most XB_XDP_MOST_BYTES.
 */
void xb_xdp_copy(const struct xb_xdp *x, u32 off, u32 bytes, void *to);

/* Where one copy of a redirected packet ended. */
struct xb_delivery {
	const struct xb_redirect *redirect;
	u32 index;             /* this copy's ifindex, CPU or socket number */
	bool ran;              /* a program of the map entry ran there: */
	struct xb_xdp_out out; /* what it left (its own retval: PASS forwards the packet); else as
	                          it came. Deltas count from the packet as it was loaded. */
	bool forwarded; /* it goes on to `index`; false: dropped there, or redirected again to
	                   out.redirect */
};

/*
 * Follows an XDP_REDIRECT: calls fn for each interface, CPU or socket that the packet reaches,
 * after the program of the devmap or cpumap entry, if any, has run on it there. The buffer holds
 * that copy during the call; once such a program ran, the packet that `out` describes is gone.
 * Returns how many copies there were; 0 where `out` is no redirect or leads nowhere. (cf.
 * net/core/filter.c: xdp_do_redirect)
 *
 * fn may follow delivery->out in turn, when it is one more redirect (a cpumap entry's program may);
 * how often is the caller's to bound, as entries can lead to each other.
 *
 * Differs: every interface can transmit, any length, fragments too; a socket takes packets from
 * every interface and queue (cf. net/xdp/xsk.c: xsk_rcv_check), as none is bound to any here.
 */
u32 xb_xdp_follow(struct xb_xdp *x, const struct xb_xdp_out *out,
                  void (*fn)(void *arg, const struct xb_delivery *delivery), void *arg);

#endif
