/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_access.c - struct bpf_sock: which of it may be loaded, by the form of the socket.
 *
 * Nothing may be stored. What is loaded is a part of the uapi's structure as it stands.
 */
#include "emu/sock.h"

#include "emu/helper.h"
#include "vm/mem.h"

#include <string.h>

_Static_assert(sizeof(struct bpf_sock) == 80, "wire layout");

/* How a field may be loaded. */
enum width {
	NO,    /* not at all */
	WHOLE, /* 4 bytes */
	FIRST, /* 1, 2 or 4 bytes, at its beginning */
	PARTS, /* 1, 2 or 4 bytes, aligned, that begin in it */
};

struct field {
	const char *name;
	u32 off, bytes;
	enum width common, full; /* of either form */
};

#define FIELD(field, ...)                                                                          \
	{                                                                                          \
#field, offsetof(struct bpf_sock, field), sizeof(((struct bpf_sock *)0)->field),   \
		        __VA_ARGS__                                                                \
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

/* A form of a socket, and what is accessed of it. */
struct place {
	const struct xb_sock *sock;
	bool full;
	s32 off;
	const struct field *field; /* or NULL */
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
find_place(const struct xb_emu *emu, u64 gaddr, struct place *at)
{
	const struct xb_sock *sock = emu->socks;

	while (sock && gaddr - sock->region->gaddr >= sock->region->bytes)
		sock = sock->next;
	if (!sock)
		return false;
	at->sock = sock;
	at->full = gaddr - sock->region->gaddr >= XB_SOCK_STRIDE;
	at->off = (s32)(gaddr - (at->full ? sock->full : sock->common));
	at->field = field_at((u32)at->off);
	return true;
}

static bool
width_allows(enum width width, const struct field *f, u32 off, u32 bytes)
{
	if (off % bytes || bytes > 4)
		return false;
	switch (width) {
	case NO:
		break;
	case WHOLE:
		return bytes == 4;
	case FIRST:
		return off == f->off;
	case PARTS:
		return true;
	}
	return false;
}

static bool
is_valid_access(const struct place *at, const struct bpf_insn *insn)
{
	const struct field *f = at->field;

	return f && BPF_CLASS(insn->code) == BPF_LDX &&
	       width_allows(at->full ? f->full : f->common, f, (u32)at->off,
	                    xb_insn_bytes(insn->code));
}

/* What cannot be done with a field. */
static const char *
refusal(const struct place *at, const struct bpf_insn *insn)
{
	if (BPF_CLASS(insn->code) != BPF_LDX)
		return "stored to";
	if (!at->full && at->field->common == NO)
		return "loaded before bpf_sk_fullsock";
	return "loaded this way";
}

/* In the verifier's words, and then what it does not say. */
static void
fault_access(struct xb_proc *proc, const struct place *at, const struct bpf_insn *insn)
{
	const char *form = at->full ? "sock" : "sock_common";
	u32 bytes = xb_insn_bytes(insn->code);

	if (!at->field)
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid %s access off=%d size=%u: bpf_sock has no field there", form,
		              at->off, bytes);
	else
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid %s access off=%d size=%u: '%s' of bpf_sock cannot be %s",
		              form, at->off, bytes, at->field->name, refusal(at, insn));
}

bool
xb_sock_access(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr, u64 *value)
{
	struct place at;

	if (!find_place(xb_proc_emu(proc), gaddr, &at))
		return false;
	if (!is_valid_access(&at, insn)) {
		fault_access(proc, &at, insn);
		return true;
	}
	*value = 0;
	memcpy(value, (const u8 *)&at.sock->info.uapi + at.off, xb_insn_bytes(insn->code));
	return true;
}
