/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_ops_access.c - bpf_sock_ops: which of its fields may be loaded and stored, and how. */
#include "emu/sock_ops_priv.h"

#include <string.h>

#define OFF(field)   offsetof(struct bpf_sock_ops, field)
#define BYTES(field) sizeof(((struct bpf_sock_ops *)0)->field)

_Static_assert(OFF(skb_tcp_flags) + 4 == XB_SOCK_OPS_HWTSTAMP_OFF, "wire layout");

/* How a field may be loaded. */
enum width {
	WORDS,  /* its 4 bytes, or 4 of each number in it */
	DOUBLE, /* its 8 bytes */
	FIRST,  /* 1, 2 or 4 bytes, at its beginning */
};

enum store { NEVER, PLAIN, TXHASH };

static const struct field {
	const char *name;
	u32 off, bytes;
	enum width width;
	enum store store; /* of 4 bytes, at its beginning */
} fields[] = {
#define FIELD(name, ...)                                                                           \
	{                                                                                          \
#name, OFF(name), BYTES(name), __VA_ARGS__                                         \
	}
	FIELD(op, WORDS, NEVER),
	FIELD(replylong, WORDS, PLAIN),
	FIELD(family, WORDS, NEVER),
	FIELD(remote_ip4, WORDS, NEVER),
	FIELD(local_ip4, WORDS, NEVER),
	FIELD(remote_ip6, WORDS, NEVER),
	FIELD(local_ip6, WORDS, NEVER),
	FIELD(remote_port, WORDS, NEVER),
	FIELD(local_port, WORDS, NEVER),
	FIELD(is_fullsock, WORDS, NEVER),
	FIELD(snd_cwnd, WORDS, NEVER),
	FIELD(srtt_us, WORDS, NEVER),
	FIELD(bpf_sock_ops_cb_flags, WORDS, NEVER),
	FIELD(state, WORDS, NEVER),
	FIELD(rtt_min, WORDS, NEVER),
	FIELD(snd_ssthresh, WORDS, NEVER),
	FIELD(rcv_nxt, WORDS, NEVER),
	FIELD(snd_nxt, WORDS, NEVER),
	FIELD(snd_una, WORDS, NEVER),
	FIELD(mss_cache, WORDS, NEVER),
	FIELD(ecn_flags, WORDS, NEVER),
	FIELD(rate_delivered, WORDS, NEVER),
	FIELD(rate_interval_us, WORDS, NEVER),
	FIELD(packets_out, WORDS, NEVER),
	FIELD(retrans_out, WORDS, NEVER),
	FIELD(total_retrans, WORDS, NEVER),
	FIELD(segs_in, WORDS, NEVER),
	FIELD(data_segs_in, WORDS, NEVER),
	FIELD(segs_out, WORDS, NEVER),
	FIELD(data_segs_out, WORDS, NEVER),
	FIELD(lost_out, WORDS, NEVER),
	FIELD(sacked_out, WORDS, NEVER),
	FIELD(sk_txhash, WORDS, TXHASH),
	FIELD(bytes_received, DOUBLE, NEVER),
	FIELD(bytes_acked, DOUBLE, NEVER),
	{ "sk", OFF(sk), 8, DOUBLE, NEVER },
	{ "skb_data", OFF(skb_data), 8, DOUBLE, NEVER },
	{ "skb_data_end", OFF(skb_data_end), 8, DOUBLE, NEVER },
	FIELD(skb_len, WORDS, NEVER),
	FIELD(skb_tcp_flags, FIRST, NEVER),
	{ "skb_hwtstamp", XB_SOCK_OPS_HWTSTAMP_OFF, 8, DOUBLE, NEVER },
#undef FIELD
};

static const struct field *
field_at(u32 off)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(fields); i++)
		if (off >= fields[i].off && off - fields[i].off < fields[i].bytes)
			return &fields[i];
	return NULL;
}

static bool
is_load(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX;
}

static bool
may_load(const struct field *f, u32 off, u32 bytes)
{
	switch (f->width) {
	case WORDS:
		return bytes == 4;
	case DOUBLE:
		return bytes == 8;
	case FIRST:
		break;
	}
	return off == f->off && bytes <= 4;
}

/* cf. net/core/filter.c: sock_ops_is_valid_access */
static bool
is_valid_access(const struct field *f, const struct bpf_insn *insn, u32 off)
{
	u32 bytes = xb_insn_bytes(insn->code);

	if (!f || off % bytes)
		return false;
	if (is_load(insn))
		return may_load(f, off, bytes);
	return BPF_MODE(insn->code) == BPF_MEM && f->store != NEVER && off == f->off && bytes == 4;
}

bool
xb_sock_ops_ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	const struct field *f = field_at(off);

	(void)prog;
	return is_valid_access(f, insn, off) && (is_load(insn) || f->store == PLAIN);
}

static void
fault_access(struct xb_proc *proc, const struct field *f, const struct bpf_insn *insn, s32 off)
{
	u32 bytes = xb_insn_bytes(insn->code);

	if (f)
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: '%s' of bpf_sock_ops "
		              "cannot be %s",
		              off, bytes, f->name,
		              is_load(insn) ? "loaded this way" : "stored to this way");
	else
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: bpf_sock_ops has no "
		              "field there",
		              off, bytes);
}

/* An access that is not plain; or one that is, by an address that was not known at load. */
void
xb_sock_ops_ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value)
{
	struct xb_sock_ops *s = proc->run;
	const struct field *f = field_at((u32)off);
	u8 *at = (u8 *)s->md + off;

	if (!is_valid_access(f, insn, (u32)off)) {
		fault_access(proc, f, insn, off);
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
