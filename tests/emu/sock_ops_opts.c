/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_ops_opts.c - what programs make of the options of their socket. */
#include "tests/emu/sock_ops_rig.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define TXREHASH   74
#define CB_FLAGS   1009
#define RTO_MAX_MS 44
#define OPS_FLAGS  1008
#define FLOWLABEL  70

#define OP(name) .op = BPF_SOCK_OPS_##name
#define STEPS_ALONE(...)                                                                           \
	.steps = { __VA_ARGS__ },                                                                  \
	.step_cnt = sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step)

#define STEPS(...) .options = true, STEPS_ALONE(__VA_ARGS__)

/* clang-format off */
#define INT(v)            { (u8)(v), (u8)((u32)(v) >> 8), (u8)((u32)(v) >> 16), (u8)((u32)(v) >> 24) }
#define AT(level, name)   ((u64)(level) << 32 | (u32)(name))
#define SET(l, n, v)      { SETOPT, 4, AT(l, n), INT(v) }, { GETOPT, 4, AT(l, n), { 7, 7, 7, 7, 7, 7 } }
#define SOCK(n, v)        SET(SOL_SOCKET, n, v)
#define TCP(n, v)         SET(IPPROTO_TCP, n, v)
#define GET(l, n, bytes)  { GETOPT, bytes, AT(l, n), { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 } }
#define TEXT(l, n, bytes, ...) { SETOPT, bytes, AT(l, n), { __VA_ARGS__ } }
#define CC(bytes, ...)    TEXT(IPPROTO_TCP, TCP_CONGESTION, bytes, __VA_ARGS__), GET(IPPROTO_TCP, TCP_CONGESTION, 16)
#define LEAST             (-2147483647 - 1)
#define MOST              2147483647

const struct option sock_ops_options[] = {
	{ SOL_SOCKET, SO_REUSEADDR }, { SOL_SOCKET, SO_SNDBUF }, { SOL_SOCKET, SO_RCVBUF },
	{ SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_PRIORITY }, { SOL_SOCKET, SO_REUSEPORT },
	{ SOL_SOCKET, SO_RCVLOWAT }, { SOL_SOCKET, SO_MARK }, { SOL_SOCKET, SO_MAX_PACING_RATE },
	{ SOL_SOCKET, SO_BINDTOIFINDEX }, { SOL_SOCKET, TXREHASH }, { SOL_SOCKET, CB_FLAGS },
	{ IPPROTO_TCP, TCP_NODELAY }, { IPPROTO_TCP, TCP_MAXSEG }, { IPPROTO_TCP, TCP_KEEPIDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL }, { IPPROTO_TCP, TCP_KEEPCNT }, { IPPROTO_TCP, TCP_SYNCNT },
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP }, { IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT }, { IPPROTO_TCP, TCP_NOTSENT_LOWAT },
	{ IPPROTO_TCP, TCP_SAVE_SYN }, { IPPROTO_TCP, RTO_MAX_MS },
	{ IPPROTO_TCP, TCP_BPF_IW }, { IPPROTO_TCP, TCP_BPF_SNDCWND_CLAMP },
	{ IPPROTO_TCP, TCP_BPF_DELACK_MAX }, { IPPROTO_TCP, TCP_BPF_RTO_MIN },
	{ IPPROTO_TCP, OPS_FLAGS }, { IPPROTO_IP, IP_TOS }, { IPPROTO_IPV6, IPV6_TCLASS },
	{ IPPROTO_IPV6, FLOWLABEL },
};

#define BOOLS(l, n)  SET(l, n, 1), SET(l, n, 0), SET(l, n, 77), SET(l, n, -1)
#define ENDS(l, n)   SET(l, n, LEAST), SET(l, n, MOST), SET(l, n, -1), SET(l, n, 0), SET(l, n, 1)
#define BOUNDS(l, n, lo, hi) SET(l, n, lo), SET(l, n, (lo) - 1), SET(l, n, hi), SET(l, n, (hi) + 1)
#define BUFFERS \
	SOCK(SO_SNDBUF, 0), SOCK(SO_SNDBUF, 2304), SOCK(SO_SNDBUF, 2305), SOCK(SO_SNDBUF, 100000), \
	SOCK(SO_SNDBUF, 4194304), SOCK(SO_SNDBUF, 4194305), SOCK(SO_SNDBUF, -1), \
	SOCK(SO_RCVBUF, 0), SOCK(SO_RCVBUF, 1152), SOCK(SO_RCVBUF, 1153), SOCK(SO_RCVBUF, 100000), \
	SOCK(SO_RCVBUF, 4194304), SOCK(SO_RCVBUF, 4194305), SOCK(SO_RCVBUF, -1), \
	SOCK(SO_RCVLOWAT, 50000), SOCK(SO_RCVLOWAT, -1), SOCK(SO_RCVLOWAT, 0)
