/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_syncookie.c - SYN cookies: raw ones, and those of a listener.
 *
 * A listener answers for cookies only while there are too many SYNs. Here it has too many where
 * net.ipv4.tcp_syncookies is 2, for then Linux asks no queue; with 1 its queues are never full.
 */
#include "emu/helpers_priv.h"

#include "emu/clock.h"
#include "emu/sock_lookup.h"
#include "emu/syncookie.h"
#include "emu/vcpu.h"

#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define MSS_DEFAULT4 536u                 /* TCP_MSS_DEFAULT */
#define MSS_DEFAULT6 (1280u - 60u)        /* IPV6_MIN_MTU without the headers */
#define VALID_TICKS  (120u * XB_CLOCK_HZ) /* TCP_SYNCOOKIE_VALID */
#define ALWAYS       2                    /* tcp_syncookies */
/* Flags that tell a SYN, and an ACK that may answer a cookie. */
#define SYN_MASK (XB_TCP_SYN | XB_TCP_ACK | XB_TCP_FIN | XB_TCP_RST)
#define ACK_MASK (XB_TCP_ACK | XB_TCP_RST | XB_TCP_SYN)

static const struct xb_clock *
clock_of(const struct xb_proc *proc)
{
	return xb_emu_clock(xb_proc_emu(proc), proc->vcpu);
}

static u64
make(struct xb_proc *proc, u8 family, const u8 *ip, const u8 *tcp)
{
	u16 mss = xb_tcp_mss_option(tcp);
	u32 cookie;

	if (!mss)
		mss = family == AF_INET ? MSS_DEFAULT4 : MSS_DEFAULT6;
	cookie = xb_syncookie_make(xb_proc_emu(proc), clock_of(proc), family, ip, tcp, &mss);
	return cookie | (u64)mss << 32;
}

static bool
is_whole(const u8 *tcp, u32 bytes)
{
	return bytes >= sizeof(struct tcphdr) && bytes == xb_tcp_bytes(tcp);
}

static u64
tcp_raw_gen_syncookie_ipv4(struct xb_proc *proc, const union xb_arg *a)
{
	if (!is_whole(a[1].mem, (u32)a[2].u))
		return helper_ret(-EINVAL);
	return make(proc, AF_INET, a[0].mem, a[1].mem);
}

static u64
tcp_raw_gen_syncookie_ipv6(struct xb_proc *proc, const union xb_arg *a)
{
	if (!is_whole(a[1].mem, (u32)a[2].u))
		return helper_ret(-EINVAL);
	return make(proc, AF_INET6, a[0].mem, a[1].mem);
}

static u64
tcp_raw_check_syncookie_ipv4(struct xb_proc *proc, const union xb_arg *a)
{
	u16 mss =
	        xb_syncookie_check(xb_proc_emu(proc), clock_of(proc), AF_INET, a[0].mem, a[1].mem);

	return mss ? 0 : helper_ret(-EACCES);
}

static u64
tcp_raw_check_syncookie_ipv6(struct xb_proc *proc, const union xb_arg *a)
{
	u16 mss =
	        xb_syncookie_check(xb_proc_emu(proc), clock_of(proc), AF_INET6, a[0].mem, a[1].mem);

	return mss ? 0 : helper_ret(-EACCES);
}

static bool
is_listener(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	return sk->state == BPF_TCP_LISTEN && sk->protocol == IPPROTO_TCP;
}

/* Of the header's family, if the listener has such clients; -errno. */
static int
family_of(const struct xb_sock *sock, const u8 *ip, u32 bytes)
{
	bool six = sock->info.uapi.family == AF_INET6;

	if (bytes < sizeof(struct iphdr))
		return -EINVAL;
	if (ip[0] >> 4 == 4)
		return six && sock->v6only ? -EINVAL : AF_INET;
	if (ip[0] >> 4 == 6)
		return bytes < sizeof(struct ipv6hdr) || !six ? -EINVAL : AF_INET6;
	return -EPROTONOSUPPORT;
}

/* cf. include/linux/jiffies.h: time_between32 */
static bool
is_between(u32 ticks, u32 low, u32 high)
{
	return high - low >= ticks - low;
}

static u32
now(const struct xb_proc *proc)
{
	return (u32)xb_clock_jiffies(clock_of(proc));
}

