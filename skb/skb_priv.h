/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skb_priv.h - struct xb_skb: the buffer, the context, and what the helpers do to both.
 *
 * The buffer is one guest region. Offsets (`_off`) count from its start; the kernel's pointers of
 * the same names are these:
 *
 *        data_off - meta_bytes   data_off            data_off + linear    data_off + len
 *   | room | metadata             | linear part         | fragments         | room |
 *
 * Of it a program may touch the metadata and the linear part, the window, and nothing else. What
 * comes to the packet at its front or end is written by who takes it there: the room holds
 * anything.
 *
 * Fields of __sk_buff that nobody but the program looks at (mark, priority, cb, ...) live in the
 * guest's __sk_buff alone; those of struct skb are copied there by skb_sync() after a change.
 */
#ifndef XB_SKB_SKB_PRIV_H
#define XB_SKB_SKB_PRIV_H

#include "emu/helper.h"
#include "emu/world.h"
#include "skb/kind.h"
#include "skb/skb.h"
#include "vm/window.h"

#include <limits.h>
#include <linux/if_ether.h>

#define SKB_FRONT_BYTES  65536u /* room in front of a packet as it is loaded */
#define SKB_BUFFER_BYTES (4 * 65536u)
#define SKB_SLACK_BYTES  64u    /* never the packet's, at the buffer's end: skb_net_hdr_push() */
#define SKB_HEADROOM     64u    /* what Linux has in front of data: NET_SKB_PAD */
#define SKB_XDP_HEADROOM 256u   /* where XDP left metadata: XDP_PACKET_HEADROOM */
#define SKB_MAX_ALLOC    16064u /* cf. net/core/filter.c: BPF_SKB_MAX_LEN */
#define SKB_UNSET        0xffffffffu /* transport_header that was not set */
#define SKB_VLAN_BYTES   4u
#define SKB_LOOPBACK     1u /* ifindex */

/* cf. include/linux/skbuff.h: SKB_GSO_* */
enum {
	SKB_GSO_TCPV4 = 1 << 0,
	SKB_GSO_DODGY = 1 << 1,
	SKB_GSO_TCPV6 = 1 << 4,
	SKB_GSO_GRE = 1 << 6,
	SKB_GSO_GRE_CSUM = 1 << 7,
	SKB_GSO_IPXIP4 = 1 << 8,
	SKB_GSO_IPXIP6 = 1 << 9,
	SKB_GSO_UDP_TUNNEL = 1 << 10,
	SKB_GSO_UDP_TUNNEL_CSUM = 1 << 11,
	SKB_GSO_UDP_L4 = 1 << 17,
};

/* cf. include/linux/skbuff.h: struct sk_buff. The helpers change it, then call skb_sync(). */
struct skb {
	u32 data_off, len, linear, meta_bytes;
	u32 head_off; /* where Linux's buffer would start: may lie before this one, modulo 2^32 */
	u32 mac_off, net_off, trans_off; /* mac_header, network_header, transport_header */
	u16 protocol;                    /* wire order */
	u16 mac_len;                     /* 0: not known, where no device received the packet */
	bool vlan_present;
	u16 vlan_tci, vlan_proto;
	u8 pkt_type;
	u32 hash;
	bool l4_hash, sw_hash;
	enum xb_checksum ip_summed;
	u8 csum_level;
	__wsum csum;
	u32 csum_start; /* offset in the buffer */
	u16 csum_offset;
	u32 gso_size, gso_segs, gso_type;
	bool encapsulation;
	bool at_ingress;
	u64 tstamp;
	u8 tstamp_type;
};

/* cf. include/linux/filter.h: struct bpf_redirect_info */
struct skb_target {
	struct xb_skb_redirect redirect; /* kind NONE: nothing was set */
};

/* Metadata of a collect_md tunnel; cf. include/net/dst_metadata.h, helper_tunnel.c */
struct skb_tunnel;

/* What is known of a program's ways, kept for the one that ran last. */
struct skb_prog_facts {
	const struct xb_prog *vm;
	u32 id;         /* of the program's object: a new one may be where an old one was */
	bool may_write; /* it may alter packet or context */
	u32 retval_max;
	bool reads_tstamp_type; /* cf. struct bpf_prog: tstamp_type_access */
};

