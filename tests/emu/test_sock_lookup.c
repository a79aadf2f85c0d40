/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock_lookup.c - bpf_sk_lookup_tcp, bpf_sk_lookup_udp and bpf_skc_lookup_tcp of XDP and TC:
 * which socket a packet reaches, field by field, where the kernel and a world have the same ones.
 */
#include "skb/skb.h"
#include "tests/emu/sock_net.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define TUPLE_MOST 40
#define PACKET     64
#define FIELDS     22

/* What a program is asked, and what it answers. */
struct talk {
	u8 tuple[TUPLE_MOST];
	u32 bytes, pad;
	u64 netns, flags;
	u64 found;
	u64 fields[FIELDS]; /* of struct bpf_sock, by number of its 4 bytes */
};

/* Fields by number. */
enum { FAMILY = 1, MARK = 4, SRC_IP6 = 7, DST_IP4 = 13, DST_IP6 = 14, STATE = 18, RX_QUEUE = 19 };

#define AT(field) ((s32)offsetof(struct talk, field))

struct progs {
	struct backend b;
	int map;
	int fds[2][3]; /* XDP, TC; by helper */
};

static const u32 types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS };
static const struct {
	const char *name;
	s32 func;
	bool common;
} helpers[] = {
	{ "sk_lookup_tcp", BPF_FUNC_sk_lookup_tcp, false },
	{ "sk_lookup_udp", BPF_FUNC_sk_lookup_udp, false },
	{ "skc_lookup_tcp", BPF_FUNC_skc_lookup_tcp, true },
};

/* Fields of 4 bytes that either kind of pointer shows. */
static const u8 full_fields[] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
	                          10, 11, 12, 13, 14, 15, 16, 17, 18, 19 };
static const u8 common_fields[] = { 0, 1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 };

static void
register_types(struct xb_emu *emu)
{
	xb_xdp_register(emu);
	xb_skb_register(emu);
}

static int
make_prog(const struct progs *p, u32 type, s32 func, bool common)
{
	const u8 *fields = common ? common_fields : full_fields;
	u32 cnt = common ? sizeof(common_fields) : sizeof(full_fields), n = 0;
	struct bpf_insn insns[128] = {
		XB_MOV64_REG(6, 1),
		XB_LD_MAP_VALUE(7, p->map, 0),
		XB_LDX_MEM(BPF_W, 3, 7, AT(bytes)),
		XB_JMP_IMM(BPF_JEQ, 3, 0, 1),
		XB_JMP_IMM(BPF_JLE, 3, TUPLE_MOST, 2),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
		XB_MOV64_REG(1, 6),
		XB_MOV64_REG(2, 7),
		XB_LDX_MEM(BPF_DW, 4, 7, AT(netns)),
		XB_LDX_MEM(BPF_DW, 5, 7, AT(flags)),
		XB_CALL(func),
		XB_JMP_IMM(BPF_JNE, 0, 0, 2),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
		XB_MOV64_REG(8, 0),
		XB_ST_MEM(BPF_DW, 7, AT(found), 1),
	};
	const struct backend_prog opts = { .insns = insns, .insn_cnt = 128, .type = type };
	struct backend_prog cut = opts;

	while (insns[n].code || n == 2)
		n++;
	for (u32 i = 0; i < cnt; i++) {
		insns[n++] = XB_LDX_MEM(BPF_W, 1, 8, fields[i] * 4);
		insns[n++] = XB_STX_MEM(BPF_DW, 7, 1, AT(fields) + fields[i] * 8);
	}
	insns[n++] = XB_MOV64_REG(1, 8);
	insns[n++] = XB_CALL(BPF_FUNC_sk_release);
	insns[n++] = XB_MOV64_IMM(0, 2);
	insns[n++] = XB_EXIT();
	cut.insn_cnt = n;
	return backend_prog(&p->b, &cut);
}

static void
load(struct progs *p)
{
	p->map = backend_map(&p->b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct talk), 1);
	for (u32 t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (u32 h = 0; h < XB_ARRAY_SIZE(helpers); h++)
			p->fds[t][h] = make_prog(p, types[t], helpers[h].func, helpers[h].common);
}

