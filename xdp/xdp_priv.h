/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp_priv.h - struct xb_xdp: the buffer, the context, the redirect that a program asked for.
 *
 * The buffer is one guest region. Its first page is the frame; offsets (`_off`) count from its
 * start:
 *
 *   0        40                  meta_off  data_off      end_off         3776        4096
 *   | xdp_frame | headroom        | metadata | linear part | tailroom      | shared_info |
 *
 * Of it a program may touch [meta_off, end_off), the window, and nothing else. The bytes before
 * zero_off are zero. Each of the 17 pages after the frame holds a fragment, from its start on;
 * programs reach those through helpers alone.
 */
#ifndef XB_XDP_XDP_PRIV_H
#define XB_XDP_XDP_PRIV_H

#include "vm/window.h"
#include "xdp/xdp.h"

#define XDP_PAGE_BYTES     4096u
#define XDP_FRAME_BYTES    40u  /* struct xdp_frame, at the start of the headroom */
#define XDP_TAILROOM_BYTES 320u /* struct skb_shared_info, aligned */
#define XDP_HARD_END_OFF   (XDP_PAGE_BYTES - XDP_TAILROOM_BYTES)
#define XDP_ETH_BYTES      14u  /* the least that adjust_head and adjust_tail leave */
#define XDP_METALEN_MAX    255u /* cf. include/net/xdp.h: xdp_metalen_invalid (6.18; 32 in 6.1) */
#define XDP_REGION_BYTES   (XDP_PAGE_BYTES * (1 + XB_XDP_MAX_FRAGS))
#define XDP_MD_BYTES       20u /* xdp_md without egress_ifindex */

_Static_assert(sizeof(struct xdp_md) == 24 &&
                       offsetof(struct xdp_md, egress_ifindex) == XDP_MD_BYTES,
               "wire layout");
_Static_assert(XB_XDP_LINEAR_BYTES == XDP_HARD_END_OFF - XB_XDP_HEADROOM, "frame geometry");
_Static_assert(XB_XDP_MAX_BYTES == XB_XDP_LINEAR_BYTES + XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES,
               "frame geometry");
_Static_assert(XB_XDP_MOST_BYTES ==
                       XDP_HARD_END_OFF - XDP_FRAME_BYTES + XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES,
               "frame geometry");

/* What is known of a program's ways, kept for the one that ran last. */
struct xdp_prog_facts {
	const struct xb_prog *vm;
	u32 id;         /* of the program's object: a new one may be where an old one was */
	bool may_write; /* it may alter the packet */
};

/* Where the parts of the packet are. */
struct xdp_shape {
	u32 meta_off, data_off, end_off;
	u32 frag_cnt, frags_bytes;
	u32 frag_len[XB_XDP_MAX_FRAGS];
};

/* cf. include/linux/filter.h: struct bpf_redirect_info */
struct xdp_target {
	enum xb_redirect_kind kind;
	struct xb_map *map;
	u64 key, flags;
	u32 index;
	u32 key_index; /* tgt_index: stays when a later lookup fails, and then means an interface */
	struct xb_bpf_prog *prog;
};

struct xb_xdp {
	struct xb_emu *emu;
	struct xb_mem *mem;
	struct xb_proc *proc;
	struct xb_region *buff, *ctx;
	u8 *page;          /* host address of the buffer */
	struct xdp_md *md; /* host address of the context */
	u32 headroom, linear_max;
	u32 hard_start_off, hard_end_off; /* of the packet that is loaded: what it may grow to */
	u32 zero_off;
	u32 ctx_bytes; /* of the context, addressable now */
	struct xdp_shape shape;
	struct xb_window window; /* addressable now; as shape says but inside xdp_buff_sync() */
	struct xb_xdp_in in;     /* as loaded, for deltas and after a fault */
	u32 loaded_bytes, loaded_linear;
	struct xdp_target target;
	struct xdp_prog_facts facts;
	u8 *saved; /* XDP_REGION_BYTES, for xdp_buff_save() */
	struct xdp_shape saved_shape;
	u8 *scratch; /* XB_XDP_MOST_BYTES, for a packet in one piece */
};

/* The context of the program that is running. */
static inline struct xb_xdp *
xdp_of(const struct xb_proc *proc)
{
	return proc->run;
}

/* cf. include/net/xdp.h: xdp_get_buff_len */
static inline u32
xdp_buff_len(const struct xb_xdp *x)
{
	return x->shape.end_off - x->shape.data_off + x->shape.frags_bytes;
}

/* The first byte of a fragment. */
static inline u8 *
xdp_frag(const struct xb_xdp *x, u32 idx)
{
	return x->page + (size_t)XDP_PAGE_BYTES * (1 + idx);
}

/*
 * Puts the packet at x->headroom, metadata before it, with `linear_bytes` in the frame and the rest
 * in fragments.
 */
void xdp_buff_place(struct xb_xdp *x, const struct xb_xdp_in *in, u32 linear_bytes);

/* After the shape changed: moves the window, and writes the pointers of xdp_md. */
void xdp_buff_sync(struct xb_xdp *x);

/* Keeps a copy of the packet, its headroom and its shape; restore brings it back. One at a time. */
void xdp_buff_save(struct xb_xdp *x);
void xdp_buff_restore(struct xb_xdp *x);

/* Copies len bytes from (to) offset off of the packet, across fragments. Bounds are the caller's.
 */
void xdp_buff_read(const struct xb_xdp *x, u32 off, u32 len, u8 *to);
void xdp_buff_write(struct xb_xdp *x, u32 off, u32 len, const u8 *from);

/*
 * As BPF_PROG_TEST_RUN, but with the linear part's length given; its errors are the caller's to
 * check.
 */
void xdp_load_linear(struct xb_xdp *x, const struct xb_xdp_in *in, u32 linear_bytes);

/* As xb_xdp_run(), but leaves the packet as the program did, and all of out that says where it is.
 */
void xdp_run_to_end(struct xb_xdp *x, const struct xb_bpf_prog *prog, struct xb_xdp_out *out);

/* Fills the part of out that says where the packet is and how it moved. */
void xdp_out_fill(const struct xb_xdp *x, struct xb_xdp_out *out);

/* Tables of helpers. */
void xdp_buff_helpers_register(struct xb_emu *emu);
void xdp_redirect_helpers_register(struct xb_emu *emu);
void xdp_perf_helpers_register(struct xb_emu *emu);
void xdp_sock_helpers_register(struct xb_emu *emu);
void xdp_fib_helpers_register(struct xb_emu *emu);

/* Fills what a redirect is from what the helpers left. */
void xdp_redirect_out(const struct xb_xdp *x, struct xb_redirect *redirect);

/* BPF_PROG_TEST_RUN (cf. net/bpf/test_run.c: bpf_prog_test_run_xdp). */
/* It keeps one buffer for all runs in emu->type_state; fini frees that. */
void xdp_test_run_fini(struct xb_emu *emu);
long xdp_test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr);

#endif
