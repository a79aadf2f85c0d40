/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sockopt.h"

#include "emu/clock.h"
#include "emu/sock.h"
#include "emu/world.h"
#include "vm/bytes.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* Names that not every header has. */
#define OPT_TXREHASH    74
#define OPT_CB_FLAGS    1009 /* SK_BPF_CB_FLAGS */
#define OPT_RTO_MAX_MS  44
#define OPT_OPS_FLAGS   1008 /* TCP_BPF_SOCK_OPS_CB_FLAGS */
#define OPT_FLOWLABEL   70   /* IPV6_AUTOFLOWLABEL */
#define TX_TIMESTAMPING 1
#define NOT_SUPPORTED   524 /* ENOTSUPP */
#define ECN_BITS        3
#define MEM_MAX         4194304  /* net.core.rmem_max, wmem_max */
#define TCP_RMEM_MAX    33554432 /* net.ipv4.tcp_rmem */
#define MIN_SKB         2304     /* TCP_SKB_MIN_TRUESIZE */
#define LEAST_TICKS     2u       /* TCP_TIMEOUT_MIN */
#define TICK_US         ((s32)(1000000u / XB_CLOCK_HZ))
#define MOST_WINDOW     32767
#define LEAST_MSS       88

enum {
	BOOLEAN = 1 << 0, /* all but 0 is 1 */
	RANGED = 1 << 1,  /* from min to max */
	NO_GET = 1 << 2,
};

/* An option of int. `set` has the last word on a value in range, or refuses it. */
struct row {
	s32 level, name;
	u32 off; /* in struct xb_sock: of the int that it is */
	u8 rules;
	s32 min, max;
	int (*set)(const struct xb_sockopt_call *call, s32 *value);
};

void
xb_sockopt_init(struct xb_sock_opts *opts)
{
	*opts = (struct xb_sock_opts){
		.snd_buf = 16384,
		.rcv_buf = 131072,
		.rcv_lowat = 1,
		.max_pacing_rate = -1,
		.tx_rehash = 255, /* SOCK_TXREHASH_DEFAULT: not decided */
		.keep_idle_s = 7200,
		.keep_intvl_s = 75,
		.keep_cnt = 9,
		.syn_cnt = 6,
		.rto_max_ms = 120000,
		.snd_cwnd_clamp = -1,
		.delack_max_us = 200000,
		.rto_min_us = 200000,
		.auto_flowlabel = 1,
		.congestion = "cubic",
	};
}

static s32
at_most(s32 value, s32 most)
{
	return (u32)value < (u32)most ? value : most;
}

static s32
at_least(s32 value, s32 least)
{
	return value > least ? value : least;
}

static int
set_reuse_port(const struct xb_sockopt_call *call, s32 *value)
{
	call->sock->reuseport = *value != 0;
	return 0;
}

/* Twice what is asked for, as Linux's own data counts too. */
static int
set_snd_buf(const struct xb_sockopt_call *call, s32 *value)
{
	(void)call;
	*value = at_least(at_most(*value, MEM_MAX) * 2, 2 * MIN_SKB);
	return 0;
}

static int
set_rcv_buf(const struct xb_sockopt_call *call, s32 *value)
{
	*value = at_least(at_most(*value, MEM_MAX) * 2, MIN_SKB);
	call->sock->opts.rcv_buf_locked = true;
	return 0;
}

/*
 * A buffer that was not set grows with it: by half of what it holds is data, as long as nothing
 * came in. cf. net/ipv4/tcp.c: tcp_set_rcvlowat
 */
static int
set_rcv_lowat(const struct xb_sockopt_call *call, s32 *value)
{
	struct xb_sock_opts *o = &call->sock->opts;
	s32 most = o->rcv_buf_locked ? o->rcv_buf / 2 : TCP_RMEM_MAX / 2;

	if (*value < 0)
		*value = INT_MAX;
	if (call->has_socket && *value > most)
		*value = most;
	if (*value == 0)
		*value = 1;
	if (!call->has_socket || o->rcv_buf_locked || *value * 2 <= o->rcv_buf)
		return 0;
	o->rcv_buf = *value * 2;
	if (o->window_clamp && o->window_clamp < *value)
		o->window_clamp = *value;
	return 0;
}