#define LOWATS \
	SOCK(SO_RCVLOWAT, 1), SOCK(SO_RCVLOWAT, 0), SOCK(SO_RCVLOWAT, 60000), GET(SOL_SOCKET, SO_RCVBUF, 4), \
	SOCK(SO_RCVLOWAT, 200000), GET(SOL_SOCKET, SO_RCVBUF, 4), GET(IPPROTO_TCP, TCP_WINDOW_CLAMP, 4), \
	SOCK(SO_RCVLOWAT, -1), GET(SOL_SOCKET, SO_RCVBUF, 4), GET(IPPROTO_TCP, TCP_WINDOW_CLAMP, 4), \
	SOCK(SO_RCVBUF, 10000), SOCK(SO_RCVLOWAT, 11000), SOCK(SO_RCVLOWAT, 100)
#define FLAGS_OF_SOCKET \
	BOOLS(SOL_SOCKET, SO_REUSEADDR), BOOLS(SOL_SOCKET, SO_KEEPALIVE), BOOLS(SOL_SOCKET, SO_REUSEPORT), \
	BOUNDS(SOL_SOCKET, TXREHASH, -1, 1), SOCK(TXREHASH, 0), BOOLS(SOL_SOCKET, CB_FLAGS)
#define NUMBERS_OF_SOCKET \
	ENDS(SOL_SOCKET, SO_PRIORITY), ENDS(SOL_SOCKET, SO_MARK), ENDS(SOL_SOCKET, SO_MAX_PACING_RATE), \
	SOCK(SO_PRIORITY, 6), SOCK(SO_PRIORITY, 7), SOCK(SO_MARK, 0)
#define DEVICES \
	SOCK(SO_BINDTOIFINDEX, -1), SOCK(SO_BINDTOIFINDEX, 1), SOCK(SO_BINDTOIFINDEX, 0), \
	TEXT(SOL_SOCKET, SO_BINDTODEVICE, 3, 'l', 'o'), GET(SOL_SOCKET, SO_BINDTOIFINDEX, 4), \
	GET(SOL_SOCKET, SO_BINDTODEVICE, 16), \
	TEXT(SOL_SOCKET, SO_BINDTODEVICE, 2, 'l', 'o'), GET(SOL_SOCKET, SO_BINDTOIFINDEX, 4), \
	TEXT(SOL_SOCKET, SO_BINDTODEVICE, 2, 'l', 'x'), GET(SOL_SOCKET, SO_BINDTOIFINDEX, 4), \
	TEXT(SOL_SOCKET, SO_BINDTODEVICE, 16, 'n', 'o', ' ', 's', 'u', 'c', 'h'), \
	TEXT(SOL_SOCKET, SO_BINDTODEVICE, 1, 0), GET(SOL_SOCKET, SO_BINDTOIFINDEX, 4)
#define KEEPALIVES \
	BOUNDS(IPPROTO_TCP, TCP_KEEPIDLE, 1, 32767), BOUNDS(IPPROTO_TCP, TCP_KEEPINTVL, 1, 32767), \
	BOUNDS(IPPROTO_TCP, TCP_KEEPCNT, 1, 127), BOUNDS(IPPROTO_TCP, TCP_SYNCNT, 1, 127), \
	BOUNDS(IPPROTO_TCP, TCP_USER_TIMEOUT, 0, MOST - 1), BOUNDS(IPPROTO_TCP, RTO_MAX_MS, 1000, 120000)
#define NUMBERS_OF_TCP \
	BOOLS(IPPROTO_TCP, TCP_NODELAY), BOUNDS(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 0, 1), \
	BOUNDS(IPPROTO_TCP, TCP_SAVE_SYN, 0, 2), ENDS(IPPROTO_TCP, TCP_NOTSENT_LOWAT), \
	BOUNDS(IPPROTO_TCP, TCP_MAXSEG, 88, 32767), TCP(TCP_MAXSEG, 0), TCP(TCP_MAXSEG, 500)