/* cf. include/net/seg6_local.h: struct seg6_bpf_srh_state */
struct skb_seg6 {
	bool found, valid;
	u32 srh_off; /* from data */
	u16 hdr_bytes;
};

struct xb_skb {
	struct xb_emu *emu;
	struct xb_mem *mem;
	struct xb_proc *proc;
	struct xb_region *buff, *ctx_region, *flow_region;
	struct xb_sock *sock;
	struct xb_sock *assigned;       /* by bpf_sk_assign; or NULL */
	const struct xb_sock *sk_redir; /* by bpf_sk_redirect_map, of a stream; or NULL */
	bool sk_ingress;
	u8 *base;                        /* host address of the buffer */
	struct __sk_buff *ctx;           /* host address of the guest's */
	struct bpf_flow_keys *flow_keys; /* likewise */
	struct xb_window window;
	u32 prog_type; /* as the packet was loaded for, and what that means: */
	const struct skb_kind *kind;
	struct skb skb;
	u32 linear_max;
	bool any_ifindex, stays;
	bool sock_set; /* `sock` is the loaded packet's */
	bool tunnel_set;
	struct xb_skb_in in;
	u32 loaded_off; /* where data would be if nothing had moved the packet */
	u32 loaded_bytes;
	struct skb_target target;
	struct skb_tunnel *tunnel; /* helper_tunnel.c's: the packet's where tunnel_set */
	struct skb_seg6 seg6;      /* of lwt_seg6local */
	struct skb_prog_facts facts;
	u64 next_cookie;
	void (*clone_fn)(void *arg, const struct xb_skb_clone *clone);
	void *clone_arg;
};

/* The context of the program that is running. */
static inline struct xb_skb *
skb_of(const struct xb_proc *proc)
{
	return proc->run;
}

/* A number for R0: an -errno has all its 64 bits. */
static inline u64
skb_ret(long ret)
{
	return (u64)(s64)ret;
}

/* The packet's bytes. */
static inline u8 *
skb_data(const struct xb_skb *s)
{
	return s->base + s->skb.data_off;
}

static inline u32
skb_network_offset(const struct xb_skb *s)
{
	return s->skb.net_off - s->skb.data_off;
}

static inline u32
skb_mac_header_len(const struct xb_skb *s)
{
	return s->skb.net_off - s->skb.mac_off;
}

/* Whether there is such an interface (cf. net/core/dev.c: dev_get_by_index_rcu). */
static inline bool
skb_has_ifindex(const struct xb_skb *s, u32 ifindex)
{
	if (XB_UNLIKELY(s->emu->world->given) || s->any_ifindex)
		return xb_world_has_ifindex(s->emu->world, ifindex);
	return ifindex == SKB_LOOPBACK;
}

static inline bool
skb_is_gso(const struct xb_skb *s)
{
	return s->skb.gso_size != 0;
}

/* cf. include/linux/if_vlan.h: eth_type_vlan */
static inline bool
skb_is_vlan_type(u16 type)
{
	return type == __builtin_bswap16(ETH_P_8021Q) || type == __builtin_bswap16(ETH_P_8021AD);
}

/* cf. include/linux/skbuff.h: skb_clear_hash */
static inline void
skb_clear_hash(struct xb_skb *s)
{
	s->skb.hash = 0;
	s->skb.sw_hash = false;
	s->skb.l4_hash = false;
}

/* buff.c: the packet in its buffer. None of these but skb_place() and skb_sync() tells the program.
 */

/* The first bytes of a packet as it came in, up to `most`: a program may have written to it since.
 */
u32 skb_copy_in(const struct xb_skb_in *in, u8 *to, u32 most);

/* Puts the packet and its metadata into the buffer. */
void skb_place(struct xb_skb *s, const struct xb_skb_in *in);

/*
 * Shows the program what struct skb says: moves the window, writes the derived fields of __sk_buff.
 * To be called by every helper that changed anything, also where it failed half way (cf.
 * net/core/filter.c: bpf_compute_data_pointers).
 */
void skb_sync(struct xb_skb *s);

/*
 * Makes the first `len` bytes linear: 0, or -ENOMEM where there are fewer (cf.
 * net/core/skbuff.c: skb_ensure_writable).
 */
