/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_sock.c - sockets, with the names and states of ss.
 *
 *   [{"protocol": "tcp", "state": "LISTEN", "local": "0.0.0.0", "local_port": 80, "cookie": 7}]
 */
#include "emu/world_sock.h"

#include "vm/bytes.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const struct world_name protos[] = { { "tcp", IPPROTO_TCP },
	                                    { "udp", IPPROTO_UDP },
	                                    { NULL, 0 } };

/* What ss calls SYN-RECV is a request, which is not a full socket yet. */
const struct world_name world_sock_states[] = {
	{ "ESTAB", BPF_TCP_ESTABLISHED },    { "ESTABLISHED", BPF_TCP_ESTABLISHED },
	{ "SYN-SENT", BPF_TCP_SYN_SENT },    { "SYN-RECV", BPF_TCP_NEW_SYN_RECV },
	{ "FIN-WAIT-1", BPF_TCP_FIN_WAIT1 }, { "FIN-WAIT-2", BPF_TCP_FIN_WAIT2 },
	{ "TIME-WAIT", BPF_TCP_TIME_WAIT },  { "UNCONN", BPF_TCP_CLOSE },
	{ "CLOSE", BPF_TCP_CLOSE },          { "CLOSE-WAIT", BPF_TCP_CLOSE_WAIT },
	{ "LAST-ACK", BPF_TCP_LAST_ACK },    { "LISTEN", BPF_TCP_LISTEN },
	{ "CLOSING", BPF_TCP_CLOSING },      { NULL, 0 },
};

/* An address; "*" is any. */
static int
set_side(struct world_reader *r, const struct xb_value *v, struct xb_world_addr *to)
{
	if (v->kind == XB_VALUE_STRING && !strcmp(v->text, "*"))
		return 0;
	return world_address(r, v, false, to);
}

static int
set_local(struct world_reader *r, const struct xb_value *v, void *to)
{
	return set_side(r, v, &((struct world_sock *)to)->local);
}

static int
set_peer(struct world_reader *r, const struct xb_value *v, void *to)
{
	return set_side(r, v, &((struct world_sock *)to)->peer);
}

/* By its path, or its id. */
static int
set_cgroup(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct world_sock *s = to;
	u64 id = 0;

	if (v->kind == XB_VALUE_STRING && v->text[0] == '/') {
		s->cgroup = world_cgroup_at(r->w, v->text);
	} else {
		if (world_number(r, v, UINT64_MAX, &id) != 0)
			return -1;
		s->cgroup = world_cgroup_of(r->w, id);
	}
	return s->cgroup ? 0 : world_fail(r, v, "is none of \"cgroups\"");
}

#define TCP(field)   WORLD_NUMBER(#field, bpf_tcp_sock, field, UINT32_MAX)
#define TCP64(field) WORLD_NUMBER(#field, bpf_tcp_sock, field, UINT64_MAX)

static int
set_tcp(struct world_reader *r, const struct xb_value *v, void *to)
{
	static const struct world_key keys[] = {
		TCP(snd_cwnd),       TCP(srtt_us),          TCP(rtt_min),
		TCP(snd_ssthresh),   TCP(rcv_nxt),          TCP(snd_nxt),
		TCP(snd_una),        TCP(mss_cache),        TCP(ecn_flags),
		TCP(rate_delivered), TCP(rate_interval_us), TCP(packets_out),
		TCP(retrans_out),    TCP(total_retrans),    TCP(segs_in),
		TCP(data_segs_in),   TCP(segs_out),         TCP(data_segs_out),
		TCP(lost_out),       TCP(sacked_out),       TCP64(bytes_received),
		TCP64(bytes_acked),  TCP(dsack_dups),       TCP(delivered),
		TCP(delivered_ce),   TCP(icsk_retransmits),
	};

	return world_object(r, v, keys, XB_ARRAY_SIZE(keys), &((struct world_sock *)to)->sock.tcp);
}

static int
set_queue(struct world_reader *r, const struct xb_value *v, void *to)
{
	u64 n = 0;

	if (v->kind == XB_VALUE_NUMBER && !strcmp(v->text, "-1"))
		return 0;
	if (world_number(r, v, INT32_MAX, &n) != 0)
		return -1;
	((struct world_sock *)to)->sock.info.uapi.rx_queue_mapping = (s32)n;
	return 0;
}

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_NAME("protocol", world_sock, sock.info.uapi.protocol, UINT8_MAX, protos),
	WORLD_NAME("family", world_sock, family, UINT8_MAX, world_families),
	WORLD_NAME("state", world_sock, sock.info.uapi.state, BPF_TCP_NEW_SYN_RECV, world_sock_states),
	WORLD_CALL("local", set_local),
	WORLD_NUMBER("local_port", world_sock, local_port, UINT16_MAX),
	WORLD_CALL("peer", set_peer),
	WORLD_NUMBER("peer_port", world_sock, peer_port, UINT16_MAX),
	WORLD_DEV("dev", world_sock, sock.bound_ifindex),
	WORLD_NUMBER("uid", world_sock, sock.info.uid, UINT32_MAX),
	WORLD_NUMBER("cookie", world_sock, sock.info.cookie, UINT64_MAX),
	WORLD_NUMBER("mark", world_sock, sock.info.uapi.mark, UINT32_MAX),
	WORLD_NUMBER("priority", world_sock, sock.info.uapi.priority, UINT32_MAX),
	WORLD_CALL("cgroup", set_cgroup),
	WORLD_BOOL("v6only", world_sock, sock.v6only),
	WORLD_BOOL("reuseport", world_sock, sock.reuseport),
	WORLD_BOOL("transparent", world_sock, sock.transparent),
	WORLD_CALL("rx_queue_mapping", set_queue),
	WORLD_NUMBER("netns", world_sock, sock.netns, UINT64_MAX),
	WORLD_CALL("tcp", set_tcp),
	WORLD_IGNORED("ino"),
};
/* clang-format on */