/* cf. include/net/tcp.h: tcp_synq_overflow */
static void
synq_overflow(const struct xb_proc *proc, struct xb_sock *sock)
{
	struct xb_sock *group = xb_sock_group(sock);
	u32 last = __atomic_load_n(&group->overflow_jiffies, __ATOMIC_RELAXED);

	if (!is_between(now(proc), last, last + XB_CLOCK_HZ))
		__atomic_store_n(&group->overflow_jiffies, now(proc), __ATOMIC_RELAXED);
}

/* cf. include/net/tcp.h: tcp_synq_no_recent_overflow */
static bool
synq_no_recent_overflow(const struct xb_proc *proc, struct xb_sock *sock)
{
	u32 last = __atomic_load_n(&xb_sock_group(sock)->overflow_jiffies, __ATOMIC_RELAXED);

	return !is_between(now(proc), last - XB_CLOCK_HZ, last + VALID_TICKS);
}

static u64
tcp_gen_syncookie(struct xb_proc *proc, const union xb_arg *a)
{
	const u8 *tcp = a[3].mem;
	u8 setting = xb_proc_emu(proc)->world->tcp_syncookies;
	int family;

	if (!is_whole(tcp, (u32)a[4].u) || !is_listener(a[0].sock))
		return helper_ret(-EINVAL);
	if (!setting)
		return helper_ret(-ENOENT);
	if ((xb_tcp_flags(tcp) & SYN_MASK) != XB_TCP_SYN)
		return helper_ret(-EINVAL);
	family = family_of(a[0].sock, a[1].mem, (u32)a[2].u);
	if (family < 0)
		return helper_ret(family);
	if (setting != ALWAYS)
		return helper_ret(-ENOENT);
	synq_overflow(proc, a[0].sock);
	return make(proc, (u8)family, a[1].mem, tcp);
}

static u64
tcp_check_syncookie(struct xb_proc *proc, const union xb_arg *a)
{
	const u8 *tcp = a[3].mem;
	int family;

	if ((u32)a[4].u < sizeof(struct tcphdr) || !is_listener(a[0].sock))
		return helper_ret(-EINVAL);
	if (!xb_proc_emu(proc)->world->tcp_syncookies)
		return helper_ret(-EINVAL);
	if ((xb_tcp_flags(tcp) & ACK_MASK) != XB_TCP_ACK)
		return helper_ret(-ENOENT);
	if ((u32)a[2].u < sizeof(struct iphdr))
		return helper_ret(-EINVAL);
	if (synq_no_recent_overflow(proc, a[0].sock))
		return helper_ret(-ENOENT);
	family = family_of(a[0].sock, a[1].mem, (u32)a[2].u);
	if (family < 0)
		return helper_ret(family);
	return xb_syncookie_check(xb_proc_emu(proc), clock_of(proc), (u8)family, a[1].mem, tcp)
	               ? 0
	               : helper_ret(-ENOENT);
}

#define TYPES                                                                                      \
	(XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP) | XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SCHED_CLS) |         \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SCHED_ACT))
#define COOKIE_ROW(helper, ...)                                                                    \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper, .args = { __VA_ARGS__ },   \
		.prog_types = TYPES, .gpl_only = true, .state = XB_HELPER_WORLD,                   \
		.source = "net/core/filter.c: bpf_" #helper                                        \
	}

static const struct xb_helper rows[] = {
	COOKIE_ROW(tcp_check_syncookie, XB_ARG_SOCK_COMMON, XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_MEM,
	           XB_ARG_SIZE),
	COOKIE_ROW(tcp_gen_syncookie, XB_ARG_SOCK_COMMON, XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_MEM,
	           XB_ARG_SIZE),
	COOKIE_ROW(tcp_raw_gen_syncookie_ipv4, XB_ARG_MEM20, XB_ARG_MEM, XB_ARG_SIZE),
	COOKIE_ROW(tcp_raw_gen_syncookie_ipv6, XB_ARG_MEM40, XB_ARG_MEM, XB_ARG_SIZE),
	COOKIE_ROW(tcp_raw_check_syncookie_ipv4, XB_ARG_MEM20, XB_ARG_MEM20),
	COOKIE_ROW(tcp_raw_check_syncookie_ipv6, XB_ARG_MEM40, XB_ARG_MEM20),
};

const struct xb_helper_table xb_helpers_syncookie = { rows, XB_ARRAY_SIZE(rows) };