static int
set_tx_rehash(const struct xb_sockopt_call *call, s32 *value)
{
	(void)call;
	if (*value == -1)
		*value = 1; /* net.core.txrehash */
	return 0;
}

static int
set_mss(const struct xb_sockopt_call *call, s32 *value)
{
	(void)call;
	return *value && (*value < LEAST_MSS || *value > MOST_WINDOW) ? -EINVAL : 0;
}

static int
set_window_clamp(const struct xb_sockopt_call *call, s32 *value)
{
	if (*value)
		*value = at_least(*value, MIN_SKB / 2);
	else if (call->sock->info.uapi.state != BPF_TCP_CLOSE)
		return -EINVAL;
	return 0;
}

/* Only what was not sent yet can start with it. */
static int
set_iw(const struct xb_sockopt_call *call, s32 *value)
{
	(void)value;
	return call->sock->info.tcp.data_segs_out ? -EINVAL : 0;
}

static int
set_cwnd_clamp(const struct xb_sockopt_call *call, s32 *value)
{
	call->sock->info.tcp.snd_ssthresh = (u32)*value;
	return 0;
}

/* Microseconds, by ticks. cf. net/core/filter.c: bpf_sol_tcp_setsockopt */
static int
set_timeout(const struct xb_sockopt_call *call, s32 *value)
{
	u32 ticks = ((u32)*value + (u32)TICK_US - 1) / (u32)TICK_US;

	(void)call;
	if (ticks > XB_CLOCK_HZ / 5 || ticks < LEAST_TICKS)
		return -EINVAL;
	*value = (s32)ticks * TICK_US;
	return 0;
}

static int
set_cb_flags(const struct xb_sockopt_call *call, s32 *value)
{
	(void)call;
	return *value & ~TX_TIMESTAMPING ? -EINVAL : 0;
}

static int
set_ops_flags(const struct xb_sockopt_call *call, s32 *value)
{
	(void)call;
	return *value & ~BPF_SOCK_OPS_ALL_CB_FLAGS ? -EINVAL : 0;
}

/* cf. net/ipv4/route.c: ip_tos2prio */
static u32
priority_of(s32 tos)
{
	static const u8 of_four[] = { 0, 2, 6, 4 };

	return of_four[tos >> 3 & 3];
}

/* cf. net/ipv4/ip_sockglue.c: __ip_sock_set_tos */
static int
set_tos(const struct xb_sockopt_call *call, s32 *value)
{
	struct xb_sock *sock = call->sock;

	*value = (*value & ~ECN_BITS) | (sock->opts.tos & ECN_BITS);
	if (*value != sock->opts.tos)
		sock->info.uapi.priority = priority_of(*value);
	*value &= 0xff;
	return 0;
}

static int
set_tclass(const struct xb_sockopt_call *call, s32 *value)
{
	if (*value == -1)
		*value = 0;
	*value = (*value & ~ECN_BITS) | (call->sock->opts.tclass & ECN_BITS);
	return 0;
}

/* clang-format off */
#define OFF(field)        ((u32)offsetof(struct xb_sock, field))
#define SOCK(opt, at, ...) { SOL_SOCKET, opt, OFF(at), __VA_ARGS__ }
#define TCP(opt, at, ...)  { IPPROTO_TCP, opt, OFF(at), __VA_ARGS__ }
#define RANGE(lo, hi)     .rules = RANGED, .min = lo, .max = hi