void
world_sock_init(struct world_sock *s)
{
	*s = (struct world_sock){ 0 };
	s->sock.info.uapi.rx_queue_mapping = -1;
}

static void
set_addresses(struct world_sock *s)
{
	struct bpf_sock *uapi = &s->sock.info.uapi;

	if (s->family == AF_INET) {
		uapi->src_ip4 = xb_ld32(s->local.bytes);
		uapi->dst_ip4 = xb_ld32(s->peer.bytes);
		return;
	}
	memcpy(uapi->src_ip6, s->local.bytes, sizeof(uapi->src_ip6));
	memcpy(uapi->dst_ip6, s->peer.bytes, sizeof(uapi->dst_ip6));
}

/* With its ancestors, as far as the file knows them. */
static void
set_cgroup_info(const struct xb_world *w, struct xb_sock_info *info,
                const struct xb_world_cgroup *cg)
{
	info->cgroup_id = cg->id;
	info->cgroup_level = cg->level;
	info->cgroup_classid = cg->classid;
	for (cg = world_cgroup_of(w, cg->parent); cg && cg->level;
	     cg = world_cgroup_of(w, cg->parent))
		if (cg->level <= XB_SOCK_CGROUPS_ABOVE)
			info->cgroup_above[cg->level - 1] = cg->id;
}

int
world_sock_add(struct world_reader *r, struct world_sock *s)
{
	struct bpf_sock *uapi = &s->sock.info.uapi;
	struct xb_world_sock *to;
	bool tcp = uapi->protocol == IPPROTO_TCP;

	if (!s->family)
		s->family = s->local.family  ? s->local.family
		            : s->peer.family ? s->peer.family
		                             : AF_INET6;
	uapi->family = s->family;
	uapi->type = tcp ? SOCK_STREAM : SOCK_DGRAM;
	uapi->bound_dev_if = s->sock.bound_ifindex;
	uapi->src_port = s->local_port;
	uapi->dst_port = __builtin_bswap16(s->peer_port);
	if (!uapi->state && s->peer_port)
		uapi->state = BPF_TCP_ESTABLISHED;
	else if (!uapi->state)
		uapi->state = tcp ? BPF_TCP_LISTEN : BPF_TCP_CLOSE;
	set_addresses(s);
	if (!s->cgroup_unknown)
		set_cgroup_info(r->w, &s->sock.info,
		                s->cgroup ? s->cgroup : world_cgroup_of(r->w, XB_SOCK_CGROUP_ROOT));
	to = world_add(r, &r->w->socks, &r->w->sock_cnt, sizeof(*to));
	if (!to)
		return -1;
	*to = s->sock;
	return 0;
}

static int
check(struct world_reader *r, const struct xb_value *v, const struct world_sock *s)
{
	const struct bpf_sock *uapi = &s->sock.info.uapi;
	u8 family = s->family ? s->family : s->local.family ? s->local.family : s->peer.family;

	if (uapi->protocol != IPPROTO_TCP && uapi->protocol != IPPROTO_UDP)
		return world_fail(r, xb_value_member(v, "protocol"), "expected tcp or udp");
	if (xb_value_member(v, "family") && family != AF_INET && family != AF_INET6)
		return world_fail(r, xb_value_member(v, "family"), "expected inet or inet6");
	if (xb_value_member(v, "state") && !uapi->state)
		return world_fail(r, xb_value_member(v, "state"), "0 is no state");
	if (s->local.family && s->local.family != family)
		return world_fail(r, xb_value_member(v, "local"), "is of another family");
	if (s->peer.family && s->peer.family != family)
		return world_fail(r, xb_value_member(v, "peer"), "is of another family");
	if (uapi->protocol == IPPROTO_UDP && xb_value_member(v, "tcp"))
		return world_fail(r, xb_value_member(v, "tcp"), "the socket is none of TCP");
	if (uapi->protocol == IPPROTO_TCP && uapi->state == BPF_TCP_LISTEN && s->peer_port)
		return world_fail(r, xb_value_member(v, "peer_port"), "a listener has no peer");
	return 0;
}

static int
read_socket(struct world_reader *r, const struct xb_value *v)
{
	struct world_sock s;
	int seen;

	world_sock_init(&s);
	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &s) != 0 ||
	    world_require(r, v, "protocol") != 0 || world_require(r, v, "local_port") != 0 ||
	    check(r, v, &s) != 0)
		return -1;
	if (s.sock.info.cookie) {
		seen = world_seen(r, "cookie", &s.sock.info.cookie, sizeof(s.sock.info.cookie));
		if (seen)
			return seen < 0 ? -1
			                : world_fail(r, xb_value_member(v, "cookie"),
			                             "is another socket's already");
	}
	return world_sock_add(r, &s);
}

int
world_read_sockets(struct world_reader *r, const struct xb_value *v)
{
	return world_finish_cgroups(r) != 0 ? -1 : world_each(r, v, read_socket);
}

/* Sockets whose cookie is not said get the next ones. */
void
world_finish_sockets(struct world_reader *r)
{
	u64 most = 0;

	for (u32 i = 0; i < r->w->sock_cnt; i++)
		if (r->w->socks[i].info.cookie > most)
			most = r->w->socks[i].info.cookie;
	for (u32 i = 0; i < r->w->sock_cnt; i++)
		if (!r->w->socks[i].info.cookie)
			r->w->socks[i].info.cookie = ++most;
}
