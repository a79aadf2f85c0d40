/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_access.c - struct bpf_sock and bpf_tcp_sock: which of them may be loaded, by the form of the
 * socket.
 *
 * Nothing may be stored. What is loaded is a part of the uapi's structure as it stands.
 */
#include "emu/sock.h"

#include "emu/helper.h"
#include "vm/mem.h"

#include <string.h>

_Static_assert(sizeof(struct bpf_sock) == 80 && sizeof(struct bpf_tcp_sock) == 112, "wire layout");

/* How a field may be loaded. */
enum width {
	NO,    /* not at all */
	WHOLE, /* all of it */
	FIRST, /* 1, 2 or 4 bytes, at its beginning */
	PARTS, /* 1, 2 or 4 bytes, aligned, that begin in it */
};

/* The forms, in order of their addresses. */
enum form { COMMON, FULL, TCP, BTF };
_Static_assert(BTF + 1 == XB_SOCK_FORMS, "one for each");

struct field {
	const char *name;
	u32 off, bytes;
	enum width width[2]; /* COMMON, FULL */
};

#define FIELD(field, ...)                                                                          \
	{                                                                                          \
#field, offsetof(struct bpf_sock, field), sizeof(((struct bpf_sock *)0)->field),   \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* What lies between two rows belongs to no field. */
static const struct field fields[] = {
	FIELD(bound_dev_if, WHOLE, WHOLE),
	FIELD(family, FIRST, FIRST),
	FIELD(type, NO, FIRST),
	FIELD(protocol, NO, FIRST),
	FIELD(mark, NO, WHOLE),
	FIELD(priority, NO, WHOLE),
	FIELD(src_ip4, PARTS, PARTS),
	FIELD(src_ip6, PARTS, PARTS),
	FIELD(src_port, FIRST, FIRST),
	FIELD(dst_port, PARTS, PARTS), /* as 4 bytes too: it had as many once */
	FIELD(dst_ip4, PARTS, PARTS),
	FIELD(dst_ip6, PARTS, PARTS),
	FIELD(state, FIRST, FIRST),
	FIELD(rx_queue_mapping, FIRST, FIRST),
};

#define TCP_FIELD(field)                                                                           \
	{                                                                                          \
		.name = #field, .off = offsetof(struct bpf_tcp_sock, field),                       \
		.bytes = sizeof(((struct bpf_tcp_sock *)0)->field)                                 \
	}

/* Each may be loaded as a whole, and not otherwise. */
static const struct field tcp_fields[] = {
	TCP_FIELD(snd_cwnd),       TCP_FIELD(srtt_us),          TCP_FIELD(rtt_min),
	TCP_FIELD(snd_ssthresh),   TCP_FIELD(rcv_nxt),          TCP_FIELD(snd_nxt),
	TCP_FIELD(snd_una),        TCP_FIELD(mss_cache),        TCP_FIELD(ecn_flags),
	TCP_FIELD(rate_delivered), TCP_FIELD(rate_interval_us), TCP_FIELD(packets_out),
	TCP_FIELD(retrans_out),    TCP_FIELD(total_retrans),    TCP_FIELD(segs_in),
	TCP_FIELD(data_segs_in),   TCP_FIELD(segs_out),         TCP_FIELD(data_segs_out),
	TCP_FIELD(lost_out),       TCP_FIELD(sacked_out),       TCP_FIELD(bytes_received),
	TCP_FIELD(bytes_acked),    TCP_FIELD(dsack_dups),       TCP_FIELD(delivered),
	TCP_FIELD(delivered_ce),   TCP_FIELD(icsk_retransmits),
};

/* A form of a socket, and what is accessed of it. */
struct place {
	const struct xb_sock *sock;
	enum form form;
	s32 off;
	const struct field *field; /* or NULL */
};

/* What the verifier calls a pointer to it, and the structure. */
static const struct {
	const char *pointer, *name;
} forms[] = {
	[COMMON] = { "sock_common", "bpf_sock" },
	[FULL] = { "sock", "bpf_sock" },
	[TCP] = { "tcp_sock", "bpf_tcp_sock" },
};

static const struct field *
find_field(const struct field *list, size_t cnt, u32 off)
{
	for (size_t i = 0; i < cnt; i++)
		if (off >= list[i].off && off - list[i].off < list[i].bytes)
			return &list[i];
	return NULL;
}

static const struct field *
field_at(enum form form, u32 off)
{
	if (form == TCP)
		return find_field(tcp_fields, XB_ARRAY_SIZE(tcp_fields), off);
	return form == BTF ? NULL : find_field(fields, XB_ARRAY_SIZE(fields), off);
}

static bool
find_place(struct xb_emu *emu, u64 gaddr, struct place *at)
{
	const struct xb_sock *sock = xb_sock_around(emu, gaddr);
	u64 off;

	if (!sock)
		return false;
	off = gaddr - sock->region->gaddr;
	at->sock = sock;
	at->form = (enum form)(off / XB_SOCK_STRIDE);
	at->off = (s32)(off % XB_SOCK_STRIDE) - (s32)(XB_SOCK_STRIDE / 2);
	at->field = field_at(at->form, (u32)at->off);
	return true;
}

static bool
width_allows(enum width width, const struct field *f, u32 off, u32 bytes)
{
	if (off % bytes)
		return false;
	switch (width) {
	case NO:
		break;
	case WHOLE:
		return off == f->off && bytes == f->bytes;
	case FIRST:
		return off == f->off && bytes <= 4;
	case PARTS:
		return bytes <= 4;
	}
	return false;
}

static bool
is_valid_access(const struct place *at, const struct bpf_insn *insn)
{
	const struct field *f = at->field;

	return f && BPF_CLASS(insn->code) == BPF_LDX &&
	       width_allows(at->form == TCP ? WHOLE : f->width[at->form], f, (u32)at->off,
	                    xb_insn_bytes(insn->code));
}

/* What cannot be done with a field. */
static const char *
refusal(const struct place *at, const struct bpf_insn *insn)
{
	if (BPF_CLASS(insn->code) != BPF_LDX)
		return "stored to";
	if (at->form == COMMON && at->field->width[COMMON] == NO)
		return "loaded before bpf_sk_fullsock";
	return "loaded this way";
}

/* In the verifier's words, and then what it does not say. */
static void
fault_access(struct xb_proc *proc, const struct place *at, const struct bpf_insn *insn)
{
	const char *pointer = forms[at->form].pointer, *name = forms[at->form].name;
	u32 bytes = xb_insn_bytes(insn->code);

	if (!at->field)
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid %s access off=%d size=%u: %s has no field there", pointer,
		              at->off, bytes, name);
	else
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid %s access off=%d size=%u: '%s' of %s cannot be %s", pointer,
		              at->off, bytes, at->field->name, name, refusal(at, insn));
}

static bool
fault_btf(struct xb_proc *proc, const struct place *at)
{
	xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
	              "access to a socket's structure of the kernel's own, off=%d: what "
	              "bpf_skc_to_*() lead to is not emulated",
	              at->off);
	return true;
}

bool
xb_sock_access(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr, u64 *value)
{
	const u8 *from;
	struct place at;

	if (!find_place(xb_proc_emu(proc), gaddr, &at))
		return false;
	if (at.form == BTF)
		return fault_btf(proc, &at);
	if (!is_valid_access(&at, insn)) {
		fault_access(proc, &at, insn);
		return true;
	}
	from = at.form == TCP ? (const u8 *)&at.sock->info.tcp : (const u8 *)&at.sock->info.uapi;
	*value = 0;
	memcpy(value, from + at.off, xb_insn_bytes(insn->code));
	return true;
}