static void
unload(struct progs *p)
{
	for (u32 t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (u32 h = 0; h < XB_ARRAY_SIZE(helpers); h++)
			close(p->fds[t][h]);
	close(p->map);
}

static void
ask(const struct progs *p, int prog, struct talk *talk)
{
	u8 packet[PACKET] = { [12] = 0x88, [13] = 0xb5 };
	union bpf_attr attr;
	const u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	assert_int_equal(backend_update(&p->b, p->map, &key, talk), 0);
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(backend_bpf(&p->b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(backend_lookup(&p->b, p->map, &key, talk), 0);
}

/* clang-format off */
static const struct sock_spec socks[] = {
	{ "listener", SOCK_STREAM, "127.0.0.1", 1000, .device = NULL },
	{ "listener, any", SOCK_STREAM, "0.0.0.0", 1001, .reuseport = true },
	{ "listener, any, 2nd address", SOCK_STREAM, "127.0.0.2", 1001, .reuseport = true },
	{ "listener6", SOCK_STREAM, "::1", 1000, .device = NULL },
	{ "listener6, any", SOCK_STREAM, "::", 1002, .device = NULL },
	{ "listener6, v6only", SOCK_STREAM, "::", 1003, .v6only = true },
	{ "listener, beside v6only", SOCK_STREAM, "0.0.0.0", 1003, .device = NULL },
	{ "listener6, mapped", SOCK_STREAM, "::ffff:127.0.0.1", 1004, .device = NULL },
	{ "listener of lo", SOCK_STREAM, "0.0.0.0", 1005, .reuseport = true, .device = "lo" },
	{ "listener of no device", SOCK_STREAM, "0.0.0.0", 1005, .reuseport = true },
	{ "older listener of no device", SOCK_STREAM, "0.0.0.0", 1012, .reuseport = true },
	{ "newer listener of lo", SOCK_STREAM, "0.0.0.0", 1012, .reuseport = true, .device = "lo" },
	{ "listener of v0", SOCK_STREAM, "0.0.0.0", 1006, .device = "v0" },
	{ "listener, group 1", SOCK_STREAM, "127.0.0.1", 1007, .reuseport = true },
	{ "listener, group 2", SOCK_STREAM, "127.0.0.1", 1007, .reuseport = true },
	{ "listener, group 3", SOCK_STREAM, "127.0.0.1", 1007, .reuseport = true },
	{ "listener6, group 1", SOCK_STREAM, "::", 1008, .reuseport = true },
	{ "listener6, group 2", SOCK_STREAM, "::", 1008, .reuseport = true },
	{ "deferring", SOCK_STREAM, "127.0.0.1", 1010, .defer = true },
	{ "deferring6", SOCK_STREAM, "::", 1011, .defer = true },
	{ "UDP", SOCK_DGRAM, "127.0.0.1", 1000, .device = NULL },
	{ "UDP, any", SOCK_DGRAM, "0.0.0.0", 1001, .device = NULL },
	{ "UDP, connected", SOCK_DGRAM, "127.0.0.1", 1002, "127.0.0.3", 2000, .reuseaddr = true },
	{ "UDP, beside connected", SOCK_DGRAM, "127.0.0.1", 1002, .reuseaddr = true },
	{ "UDP, any, beside connected", SOCK_DGRAM, "0.0.0.0", 1002, .reuseaddr = true },
	{ "UDP6", SOCK_DGRAM, "::1", 1000, .device = NULL },
	{ "UDP6, any", SOCK_DGRAM, "::", 1003, .device = NULL },
	{ "UDP6, v6only", SOCK_DGRAM, "::", 1004, .v6only = true },
	{ "UDP6, connected", SOCK_DGRAM, "::1", 1005, "::1", 2000, .reuseaddr = true },
	{ "UDP6, mapped and connected", SOCK_DGRAM, "::ffff:127.0.0.1", 1006, "::ffff:127.0.0.3", 2000, .device = NULL },
	{ "UDP of lo", SOCK_DGRAM, "0.0.0.0", 1007, .reuseaddr = true, .device = "lo" },
	{ "UDP of no device", SOCK_DGRAM, "0.0.0.0", 1007, .reuseaddr = true },
	{ "UDP of v0", SOCK_DGRAM, "127.0.0.1", 1007, .reuseaddr = true, .device = "v0" },
	{ "UDP, group 1", SOCK_DGRAM, "127.0.0.1", 1008, .reuseport = true },
	{ "UDP, group 2", SOCK_DGRAM, "127.0.0.1", 1008, .reuseport = true },
	{ "UDP, older", SOCK_DGRAM, "127.0.0.1", 1009, .reuseaddr = true },
	{ "UDP, newer", SOCK_DGRAM, "127.0.0.1", 1009, .reuseaddr = true },
};
/* clang-format on */

/* Connections, each to the listener of its remote port that comes first. */
/* clang-format off */
static const struct {
	struct sock_spec ends;
	const char *listener;
	enum sock_conn conn;
} conns[] = {
	{ { "connection", SOCK_STREAM, "127.0.0.3", 2000, "127.0.0.1", 1000, .device = NULL }, "listener", CONN_ESTABLISHED },
	{ { "connection to any", SOCK_STREAM, "127.0.0.3", 2001, "127.0.0.3", 1001, .device = NULL }, "listener, any", CONN_ESTABLISHED },
	{ { "connection6", SOCK_STREAM, "::1", 2000, "::1", 1000, .device = NULL }, "listener6", CONN_ESTABLISHED },
	{ { "connection of IPv4 to IPv6", SOCK_STREAM, "127.0.0.3", 2002, "127.0.0.1", 1002, .device = NULL }, "listener6, any", CONN_ESTABLISHED },
	{ { "connection of lo", SOCK_STREAM, "127.0.0.3", 2003, "127.0.0.1", 1012, .device = NULL }, "newer listener of lo", CONN_ESTABLISHED },
	{ { "closed", SOCK_STREAM, "127.0.0.3", 2004, "127.0.0.1", 1000, .device = NULL }, "listener", CONN_TIME_WAIT },
	{ { "closed6", SOCK_STREAM, "::1", 2004, "::1", 1000, .device = NULL }, "listener6", CONN_TIME_WAIT },
	{ { "requested", SOCK_STREAM, "127.0.0.3", 2005, "127.0.0.1", 1010, .device = NULL }, "deferring", CONN_REQUEST },
	{ { "requested6", SOCK_STREAM, "::1", 2005, "::1", 1011, .device = NULL }, "deferring6", CONN_REQUEST },
};
/* clang-format on */

struct made {
	const char *name;
	int fd;
};

static int
fd_of(const struct made *made, const char *name)
{
	while (strcmp(made->name, name) != 0)
		made++;
	return made->fd;
}

static void
make_socks(struct sock_net *net)
{
	struct made made[XB_ARRAY_SIZE(socks)];

	for (u32 i = 0; i < XB_ARRAY_SIZE(socks); i++)
		made[i] = (struct made){ socks[i].name, sock_net_add(net, &socks[i]) };
	for (u32 i = 0; i < XB_ARRAY_SIZE(conns); i++)
		sock_net_connect(net, fd_of(made, conns[i].listener), &conns[i].ends,
		                 conns[i].conn);
}

static const char *const addrs4[] = { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.6",
	                              "0.0.0.0" };
static const char *const addrs6[] = {
	"::1", "::", "::ffff:127.0.0.1", "::ffff:127.0.0.3", "::ffff:0.0.0.0", "fe80::1"
};

static void
fill_tuple(struct talk *t, const char *from, u16 sport, const char *to, u16 dport)
{
	struct bpf_sock_tuple tuple = { 0 };
	u8 addr[16];

	memset(t, 0, sizeof(*t));
	t->netns = (u64)-1;
	if (sock_net_addr(from, addr) == AF_INET) {
		memcpy(&tuple.ipv4.saddr, addr, 4);
		sock_net_addr(to, addr);
		memcpy(&tuple.ipv4.daddr, addr, 4);
		tuple.ipv4.sport = htons(sport);
		tuple.ipv4.dport = htons(dport);
		t->bytes = sizeof(tuple.ipv4);
	} else {
		memcpy(tuple.ipv6.saddr, addr, 16);
		sock_net_addr(to, addr);
		memcpy(tuple.ipv6.daddr, addr, 16);
		tuple.ipv6.sport = htons(sport);
		tuple.ipv6.dport = htons(dport);
		t->bytes = sizeof(tuple.ipv6);
	}
	memcpy(t->tuple, &tuple, sizeof(tuple));
}

/* Both of one group: which it is, the kernel's secret says. */
static bool
same_group(const struct sock_net *net, const struct talk *a, const struct talk *b)
{
	const struct xb_world_sock *x = NULL, *y = NULL;

	for (u32 i = 0; i < net->sock_cnt; i++) {
		if (net->socks[i].info.uapi.mark == a->fields[MARK])
			x = &net->socks[i];
		if (net->socks[i].info.uapi.mark == b->fields[MARK])
			y = &net->socks[i];
	}
	return x && y && x->reuseport && y->reuseport;
}

/*
 * Of a connection nobody can tell who began it, on which dst_ip4 depends where the connection is
 * one of IPv6; nor by which queue it came. In TIME_WAIT the IPv6 addresses of one of IPv4 are
 * whatever was in that memory before.
 */
static bool
is_compared(const struct talk *t, u32 field)
{
	bool six = t->fields[FAMILY] == AF_INET6;

	if (t->fields[STATE] == BPF_TCP_LISTEN || t->fields[STATE] == BPF_TCP_CLOSE)
		return true;
	if (t->fields[STATE] == BPF_TCP_TIME_WAIT && !six &&
	    ((field >= SRC_IP6 && field < SRC_IP6 + 4) ||
	     (field >= DST_IP6 && field < DST_IP6 + 4)))
		return false;
	return field != RX_QUEUE && (field != DST_IP4 || !six);
}

struct both {
	struct sock_net net;
	struct progs emu, kernel;
	u32 asked, found;
};

static void
compare(struct both *both, const char *row, u32 t, u32 h, const struct talk *question)
{
	struct talk emu = *question, kernel = *question;
	char where[256];

	ask(&both->emu, both->emu.fds[t][h], &emu);
	ask(&both->kernel, both->kernel.fds[t][h], &kernel);
	both->asked++;
	both->found += kernel.found != 0;
	snprintf(where, sizeof(where), "%s: %s of type %u", row, helpers[h].name, types[t]);
	if (emu.found != kernel.found)
		fail_msg("%s: found: %d in the emulator, %d in the kernel", where, (int)emu.found,
		         (int)kernel.found);
	for (u32 i = 0; i < FIELDS; i++)
		if (emu.fields[i] != kernel.fields[i] && is_compared(&kernel, i) &&
		    !(i == MARK && same_group(&both->net, &emu, &kernel)))
			fail_msg("%s: bpf_sock at %u: 0x%llx in the emulator, 0x%llx in the kernel",
			         where, i * 4, (unsigned long long)emu.fields[i],
			         (unsigned long long)kernel.fields[i]);
}

static void
compare_all(struct both *both, const char *row, const struct talk *question)
{
	for (u32 t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (u32 h = 0; h < XB_ARRAY_SIZE(helpers); h++)
			compare(both, row, t, h, question);
}

static void
compare_grid(struct both *both, const char *const *addrs, u32 cnt)
{
	struct talk question;
	char row[200];

	for (u32 from = 0; from < cnt; from++)
		for (u32 to = 0; to < cnt; to++)
			for (u16 sport = 1999; sport <= 2006; sport++)
				for (u16 dport = 999; dport <= 1012; dport++) {
					snprintf(row, sizeof(row), "%s %u > %s %u", addrs[from],
					         sport, addrs[to], dport);
					fill_tuple(&question, addrs[from], sport, addrs[to], dport);
					compare_all(both, row, &question);
				}
}

/* From the listeners' side to the clients'. */
static void
compare_clients(struct both *both)
{
	struct talk question;

	for (u32 i = 0; i < XB_ARRAY_SIZE(conns); i++) {
		const struct sock_spec *ends = &conns[i].ends;

		fill_tuple(&question, ends->remote, ends->remote_port, ends->local, ends->port);
		compare_all(both, ends->name, &question);
	}
}

/* clang-format off */
static const struct {
	const char *name;
	u64 netns, flags;
	u32 bytes;
} odd[] = {
	{ "namespace 0", 0, 0, 12 },
	{ "namespace 1", 1, 0, 12 },
	{ "namespace -2", (u64)-2, 0, 12 },
	{ "namespace of 32 bits, -1", 0xffffffffu, 0, 12 },
	{ "namespace of 32 bits, most", 0x7fffffffu, 0, 12 },
	{ "namespace beyond 32 bits", 1ull << 32, 0, 12 },
	{ "namespace with upper bits", 0x180000000ull, 0, 12 },
	{ "flags", (u64)-1, 1, 12 },
	{ "flags, upper bits", (u64)-1, 1ull << 63, 12 },
	{ "size 1", (u64)-1, 0, 1 },
	{ "size 11", (u64)-1, 0, 11 },
	{ "size 13", (u64)-1, 0, 13 },
	{ "size 35", (u64)-1, 0, 35 },
	{ "size of IPv6 with an IPv4 tuple", (u64)-1, 0, 36 },
	{ "size 37", (u64)-1, 0, 37 },
	{ "size 40", (u64)-1, 0, 40 },
};
/* clang-format on */

static void
compare_odd(struct both *both)
{
	struct talk question;

	for (u32 i = 0; i < XB_ARRAY_SIZE(odd); i++) {
		fill_tuple(&question, "127.0.0.3", 2000, "127.0.0.1", 1000);
		question.netns = odd[i].netns;
		question.flags = odd[i].flags;
		question.bytes = odd[i].bytes;
		compare_all(both, odd[i].name, &question);
	}
}

static void
test_kernel(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct both both = { 0 };

	(void)state;
	if (!backend_open_kernel(&both.kernel.b) || !sock_net_open(&both.net))
		return;
	make_socks(&both.net);
	backend_open_emu(&both.emu.b, register_types);
	assert_int_equal(xb_world_set(both.emu.b.emu, sock_net_world(&both.net), &err), 0);
	load(&both.emu);
	load(&both.kernel);
	compare_grid(&both, addrs4, XB_ARRAY_SIZE(addrs4));
	compare_grid(&both, addrs6, XB_ARRAY_SIZE(addrs6));
	compare_clients(&both);
	compare_odd(&both);
	print_message("%u lookups, of which %u find a socket\n", both.asked, both.found);
	assert_true(both.found > both.asked / 20);
	unload(&both.kernel);
	unload(&both.emu);
	backend_close(&both.emu.b);
	sock_net_close(&both.net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests_name("socket lookup", tests, NULL, NULL);
}
