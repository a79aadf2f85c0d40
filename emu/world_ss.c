/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_ss.c - sockets, as `ss -H -n -a -e -t -u` prints them, with -i too.
 *
 *   tcp LISTEN 0 128 127.0.0.1%lo:80 0.0.0.0:* uid:1000 ino:1 sk:d cgroup:/ <->
 *
 * What ss does not tell is concluded: sockets that wait for packets to the same address and port
 * share it (SO_REUSEPORT).
 */
#include "emu/world_sock.h"
#include "emu/world_text.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ADDRESS, ADDRESS%DEV or [ADDRESS]%DEV; then :PORT. */
static int
read_side(struct world_reader *r, struct world_text *t, struct xb_world_addr *a, u16 *port,
          u32 *ifindex)
{
	char host[WORLD_WORD_BYTES], *colon, *percent, *close;
	const struct xb_world_link *link;
	u64 n = 0;

	memcpy(host, t->word, sizeof(host));
	colon = strrchr(host, ':');
	if (!colon)
		return world_text_fail(t, "expected ADDRESS:PORT");
	*colon = 0;
	if (strcmp(colon + 1, "*") && world_text_number(t, colon + 1, 10, UINT16_MAX, &n) != 0)
		return -1;
	*port = (u16)n;
	percent = strchr(host, '%');
	if (percent) {
		*percent++ = 0;
		if (percent[0] && percent[strlen(percent) - 1] == ']')
			percent[strlen(percent) - 1] = 0;
		link = xb_world_link_named(r->w, percent);
		if (!link)
			return world_text_fail(t, "there is no interface '%.40s'", percent);
		*ifindex = link->ifindex;
	}
	close = strchr(host, ']');
	if (close)
		*close = 0;
	if (!strcmp(host, "*"))
		return 0;
	if (!world_address_text(host[0] == '[' ? host + 1 : host, false, a))
		return world_text_fail(t, "'%.60s' is no address", host);
	return 0;
}

/* Numbers of bpf_tcp_sock, which -i shows. */
static const struct {
	const char *name; /* with the colon */
	size_t off, bytes;
} info_rows[] = {
#define INFO(nm, field)                                                                            \
	{                                                                                          \
		nm ":", offsetof(struct bpf_tcp_sock, field),                                      \
		        sizeof(((struct bpf_tcp_sock *)0)->field)                                  \
	}
	INFO("cwnd", snd_cwnd),
	INFO("ssthresh", snd_ssthresh),
	INFO("mss", mss_cache),
	INFO("bytes_acked", bytes_acked),
	INFO("bytes_received", bytes_received),
	INFO("segs_out", segs_out),
	INFO("segs_in", segs_in),
	INFO("data_segs_out", data_segs_out),
	INFO("data_segs_in", data_segs_in),
	INFO("delivered", delivered),
	INFO("delivered_ce", delivered_ce),
	INFO("unacked", packets_out),
	INFO("lost", lost_out),
	INFO("sacked", sacked_out),
	INFO("dsack_dups", dsack_dups),
};

static void
read_info(struct bpf_tcp_sock *tcp, const char *word)
{
	unsigned int now, total;
	double ms;

	for (size_t i = 0; i < XB_ARRAY_SIZE(info_rows); i++) {
		size_t len = strlen(info_rows[i].name);
		u64 n;

		if (strncmp(word, info_rows[i].name, len))
			continue;
		n = strtoull(word + len, NULL, 10);
		memcpy((u8 *)tcp + info_rows[i].off, &n, info_rows[i].bytes);
		return;
	}
	if (sscanf(word, "retrans:%u/%u", &now, &total) == 2) {
		tcp->retrans_out = now;
		tcp->total_retrans = total;
	} else if (sscanf(word, "rtt:%lf/", &ms) == 1 && ms >= 0 && ms < 1e6) {
		tcp->srtt_us = (u32)(ms * 1000 * 8 + 0.5);
	} else if (sscanf(word, "minrtt:%lf", &ms) == 1 && ms >= 0 && ms < 1e6) {
		tcp->rtt_min = (u32)(ms * 1000 + 0.5);
	}
}

/* The word's value where it begins with this, else NULL. */
static const char *
after(const char *word, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(word, prefix, len) ? NULL : word + len;
}