#define CLAMPS \
	TCP(TCP_WINDOW_CLAMP, 0), TCP(TCP_WINDOW_CLAMP, 1), TCP(TCP_WINDOW_CLAMP, 1152), \
	TCP(TCP_WINDOW_CLAMP, 1153), TCP(TCP_WINDOW_CLAMP, 70000), TCP(TCP_WINDOW_CLAMP, -1), \
	BOUNDS(IPPROTO_TCP, OPS_FLAGS, 0, 127), TCP(OPS_FLAGS, 127)
#define BPFS \
	TCP(TCP_BPF_IW, 0), TCP(TCP_BPF_IW, -1), TCP(TCP_BPF_IW, 77), \
	TCP(TCP_BPF_SNDCWND_CLAMP, 0), TCP(TCP_BPF_SNDCWND_CLAMP, -1), TCP(TCP_BPF_SNDCWND_CLAMP, 99), \
	TCP(TCP_BPF_DELACK_MAX, 4000), TCP(TCP_BPF_DELACK_MAX, 4001), TCP(TCP_BPF_DELACK_MAX, 8000), \
	TCP(TCP_BPF_DELACK_MAX, 200000), TCP(TCP_BPF_DELACK_MAX, 200001), TCP(TCP_BPF_DELACK_MAX, -1), \
	TCP(TCP_BPF_RTO_MIN, 4000), TCP(TCP_BPF_RTO_MIN, 4001), TCP(TCP_BPF_RTO_MIN, 50000), \
	TCP(TCP_BPF_RTO_MIN, 200000), TCP(TCP_BPF_RTO_MIN, 200001), TCP(TCP_BPF_RTO_MIN, 0)
#define CONGESTION \
	CC(4, 'r', 'e', 'n', 'o'), CC(5, 'c', 'u', 'b', 'i', 'c'), CC(16, 'r', 'e', 'n', 'o'), \
	CC(1, 'r'), CC(2, 'r', 'e'), CC(3, 'c', 'd', 'g'), CC(4, 'c', 'd', 'g'), CC(5, 'c', 'd', 'g', 'x'), \
	CC(3, 'x', 'y', 'z'), CC(16, 'r', 'e', 'n', 'o', 0, 'x'), \
	GET(IPPROTO_TCP, TCP_CONGESTION, 1), GET(IPPROTO_TCP, TCP_CONGESTION, 2), \
	GET(IPPROTO_TCP, TCP_CONGESTION, 4), GET(IPPROTO_TCP, TCP_CONGESTION, 5)
#define CLASSES \
	SET(IPPROTO_IP, IP_TOS, 0), SET(IPPROTO_IP, IP_TOS, 0x10), GET(SOL_SOCKET, SO_PRIORITY, 4), \
	SET(IPPROTO_IP, IP_TOS, 0x0b), GET(SOL_SOCKET, SO_PRIORITY, 4), SET(IPPROTO_IP, IP_TOS, 0xb8), \
	GET(SOL_SOCKET, SO_PRIORITY, 4), SOCK(SO_PRIORITY, 1), SET(IPPROTO_IP, IP_TOS, 0xb8), \
	GET(SOL_SOCKET, SO_PRIORITY, 4), SET(IPPROTO_IP, IP_TOS, 0x1fc), GET(SOL_SOCKET, SO_PRIORITY, 4), \
	SET(IPPROTO_IP, IP_TOS, -1), GET(SOL_SOCKET, SO_PRIORITY, 4), \
	BOUNDS(IPPROTO_IPV6, IPV6_TCLASS, -1, 255), SET(IPPROTO_IPV6, IPV6_TCLASS, 7), \
	BOOLS(IPPROTO_IPV6, FLOWLABEL)
#define REFUSED \
	{ SETOPT, 3, AT(SOL_SOCKET, SO_MARK), { 1 } }, { SETOPT, 8, AT(SOL_SOCKET, SO_MARK), { 1 } }, \
	GET(SOL_SOCKET, SO_MARK, 3), GET(SOL_SOCKET, SO_MARK, 8), \
	{ SETOPT, 8, AT(IPPROTO_TCP, TCP_NODELAY), { 1 } }, { SETOPT, 1, AT(IPPROTO_IP, IP_TOS), { 1 } }, \
	{ SETOPT, 1, AT(IPPROTO_IPV6, IPV6_TCLASS), { 1 } }, GET(IPPROTO_IP, IP_TOS, 1), \
	SET(SOL_SOCKET, SO_LINGER, 1), SET(SOL_SOCKET, SO_DEBUG, 1), SET(SOL_SOCKET, SO_TYPE, 1), \
	SET(IPPROTO_TCP, TCP_CORK, 1), SET(IPPROTO_TCP, TCP_QUICKACK, 1), SET(IPPROTO_TCP, TCP_INFO, 1), \
	SET(IPPROTO_IP, IP_TTL, 1), SET(IPPROTO_IPV6, IPV6_V6ONLY, 1), SET(IPPROTO_UDP, 1, 1), SET(77, 1, 1), \
	SET(IPPROTO_TCP, 0, 1), SET(IPPROTO_TCP, 1010, 1), SET(SOL_SOCKET, 1010, 1)
