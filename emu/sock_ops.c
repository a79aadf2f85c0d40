/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock_ops_priv.h"
#include "emu/vcpu.h"

#include "emu/sock_addrs.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#define OFF(field)   offsetof(struct bpf_sock_ops, field)
#define BYTES(field) sizeof(((struct bpf_sock_ops *)0)->field)

/* The same numbers in bpf_tcp_sock. */
static const struct tcp_field {
	u32 off, from, bytes;
} tcp_fields[] = {
#define TCP(name)                                                                                  \
	{                                                                                          \
		OFF(name), offsetof(struct bpf_tcp_sock, name), BYTES(name)                        \
	}
	TCP(snd_cwnd),       TCP(srtt_us),        TCP(rtt_min),          TCP(snd_ssthresh),
	TCP(rcv_nxt),        TCP(snd_nxt),        TCP(snd_una),          TCP(mss_cache),
	TCP(ecn_flags),      TCP(rate_delivered), TCP(rate_interval_us), TCP(packets_out),
	TCP(retrans_out),    TCP(total_retrans),  TCP(segs_in),          TCP(data_segs_in),
	TCP(segs_out),       TCP(data_segs_out),  TCP(lost_out),         TCP(sacked_out),
	TCP(bytes_received), TCP(bytes_acked),
#undef TCP
};

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return XB_SOCK_OPS_CTX_BYTES;
}

static const struct xb_prog_type type = {
	.type = BPF_PROG_TYPE_SOCK_OPS,
	.name = "sock_ops",
	.ctx_bytes = ctx_bytes,
	.ctx_plain = xb_sock_ops_ctx_plain,
	.ctx_access = xb_sock_ops_ctx_access,
};

void
xb_sock_ops_register(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &type);
	xb_sock_ops_register_helpers(emu);
	xb_sockopt_register_helpers(emu);
}

struct xb_sock_ops *
xb_sock_ops_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err)
{
	struct xb_sock_ops *s = calloc(1, sizeof(*s));
	const struct xb_site_opts opts = {
		.vcpu = vcpu,
		.data_name = "TCP header",
		.data_bytes = XB_SOCK_OPS_HEADER,
		.ctx_name = "bpf_sock_ops",
		.ctx_bytes = XB_SOCK_OPS_CTX_BYTES,
		.read_only = true, /* cf. kernel/bpf/verifier.c: may_access_direct_pkt_data */
		.run = s,
	};

	if (!s) {
		xb_err_errno(err, ENOMEM, "socket's call");
		return NULL;
	}
	if (xb_site_init(&s->site, emu, &opts, err) != 0) {
		free(s);
		return NULL;
	}
	s->header = s->site.data;
	s->md = s->site.ctx;
	return s;
}

void
xb_sock_ops_free(struct xb_sock_ops *s)
{
	if (!s)
		return;
	xb_site_fini(&s->site);
	free(s);
}

bool
xb_sock_ops_op_is_locked(const struct xb_sock_ops *s)
{
	return s->in.op <= BPF_SOCK_OPS_WRITE_HDR_OPT_CB;
}

bool
xb_sock_ops_is_locked(const struct xb_sock_ops *s)
{
	return xb_sock_is_full(s->in.sock) && xb_sock_ops_op_is_locked(s);
}

static void
show_tcp(struct bpf_sock_ops *md, const struct bpf_tcp_sock *tcp)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(tcp_fields); i++)
		memcpy((u8 *)md + tcp_fields[i].off, (const u8 *)tcp + tcp_fields[i].from,
		       tcp_fields[i].bytes);
}

void
xb_sock_ops_sync(struct xb_sock_ops *s)
{
	u64 start = s->in.packet.header ? s->site.data_region->gaddr : 0;
	u64 end = start ? start + s->header_bytes : 0;
	bool locked = xb_sock_ops_is_locked(s);

	xb_window_move(s->site.mem, &s->site.window, start, end);
	memcpy(&s->md->skb_data, &start, sizeof(start));
	memcpy(&s->md->skb_data_end, &end, sizeof(end));
	s->md->bpf_sock_ops_cb_flags = locked ? s->cb_flags : 0;
	s->md->sk_txhash = locked ? s->txhash : 0;
	if (locked)
		show_tcp(s->md, &s->in.sock->info.tcp);
}

/* What every socket has, requests too. */
static void
show_sock(struct bpf_sock_ops *md, const struct xb_sock *sock)
{
	const u64 full = xb_sock_is_full(sock) ? sock->full : 0;

	xb_sock_addrs_show(sock, &md->family);
	md->state = sock->info.uapi.state;
	md->is_fullsock = full != 0;
	memcpy(&md->sk, &full, sizeof(full));
}