int skb_ensure_writable(struct xb_skb *s, u32 len);

/* The same, and shows it to the program (cf. net/core/filter.c: bpf_try_make_writable). */
static inline int
skb_try_make_writable(struct xb_skb *s, u32 len)
{
	int ret;

	if (XB_LIKELY(len <= s->skb.linear))
		return 0;
	ret = skb_ensure_writable(s, len);
	skb_sync(s);
	return ret;
}

/*
 * Room of `bytes` in front: 0 or -ENOMEM. All offsets may change, and what Linux loses when it
 * copies the packet to a larger buffer is lost (cf. skb_cow).
 */
int skb_cow(struct xb_skb *s, u32 bytes);

/* Moves data forward or back; headers stay where they are (cf. __skb_push, __skb_pull). */
void skb_push(struct xb_skb *s, u32 bytes);
void skb_pull(struct xb_skb *s, u32 bytes);

/*
 * A hole of `bytes` zeros `off` bytes behind data, and one closed, on the way to which all headers
 * move: the front of the packet goes where the room is. The hole's room was made by skb_cow(). To
 * close: 0 or -ENOMEM (cf. net/core/filter.c: bpf_skb_net_hdr_push, bpf_skb_net_hdr_pop).
 */
void skb_net_hdr_push(struct xb_skb *s, u32 off, u32 bytes);
int skb_net_hdr_pop(struct xb_skb *s, u32 off, u32 bytes);

/* Room of `bytes` at the end: 0 or -ENOMEM. */
int skb_cow_tail(struct xb_skb *s, u32 bytes);

/* Copies from the packet: 0, or -EFAULT where it is shorter (cf. skb_copy_bits). */
int skb_copy_bits(const struct xb_skb *s, s64 off, void *to, u32 bytes);

/*
 * CHECKSUM_COMPLETE after bytes were taken from, or came to, the place `off` bytes behind data (cf.
 * include/linux/skbuff.h: skb_postpull_rcsum, skb_postpush_rcsum).
 */
void skb_postpull_rcsum(struct xb_skb *s, u32 off, u32 bytes);
void skb_postpush_rcsum(struct xb_skb *s, u32 off, u32 bytes);

/* Sums are not known to be right any more (cf. include/linux/skbuff.h). */
static inline void
skb_reset_checksum_unnecessary(struct skb *skb)
{
	if (skb->ip_summed != XB_CHECKSUM_UNNECESSARY)
		return;
	skb->ip_summed = XB_CHECKSUM_NONE;
	skb->csum_level = 0;
}

/* At ingress: the MAC header goes into the sum, and out of it (cf. bpf_push_mac_rcsum). */
void skb_push_mac_rcsum(struct xb_skb *s);
void skb_pull_mac_rcsum(struct xb_skb *s);

/* ctx.c: the __sk_buff. */

/* Fills the context of a packet that was just placed. */
void skb_ctx_load(struct xb_skb *s, const struct xb_skb_ctx *ctx);

/* Copies what struct skb holds into __sk_buff, without the pointers. */
void skb_ctx_sync(struct xb_skb *s);

/* struct xb_prog_type: ctx_bytes, ctx_plain, ctx_access. */
u32 skb_ctx_bytes(const struct xb_bpf_prog *prog);
bool skb_ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off);
void skb_ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value);

/* Whether a program looks at tstamp_type anywhere. */
bool skb_reads_tstamp_type(const struct xb_bpf_prog *prog);

/* The EtherType that eth_type_trans finds, in wire order, for a packet of `bytes`. */
u16 skb_eth_type(const u8 *data, u32 bytes);

/* flow_prog.c: flow dissectors: before and after a run; their test run. */
void skb_flow_begin(struct xb_skb *s);
void skb_flow_end(struct xb_skb *s);
long skb_flow_test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr);

/*
 * helper_seg6.c: before a run on a packet that was just loaded, the next segment becomes its
 * destination; after it, whether its routing header is a good one, or gone.
 */
void skb_seg6_begin(struct xb_skb *s);
bool skb_seg6_end(struct xb_skb *s);