/* Others are EINVAL. Level and name, where it is, its rule. */
static const struct row rows[] = {
	SOCK(SO_REUSEADDR, opts.reuse_addr, .rules = BOOLEAN),
	SOCK(SO_SNDBUF, opts.snd_buf, .set = set_snd_buf),
	SOCK(SO_RCVBUF, opts.rcv_buf, .set = set_rcv_buf),
	SOCK(SO_KEEPALIVE, opts.keepalive, .rules = BOOLEAN),
	SOCK(SO_PRIORITY, info.uapi.priority, .rules = 0),
	SOCK(SO_REUSEPORT, opts.reuse_port, .rules = BOOLEAN, .set = set_reuse_port),
	SOCK(SO_RCVLOWAT, opts.rcv_lowat, .set = set_rcv_lowat),
	SOCK(SO_MARK, info.uapi.mark, .rules = 0),
	SOCK(SO_MAX_PACING_RATE, opts.max_pacing_rate, .rules = 0),
	SOCK(SO_BINDTOIFINDEX, info.uapi.bound_dev_if, RANGE(0, INT_MAX)),
	SOCK(OPT_TXREHASH, opts.tx_rehash, RANGE(-1, 1), .set = set_tx_rehash),
	SOCK(OPT_CB_FLAGS, opts.bpf_cb_flags, .set = set_cb_flags),
	TCP(TCP_NODELAY, opts.no_delay, .rules = BOOLEAN),
	TCP(TCP_MAXSEG, opts.user_mss, .set = set_mss),
	TCP(TCP_KEEPIDLE, opts.keep_idle_s, RANGE(1, 32767)),
	TCP(TCP_KEEPINTVL, opts.keep_intvl_s, RANGE(1, 32767)),
	TCP(TCP_KEEPCNT, opts.keep_cnt, RANGE(1, 127)),
	TCP(TCP_SYNCNT, opts.syn_cnt, RANGE(1, 127)),
	TCP(TCP_WINDOW_CLAMP, opts.window_clamp, .set = set_window_clamp),
	TCP(TCP_THIN_LINEAR_TIMEOUTS, opts.thin_linear, RANGE(0, 1)),
	TCP(TCP_USER_TIMEOUT, opts.user_timeout_ms, RANGE(0, INT_MAX)),
	TCP(TCP_NOTSENT_LOWAT, opts.notsent_lowat, .rules = 0),
	TCP(TCP_SAVE_SYN, opts.save_syn, RANGE(0, 2)),
	TCP(OPT_RTO_MAX_MS, opts.rto_max_ms, RANGE(1000, 120000)),
	TCP(TCP_BPF_IW, info.tcp.snd_cwnd, .rules = NO_GET | RANGED, .min = 1, .max = INT_MAX, .set = set_iw),
	TCP(TCP_BPF_SNDCWND_CLAMP, opts.snd_cwnd_clamp, .rules = NO_GET | RANGED, .min = 1, .max = INT_MAX, .set = set_cwnd_clamp),
	TCP(TCP_BPF_DELACK_MAX, opts.delack_max_us, .set = set_timeout),
	TCP(TCP_BPF_RTO_MIN, opts.rto_min_us, .set = set_timeout),
	TCP(OPT_OPS_FLAGS, opts.sock_ops_cb_flags, .set = set_ops_flags),
	{ IPPROTO_IP, IP_TOS, OFF(opts.tos), .set = set_tos },
	{ IPPROTO_IPV6, IPV6_TCLASS, OFF(opts.tclass), RANGE(-1, 0xff), .set = set_tclass },
	{ IPPROTO_IPV6, OPT_FLOWLABEL, OFF(opts.auto_flowlabel), .rules = BOOLEAN },
};
/* clang-format on */

/* Whether the socket has options of this level (cf. sk_allows_sol_ip_sockopt). */
static bool
has_level(const struct xb_sock *sock, s32 level)
{
	bool six = sock->info.uapi.family == AF_INET6;

	if (level == IPPROTO_IP)
		return !six || !sock->v6only;
	return level != IPPROTO_IPV6 || six;
}

static const struct row *
find(s32 level, s32 name)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].level == level && rows[i].name == name)
			return &rows[i];
	return NULL;
}

static s32 *
place_of(struct xb_sock *sock, const struct row *row)
{
	return (s32 *)(void *)((u8 *)sock + row->off);
}

/* cf. net/core/sock.c: sock_setbindtodevice */
static int
bind_to_device(const struct xb_sockopt_call *call, const u8 *value, u32 bytes)
{
	char name[IFNAMSIZ] = "";
	const struct xb_world_link *link = NULL;

	memcpy(name, value, bytes < IFNAMSIZ - 1 ? bytes : IFNAMSIZ - 1);
	if (name[0]) {
		link = xb_world_link_named(call->sock->emu->world, name);
		if (!link)
			return -ENODEV;
	}
	call->sock->info.uapi.bound_dev_if = link ? link->ifindex : 0;
	return 0;
}