static void
show_packet(struct bpf_sock_ops *md, const struct xb_sock_ops_packet *packet)
{
	if (!packet->header)
		return;
	md->skb_len = packet->len;
	md->skb_tcp_flags = packet->tcp_flags;
	memcpy((u8 *)md + XB_SOCK_OPS_HWTSTAMP_OFF, &packet->hwtstamp, sizeof(packet->hwtstamp));
}

/* cf. net/core/filter.c: sock_ops_convert_ctx_access */
static void
place(struct xb_sock_ops *s)
{
	const struct xb_sock_ops_in *in = &s->in;

	s->header_bytes = in->packet.header ? in->packet.header_bytes : 0;
	s->room = in->room;
	s->cb_flags = in->cb_flags;
	s->txhash = in->txhash;
	memcpy(s->header, s->packet, sizeof(s->packet));
	memset(s->md, 0, XB_SOCK_OPS_CTX_BYTES);
	s->md->op = in->op;
	memcpy(s->md->args, in->args, sizeof(in->args));
	show_sock(s->md, in->sock);
	/* Measured: this one needs no lock. Differs: of a request, it is what lies behind it. */
	if (xb_sock_is_full(in->sock))
		s->md->rtt_min = in->sock->info.tcp.rtt_min;
	show_packet(s->md, &in->packet);
	xb_sock_ops_sync(s);
}

int
xb_sock_ops_load(struct xb_sock_ops *s, const struct xb_sock_ops_in *in, struct xb_err *err)
{
	u32 syn = in->syn ? in->syn_bytes : 0;
	u32 header = in->packet.header ? in->packet.header_bytes : 0;
	u32 front = in->syn_front ? in->syn_mac_bytes + in->syn_ip_bytes : 0;

	if (header > XB_SOCK_OPS_HEADER || syn > XB_SOCK_OPS_HEADER ||
	    in->room > XB_SOCK_OPS_HEADER - header)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "TCP header of %u bytes, %u of a SYN, room for %u: expected at "
		                  "most %u",
		                  header, syn, in->room, XB_SOCK_OPS_HEADER);
	if (front > XB_SOCK_OPS_FRONT)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%u bytes in front of the SYN: expected at most %u", front,
		                  XB_SOCK_OPS_FRONT);
	s->in = *in;
	memset(s->packet, 0, sizeof(s->packet));
	if (header)
		memcpy(s->packet, in->packet.header, header);
	if (syn)
		memcpy(s->syn, in->syn, syn);
	if (front)
		memcpy(s->syn_front, in->syn_front, front);
	else
		s->in.syn_mac_bytes = s->in.syn_ip_bytes = 0;
	place(s);
	return 0;
}

/* What TCP makes of it when the program is done; `ok`: it returned 1. */
static void
finish(struct xb_sock_ops *s, bool ok, struct xb_sock_ops_out *out)
{
	u32 used = ok ? s->in.room - s->room : 0, first = s->in.packet.header_bytes;

	out->reply = ok ? (s32)s->md->reply : -1;
	if (s->in.op == BPF_SOCK_OPS_HDR_OPT_LEN_CB)
		out->reserved = (used + 3) & ~3u;
	if (s->in.op == BPF_SOCK_OPS_WRITE_HDR_OPT_CB && s->in.packet.header) {
		out->written = used;
		memset(s->header + first + used, TCPOPT_NOP, s->in.room - used);
		s->header_bytes = first + s->in.room;
	}
}

void
xb_sock_ops_run(struct xb_sock_ops *s, const struct xb_bpf_prog *prog, struct xb_sock_ops_out *out)
{
	*out = (struct xb_sock_ops_out){ .retval = 0 };
	place(s);
	xb_emu_run_begin(s->site.emu, s->site.proc->vcpu);
	out->status = xb_proc_run(s->site.proc, xb_bpf_prog_vm(prog), s->site.ctx_region->gaddr);
	out->insns = s->site.proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT)) {
		out->retval = (u32)s->site.proc->r[0];
	} else {
		out->fault = &s->site.proc->fault;
		place(s);
	}
	finish(s, out->retval == 1, out);
	xb_emu_run_end(s->site.emu, s->site.proc->vcpu);
	out->cb_flags = s->cb_flags;
	out->txhash = s->txhash;
	out->header = s->header;
	out->header_bytes = s->header_bytes;
}