/* sock.c: the packet's socket, made when first asked for: its guest address, or 0 for none. */
u64 skb_sock_gaddr(struct xb_skb *s);
/* The same, as a socket or NULL. */
const struct xb_sock *skb_sk(struct xb_skb *s);
/*
 * The one that its owner and cgroups are asked of: a request's are its listener's, one in TIME_WAIT
 * has none: NULL (cf. include/net/sock.h: skb_to_full_sk).
 */
const struct xb_sock *skb_to_full_sk(struct xb_skb *s);

/* skb.c */

/* As xb_skb_run(), but leaves packet and context as the program did, also after a fault. */
void skb_run_to_end(struct xb_skb *s, const struct xb_bpf_prog *prog, struct xb_skb_out *out);

/* load_packet.c: LD_ABS and LD_IND (cf. net/core/filter.c: bpf_skb_load_helper_8). */
bool skb_load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value);

/* helper_tunnel.c */
void skb_tunnel_free(struct xb_skb *s);
int skb_tunnel_new(struct xb_skb *s, struct xb_err *err);
void skb_tunnel_receive(struct xb_skb *s, const struct xb_skb_ctx *ctx); /* the world's */

/*
 * helper_redirect.c: the program has returned TC_ACT_REDIRECT. Sets *to to where the packet goes;
 * leaves it where it is dropped. (cf. net/core/filter.c: skb_do_redirect)
 */
void skb_do_redirect(struct xb_skb *s, struct xb_skb_redirect *to);

/*
 * neigh.c: puts the MAC addresses of the neighbour and of the interface, which is there, into a
 * packet that bpf_redirect_neigh sends; false where it does not leave. Asks the world. (cf.
 * net/core/filter.c: bpf_out_neigh_v4, bpf_out_neigh_v6)
 */
bool skb_out_neigh(struct xb_skb *s, const struct xb_skb_redirect *to);

/* helper_*.c: tables of helpers. */
struct skb_helper_table {
	const struct xb_helper *rows;
	u32 cnt;
};

extern const struct skb_helper_table skb_helpers_bytes;
extern const struct skb_helper_table skb_helpers_csum;
extern const struct skb_helper_table skb_helpers_hash;
extern const struct skb_helper_table skb_helpers_vlan;
extern const struct skb_helper_table skb_helpers_proto;
extern const struct skb_helper_table skb_helpers_room;
extern const struct skb_helper_table skb_helpers_redirect;
extern const struct skb_helper_table skb_helpers_tunnel;
extern const struct skb_helper_table skb_helpers_sock;
extern const struct skb_helper_table skb_helpers_lookup;
extern const struct skb_helper_table skb_helpers_cgroup;
extern const struct skb_helper_table skb_helpers_perf;
extern const struct skb_helper_table skb_helpers_stream;
extern const struct skb_helper_table skb_helpers_fib;
extern const struct skb_helper_table skb_helpers_lwt;
extern const struct skb_helper_table skb_helpers_seg6;

/* A helper's row: number, function of the same name, kernel function; types, arguments follow. */
#define SKB_ROW_OF(helper, types, ...)                                                             \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper, .args = { __VA_ARGS__ },   \
		.prog_types = (types), .source = "net/core/filter.c: bpf_" #helper,                \
	}
/* One of TC alone. */
#define SKB_ROW(helper, ...) SKB_ROW_OF(helper, SKB_TC, __VA_ARGS__)
#define SKB_TABLE(name)                                                                            \
	const struct skb_helper_table name = { .rows = rows, .cnt = XB_ARRAY_SIZE(rows) }

/* test_run.c: BPF_PROG_TEST_RUN (cf. net/bpf/test_run.c: bpf_prog_test_run_skb). */
/* It keeps one buffer for all runs in emu->type_state[SCHED_CLS]; fini frees that. */
void skb_test_run_fini(struct xb_emu *emu);
struct xb_skb *skb_test_run_buffer(struct xb_emu *emu); /* NULL: no memory */
long skb_test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr);

/*
 * Loads a packet and runs the program `repeat` times on it, as it is left each time, but for no
 * more than one fault. Returns a run's share of the time, in ns. (cf. net/bpf/test_run.c:
 * bpf_test_run)
 */
u32 skb_test_run_repeat(struct xb_skb *s, const struct xb_bpf_prog *prog,
                        const struct xb_skb_in *in, u32 repeat, struct xb_skb_out *out);

#endif