/* cf. net/core/filter.c: sol_tcp_sockopt_congestion */
static int
set_congestion(struct xb_sock *sock, const u8 *value, u32 bytes)
{
	static const char *const known[] = { "reno", "cubic" };
	char name[XB_SOCKOPT_CONGESTION] = "";

	if (bytes < 2)
		return -EINVAL;
	if (bytes >= 3 && strncmp("cdg", (const char *)value, bytes) == 0)
		return -NOT_SUPPORTED;
	memcpy(name, value, bytes < sizeof(name) - 1 ? bytes : sizeof(name) - 1);
	for (size_t i = 0; i < XB_ARRAY_SIZE(known); i++)
		if (strcmp(name, known[i]) == 0) {
			memset(sock->opts.congestion, 0, sizeof(sock->opts.congestion));
			memcpy(sock->opts.congestion, known[i], strlen(known[i]));
			return 0;
		}
	return strcmp(name, sock->opts.congestion) == 0 ? 0 : -ENOENT;
}

int
xb_sockopt_set(const struct xb_sockopt_call *call, const u8 *value, u32 bytes)
{
	const struct row *row = find(call->level, call->name);
	s32 number;
	int ret;

	if (!xb_sock_is_full(call->sock))
		return -EINVAL;
	if (call->level == SOL_SOCKET && call->name == SO_BINDTODEVICE)
		return bind_to_device(call, value, bytes);
	if (call->level == IPPROTO_TCP && call->name == TCP_CONGESTION)
		return set_congestion(call->sock, value, bytes);
	if (call->level == IPPROTO_TCP && call->name == TCP_SAVED_SYN)
		return bytes < 1 ? -EINVAL : -ENOPROTOOPT;
	if (!row || !has_level(call->sock, call->level) || bytes != sizeof(number))
		return -EINVAL;
	number = (s32)xb_ld32(value);
	if (row->rules & BOOLEAN)
		number = number != 0;
	if (row->rules & RANGED && (number < row->min || number > row->max))
		return -EINVAL;
	ret = row->set ? row->set(call, &number) : 0;
	if (ret == 0)
		*place_of(call->sock, row) = number;
	return ret;
}

/* What was asked of connections to come is told of a listener, what it is of others. */
static s32
number_of(struct xb_sock *sock, const struct row *row)
{
	u32 state = sock->info.uapi.state;

	if (row->level != IPPROTO_TCP || row->name != TCP_MAXSEG)
		return *place_of(sock, row);
	if (sock->opts.user_mss && (state == BPF_TCP_CLOSE || state == BPF_TCP_LISTEN))
		return sock->opts.user_mss;
	return (s32)sock->info.tcp.mss_cache;
}

/* Its length or -errno. The last byte is always 0. */
static int
get_congestion(const struct xb_sock *sock, u8 *value, u32 bytes)
{
	if (bytes < 2)
		return -EINVAL;
	if (bytes - 1 < XB_SOCKOPT_CONGESTION) {
		memcpy(value, sock->opts.congestion, bytes - 1);
		return (int)bytes - 1;
	}
	memcpy(value, sock->opts.congestion, XB_SOCKOPT_CONGESTION);
	return XB_SOCKOPT_CONGESTION;
}

static int
get(const struct xb_sockopt_call *call, u8 *value, u32 bytes)
{
	const struct row *row = find(call->level, call->name);

	if (!xb_sock_is_full(call->sock))
		return -EINVAL;
	if (call->level == IPPROTO_TCP && call->name == TCP_CONGESTION)
		return get_congestion(call->sock, value, bytes);
	if (!row || row->rules & NO_GET || !has_level(call->sock, call->level) ||
	    bytes != sizeof(s32))
		return -EINVAL;
	xb_st32(value, (u32)number_of(call->sock, row));
	return sizeof(s32);
}

int
xb_sockopt_get(const struct xb_sockopt_call *call, u8 *value, u32 bytes)
{
	int ret = get(call, value, bytes);
	u32 got = ret > 0 ? (u32)ret : 0;

	memset(value + got, 0, bytes - got);
	return ret < 0 ? ret : 0;
}

bool
xb_sockopt_give(struct xb_sock *sock, s32 level, s32 name, s32 value)
{
	const struct row *row = find(level, name);

	if (!row || row->rules & NO_GET)
		return false;
	if (level == IPPROTO_TCP && name == TCP_MAXSEG)
		sock->info.tcp.mss_cache = (u32)value;
	else
		*place_of(sock, row) = value;
	if (level == SOL_SOCKET && name == SO_REUSEPORT)
		sock->reuseport = value != 0;
	return true;
}