static int
read_detail(struct world_reader *r, struct world_text *t, struct world_sock *s)
{
	struct xb_sock_info *info = &s->sock.info;
	const char *value;
	u64 n = 0;

	if ((value = after(t->word, "uid:")) != NULL) {
		if (world_text_number(t, value, 10, UINT32_MAX, &n) != 0)
			return -1;
		info->uid = (u32)n;
	} else if ((value = after(t->word, "sk:")) != NULL) {
		return world_text_number(t, value, 16, UINT64_MAX, &info->cookie);
	} else if ((value = after(t->word, "fwmark:")) != NULL) {
		if (world_text_number(t, value, 0, UINT32_MAX, &n) != 0)
			return -1;
		info->uapi.mark = (u32)n;
	} else if ((value = after(t->word, "v6only:")) != NULL) {
		s->sock.v6only = !strcmp(value, "1");
	} else if ((value = after(t->word, "cgroup:")) != NULL) {
		s->cgroup = world_cgroup_at(r->w, value);
		s->cgroup_unknown = !s->cgroup;
	} else if (!strcmp(t->word, "transparent")) {
		s->sock.transparent = true;
	} else if (info->uapi.protocol == IPPROTO_TCP) {
		read_info(&s->sock.tcp, t->word);
	}
	return 0;
}

static int
read_details(struct world_reader *r, struct world_text *t, struct world_sock *s)
{
	while (world_text_word(t))
		if (read_detail(r, t, s) != 0)
			return -1;
	return 0;
}

/* What ss shows beside sockets of TCP and UDP. */
static bool
is_other(const char *netid)
{
	static const char *const names[] = { "Netid", "nl",    "u_str", "u_dgr",   "u_seq",
		                             "p_raw", "p_dgr", "raw",   "icmp6",   "sctp",
		                             "dccp",  "mptcp", "tipc",  "v_str",   "v_dgr",
		                             "ti_st", "xdp",   "vsock", "unknown", "???" };

	for (size_t i = 0; i < XB_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], netid))
			return true;
	return false;
}

static int
read_head(struct world_reader *r, struct world_text *t, struct world_sock *s)
{
	const struct world_name *state;
	u32 ignored = 0;

	state = world_text_word(t) ? world_find_name(world_sock_states, t->word) : NULL;
	if (!state)
		return world_text_fail(t, "'%.40s' is no state of a socket", t->word);
	s->sock.info.uapi.state = state->number;
	for (int i = 0; i < 2; i++)
		if (!world_text_word(t))
			return world_text_fail(t, "expected the length of a queue");
	if (!world_text_word(t))
		return world_text_fail(t, "expected ADDRESS:PORT");
	if (read_side(r, t, &s->local, &s->local_port, &s->sock.bound_ifindex) != 0)
		return -1;
	if (!world_text_word(t))
		return world_text_fail(t, "expected ADDRESS:PORT");
	if (read_side(r, t, &s->peer, &s->peer_port, &ignored) != 0)
		return -1;
	if (s->local.family && s->peer.family && s->local.family != s->peer.family)
		return world_text_fail(t, "addresses are of different families");
	return 0;
}

static bool
waits_for_packets(const struct xb_world_sock *s)
{
	const struct bpf_sock *uapi = &s->info.uapi;

	return uapi->state == (uapi->protocol == IPPROTO_TCP ? BPF_TCP_LISTEN : BPF_TCP_CLOSE) &&
	       !uapi->dst_port;
}

/* Sockets that come from -i have been asked for their address already. */
static void
find_reuseport(struct xb_world *w, u32 first)
{
	for (u32 i = first; i < w->sock_cnt; i++) {
		struct xb_world_sock *a = &w->socks[i];

		if (!waits_for_packets(a))
			continue;
		for (u32 k = first; k < i; k++) {
			struct xb_world_sock *b = &w->socks[k];
			const struct bpf_sock *x = &a->info.uapi, *y = &b->info.uapi;

			if (waits_for_packets(b) && x->protocol == y->protocol &&
			    x->family == y->family && x->src_port == y->src_port &&
			    a->bound_ifindex == b->bound_ifindex && x->src_ip4 == y->src_ip4 &&
			    !memcmp(x->src_ip6, y->src_ip6, sizeof(x->src_ip6)))
				a->reuseport = b->reuseport = true;
		}
	}
}

int
world_text_sockets(struct world_reader *r, struct world_text *t)
{
	u32 first = r->w->sock_cnt;
	bool more = world_text_line(t);

	if (world_finish_cgroups(r) != 0)
		return -1;
	while (more) {
		struct world_sock s;
		bool tcp;

		world_text_word(t);
		tcp = !strcmp(t->word, "tcp");
		if (!tcp && strcmp(t->word, "udp")) {
			if (!is_other(t->word) && !world_text_indented(t))
				return world_text_fail(t, "expected tcp or udp (ss -t -u)");
			more = world_text_line(t);
			continue;
		}
		world_sock_init(&s);
		s.sock.info.uapi.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
		if (read_head(r, t, &s) != 0 || read_details(r, t, &s) != 0)
			return -1;
		while ((more = world_text_line(t)) && world_text_indented(t))
			if (read_details(r, t, &s) != 0)
				return -1;
		if (world_sock_add(r, &s) != 0)
			return -1;
	}
	find_reuseport(r->w, first);
	return 0;
}
