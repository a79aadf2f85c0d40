/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_ops_access.c - bpf_sock_ops: which of its fields may be loaded and stored, and how. */
#include "emu/sock_ops_priv.h"

#include "emu/ctx_field.h"

#include <string.h>

#define OFF(field)   offsetof(struct bpf_sock_ops, field)
#define BYTES(field) sizeof(((struct bpf_sock_ops *)0)->field)

_Static_assert(OFF(skb_tcp_flags) + 4 == XB_SOCK_OPS_HWTSTAMP_OFF, "wire layout");

/* Stores have 4 bytes, and are to a field's beginning. */
enum store { NEVER, PLAIN, TXHASH };

/* How a field may be loaded. */
#define WORDS  .least = 4, .most = 4
#define DOUBLE .least = 8, .most = 8
#define FIRST  .least = 1, .most = 4, .at_start = true

static const struct xb_ctx_field fields[] = {
#define FIELD(nm, ...)                                                                             \
	{                                                                                          \
		.name = #nm, .off = OFF(nm), .bytes = BYTES(nm), __VA_ARGS__                       \
	}
	FIELD(op, WORDS),
	FIELD(replylong, WORDS, .store = PLAIN),
	FIELD(family, WORDS),
	FIELD(remote_ip4, WORDS),
	FIELD(local_ip4, WORDS),
	FIELD(remote_ip6, WORDS),
	FIELD(local_ip6, WORDS),
	FIELD(remote_port, WORDS),
	FIELD(local_port, WORDS),
	FIELD(is_fullsock, WORDS),
	FIELD(snd_cwnd, WORDS),
	FIELD(srtt_us, WORDS),
	FIELD(bpf_sock_ops_cb_flags, WORDS),
	FIELD(state, WORDS),
	FIELD(rtt_min, WORDS),
	FIELD(snd_ssthresh, WORDS),
	FIELD(rcv_nxt, WORDS),
	FIELD(snd_nxt, WORDS),
	FIELD(snd_una, WORDS),
	FIELD(mss_cache, WORDS),
	FIELD(ecn_flags, WORDS),
	FIELD(rate_delivered, WORDS),
	FIELD(rate_interval_us, WORDS),
	FIELD(packets_out, WORDS),
	FIELD(retrans_out, WORDS),
	FIELD(total_retrans, WORDS),
	FIELD(segs_in, WORDS),
	FIELD(data_segs_in, WORDS),
	FIELD(segs_out, WORDS),
	FIELD(data_segs_out, WORDS),
	FIELD(lost_out, WORDS),
	FIELD(sacked_out, WORDS),
	FIELD(sk_txhash, WORDS, .store = TXHASH),
	FIELD(bytes_received, DOUBLE),
	FIELD(bytes_acked, DOUBLE),
	XB_CTX_FIELD8(sk, OFF(sk)),
	XB_CTX_FIELD8(skb_data, OFF(skb_data)),
	XB_CTX_FIELD8(skb_data_end, OFF(skb_data_end)),
	FIELD(skb_len, WORDS),
	FIELD(skb_tcp_flags, FIRST),
	XB_CTX_FIELD8(skb_hwtstamp, XB_SOCK_OPS_HWTSTAMP_OFF),
#undef FIELD
};

static const struct xb_ctx_layout layout = { "bpf_sock_ops", fields, XB_ARRAY_SIZE(fields) };

static bool
is_load(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX;
}

/* cf. net/core/filter.c: sock_ops_is_valid_access */
static bool
is_valid_access(const struct xb_ctx_field *f, const struct bpf_insn *insn, u32 off)
{
	if (is_load(insn))
		return xb_ctx_may_load(f, insn, off);
	return f && f->store != NEVER && off == f->off && BPF_MODE(insn->code) == BPF_MEM &&
	       xb_insn_bytes(insn->code) == 4;
}

bool
xb_sock_ops_ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	const struct xb_ctx_field *f = xb_ctx_field_at(&layout, off);

	(void)prog;
	return is_valid_access(f, insn, off) && (is_load(insn) || f->store == PLAIN);
}

/* An access that is not plain; or one that is, by an address that was not known at load. */
void
xb_sock_ops_ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value)
{
	struct xb_sock_ops *s = proc->run;
	const struct xb_ctx_field *f = xb_ctx_field_at(&layout, (u32)off);
	u8 *at = (u8 *)s->md + off;

	if (!is_valid_access(f, insn, (u32)off)) {
		xb_ctx_refuse(proc, &layout, f, insn, off);
	} else if (is_load(insn)) {
		*value = 0;
		memcpy(value, at, xb_insn_bytes(insn->code));
	} else if (f->store == PLAIN) {
		memcpy(at, value, 4);
	} else if (xb_sock_ops_is_locked(s)) {
		s->txhash = (u32)*value;
		xb_sock_ops_sync(s);
	}
}