#define SYNS \
	GET(IPPROTO_TCP, TCP_BPF_SYN, 16), GET(IPPROTO_TCP, TCP_BPF_SYN, 1), GET(IPPROTO_TCP, TCP_BPF_SYN_IP, 16), \
	GET(IPPROTO_TCP, TCP_BPF_SYN_MAC, 16), GET(IPPROTO_TCP, TCP_SAVED_SYN, 16), GET(IPPROTO_TCP, TCP_SAVED_SYN, 1), \
	SET(IPPROTO_TCP, TCP_BPF_SYN, 1), SET(IPPROTO_TCP, TCP_SAVED_SYN, 1)

#define AT_EACH(row, v6_, ...) \
	{ row ", connect", OP(TCP_CONNECT_CB), .v6 = v6_, STEPS(__VA_ARGS__) }, \
	{ row ", established", OP(ACTIVE_ESTABLISHED_CB), .v6 = v6_, STEPS(__VA_ARGS__) }, \
	{ row ", came in", OP(PASSIVE_ESTABLISHED_CB), .v6 = v6_, STEPS(__VA_ARGS__) }, \
	{ row ", listen", OP(TCP_LISTEN_CB), .v6 = v6_, STEPS(__VA_ARGS__) }

const struct script sock_ops_option_scripts[] = {
	AT_EACH("buffers", false, BUFFERS),
	AT_EACH("low-water marks", true, LOWATS),
	AT_EACH("flags", false, FLAGS_OF_SOCKET),
	AT_EACH("numbers", true, NUMBERS_OF_SOCKET),
	AT_EACH("devices", false, DEVICES),
	AT_EACH("keepalive", false, KEEPALIVES),
	AT_EACH("TCP's numbers", false, NUMBERS_OF_TCP),
	AT_EACH("clamps", false, CLAMPS),
	AT_EACH("windows and timeouts", true, BPFS),
	AT_EACH("congestion control", false, CONGESTION),
	AT_EACH("classes of IPv4", false, CLASSES),
	AT_EACH("classes of IPv6", true, CLASSES),
	AT_EACH("refused", true, REFUSED),
	AT_EACH("a SYN that was not saved", false, SYNS),
	{ "a SYN that was saved", OP(PASSIVE_ESTABLISHED_CB), .save_syn = true, .has_syn = true, STEPS(SYNS) },
	{ "a SYN that was saved, IPv6", OP(PASSIVE_ESTABLISHED_CB), .v6 = true, .save_syn = true, .has_syn = true,
	  STEPS(SYNS) },
	{ "a window after data", OP(PARSE_HDR_OPT_CB), .tcp_flags = 0x18, .reserve = 4, .aux_bytes = 4, .aux = { 254, 4, 1, 2 },
	  STEPS(TCP(TCP_BPF_IW, 77), SOCK(SO_MARK, 5)) },
	{ "no locked socket", OP(TSTAMP_SENDMSG_CB), .timestamps = true,
	  STEPS_ALONE(SOCK(SO_MARK, 5), GET(IPPROTO_TCP, TCP_BPF_SYN, 16), GET(IPPROTO_TCP, TCP_CONGESTION, 16)) },
	{ "a request", OP(HDR_OPT_LEN_CB), .request = true, .save_syn = true, .has_syn = true, .room = 40,
	  STEPS(SOCK(SO_MARK, 5), TCP(TCP_NODELAY, 1), CC(4, 'r', 'e', 'n', 'o'), SYNS) },
};
/* clang-format on */

const u32 sock_ops_option_script_cnt = XB_ARRAY_SIZE(sock_ops_option_scripts);
const u32 sock_ops_option_cnt = XB_ARRAY_SIZE(sock_ops_options);
