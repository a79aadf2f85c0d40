/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fib_input.c - the routes that segment routing asks for, in the network of test_fib.c: by its
 * rules, as a test run of bpf_lwt_push_encap tells, and in tables of their own, as programs of
 * End.BPF do, which the kernel calls for packets that really come in.
 */
#include "skb/skb.h"
#include "tests/emu/fib_rig.h"
#include "tests/insns.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <linux/seg6_local.h>
#include <net/ethernet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define MOST_PRINTED 20
#define IN0          10u /* where packets come in, and the other end of the pair */
#define OUT0         11u
#define LOCAL_SID    "fc00:5e6::1"
#define BPF_DROP_    2

/* The map's value. */
struct call {
	u8 srh[24]; /* with one segment */
	u8 addr[16];
	s64 ret, ret_x; /* END_X: of `addr` */
	u32 table, seen;
};

#define AT(field) ((s16)offsetof(struct call, field))

struct rig {
	struct backend b;
	int map, inline_prog, local_prog;
};

struct row {
	const char *src, *dst;
	u32 ifindex, mark, flowinfo, table;
};

static int
load(const struct rig *rig, u32 type, const struct bpf_insn *insns, u32 cnt)
{
	return backend_prog(
	        &rig->b, &(struct backend_prog){ .insns = insns, .insn_cnt = cnt, .type = type });
}

static void
load_progs(struct rig *rig)
{
	const struct bpf_insn inlines[] = {
		XB_LD_MAP_VALUE(7, rig->map, 0),
		XB_MOV64_IMM(2, BPF_LWT_ENCAP_SEG6_INLINE),
		XB_MOV64_REG(3, 7),
		XB_MOV64_IMM(4, 24),
		XB_CALL(BPF_FUNC_lwt_push_encap),
		XB_STX_MEM(BPF_DW, 7, 0, AT(ret)),
		XB_MOV64_IMM(0, 0),
		XB_EXIT(),
	};
	const struct bpf_insn local[] = {
		XB_MOV64_REG(6, 1),
		XB_LD_MAP_VALUE(7, rig->map, 0),
		XB_MOV64_IMM(2, SEG6_LOCAL_ACTION_END_T),
		XB_MOV64_REG(3, 7),
		XB_ALU64_IMM(BPF_ADD, 3, AT(table)),
		XB_MOV64_IMM(4, 4),
		XB_CALL(BPF_FUNC_lwt_seg6_action),
		XB_STX_MEM(BPF_DW, 7, 0, AT(ret)),
		XB_MOV64_REG(1, 6),
		XB_MOV64_IMM(2, SEG6_LOCAL_ACTION_END_X),
		XB_MOV64_REG(3, 7),
		XB_ALU64_IMM(BPF_ADD, 3, AT(addr)),
		XB_MOV64_IMM(4, 16),
		XB_CALL(BPF_FUNC_lwt_seg6_action),
		XB_STX_MEM(BPF_DW, 7, 0, AT(ret_x)),
		XB_ST_MEM(BPF_W, 7, AT(seen), 1),
		XB_MOV64_IMM(0, BPF_DROP_),
		XB_EXIT(),
	};

	rig->inline_prog = load(rig, BPF_PROG_TYPE_LWT_IN, inlines, XB_ARRAY_SIZE(inlines));
	rig->local_prog = load(rig, BPF_PROG_TYPE_LWT_SEG6LOCAL, local, XB_ARRAY_SIZE(local));
}

static bool
rig_open(struct rig *rig, const struct network *net, bool kernel)
{
	struct xb_err err = XB_ERR_INIT;

	if (kernel && !backend_open_kernel(&rig->b))
		return false;
	if (!kernel) {
		backend_open_emu(&rig->b, xb_skb_register);
		if (xb_world_set(rig->b.emu, network_world(net, network_cookie()), &err))
			fail_msg("%s", err.msg);
	}
	rig->map = backend_map(&rig->b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct call), 1);
	load_progs(rig);
	return true;
}

static void
rig_close(struct rig *rig)
{
	close(rig->local_prog);
	close(rig->inline_prog);
	close(rig->map);
	backend_close(&rig->b);
}

static void
copy_addr(u8 *to, const char *text)
{
	struct xb_world_addr a = network_addr(text);

	memcpy(to, a.bytes, 16);
}

/* Of an IPv6 packet with its Ethernet header: 14, 40 and, where it has segments, 24 bytes. */
static u32
make_packet(u8 *data, const struct row *row, bool segments)
{
	static const u8 mac[] = { 2, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0x11, 0x86, 0xdd };
	static const u8 srh[] = { 59, 2, 4, 1, 0, 0, 0, 0 };
	u32 word = __builtin_bswap32(0x60000000u | row->flowinfo);

	memset(data, 0, 128);
	memcpy(data, mac, sizeof(mac));
	memcpy(data + 14, &word, sizeof(word));
	data[14 + 7] = 64;
	copy_addr(data + 14 + 8, row->src);
	copy_addr(data + 14 + 24, segments ? LOCAL_SID : row->dst);
	data[14 + 6] = segments ? 43 : 59;
	if (!segments)
		return 54;
	data[14 + 5] = 24;
	memcpy(data + 54, srh, sizeof(srh));
	copy_addr(data + 62, row->dst);
	return 78;
}

static struct call
call_of(const struct row *row)
{
	struct call call = { .srh = { 0, 2, 4, 0, 0 }, .table = row->table };

	copy_addr(call.srh + 8, row->dst);
	copy_addr(call.addr, row->dst);
	return call;
}

static void
put(const struct rig *rig, const struct row *row)
{
	const struct call call = call_of(row);
	const u32 key = 0;

	assert_int_equal(backend_update(&rig->b, rig->map, &key, &call), 0);
}

static struct call
get(const struct rig *rig)
{
	struct call call;
	const u32 key = 0;

	assert_int_equal(backend_lookup(&rig->b, rig->map, &key, &call), 0);
	return call;
}

/* By a test run: the route to the segment that is put into the packet. */
static s64
ask_rules(const struct rig *rig, const struct row *row)
{
	struct __sk_buff ctx = { .ifindex = row->ifindex, .mark = row->mark };
	union bpf_attr attr;
	u8 data[128];
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)rig->inline_prog;
	put(rig, row);
	attr.test.data_size_in = make_packet(data, row, false);
	attr.test.data_in = (uintptr_t)data;
	attr.test.ctx_in = (uintptr_t)&ctx;
	attr.test.ctx_size_in = sizeof(ctx);
	ret = backend_bpf(&rig->b, BPF_PROG_TEST_RUN, &attr);
	if (ret)
		fail_msg("%s: test run: %ld", rig->b.name, ret);
	return get(rig).ret;
}

struct failures {
	u32 cnt, calls, errors;
};

static void
compare(struct failures *f, const char *what, const struct row *row, s64 kernel, s64 emu)
{
	f->calls++;
	f->errors += kernel != 0;
	if (kernel == emu || f->cnt++ >= MOST_PRINTED)
		return;
	print_error("%s %s > %s in by %u mark %u flowinfo 0x%x table %u: kernel %lld, emulator "
	            "%lld\n",
	            what, row->src, row->dst, row->ifindex, row->mark, row->flowinfo, row->table,
	            (long long)kernel, (long long)emu);
}

static const char *const dsts[] = {
	"2600::1",         "2001:db8:1::1",   "2001:db8:1::99",
	"2001:db8:2::2",   "2001:db8:a::1",   "2001:db8:a:1::1",
	"2001:db8:b::1",   "2001:db8:b:1::1", "2001:db8:b:2::1",
	"2001:db8:b:3::1", "2001:db8:c::1",   "2001:db8:e::1",
	"2001:db8:f::1",   "2001:db8:f:1::1", "2001:db8:10:4::1",
	"2001:db8:11::1",  "2001:db8:12::1",  "2001:db8:13::1",
	"2001:db8:14::1",  "2001:db8:15::1",  "2001:db8:20::1",
	"2001:db8:21::1",  "2001:db8:97::1",  "::1",
	"fe80::1",         "ff02::1",         "::",
	"::ffff:10.1.0.1", "fd00:2::77",      "2001:db8:4::1",
	"2001:db8:1::",    "ff0e::1",
};
static const char *const srcs[] = { "2600::2", "2001:db8:98::1", "2001:db8:99::1", "fe80::2" };

static void
ask_all_rules(const struct rig *kernel, const struct rig *emu, bool has_kernel, struct failures *f)
{
	static const u32 ifindexes[] = { 10, 11, 20, 30, 1 };
	static const u32 marks[] = { 0, 5, 7, 8, 9 };

	for (u32 i = 0; i < XB_ARRAY_SIZE(dsts) * XB_ARRAY_SIZE(srcs) * 25; i++) {
		const struct row row = {
			.dst = dsts[i / 25 / XB_ARRAY_SIZE(srcs)],
			.src = srcs[i / 25 % XB_ARRAY_SIZE(srcs)],
			.ifindex = ifindexes[i % 5],
			.mark = marks[i / 5 % 5],
			.flowinfo = i % 3 ? 0 : 0x01000000,
		};
		s64 is = ask_rules(emu, &row);

		compare(f, "rules", &row, has_kernel ? ask_rules(kernel, &row) : is, is);
	}
}

/* What a netlink message is made of. */
struct message {
	struct nlmsghdr head;
	struct rtmsg rt;
	u8 attrs[256];
};

static u32
put_attr(struct message *m, u16 type, const void *data, u32 bytes)
{
	u32 at = m->head.nlmsg_len;
	struct rtattr attr = { .rta_len = (u16)RTA_LENGTH(bytes), .rta_type = type };

	memcpy((u8 *)m + at, &attr, sizeof(attr));
	memcpy((u8 *)m + at + RTA_LENGTH(0), data, bytes);
	m->head.nlmsg_len += (u32)RTA_ALIGN(RTA_LENGTH(bytes));
	return at;
}

/* Attributes put since are inside of one that was empty. */
static void
close_attr(struct message *m, u32 at)
{
	u16 bytes = (u16)(m->head.nlmsg_len - at);

	memcpy((u8 *)m + at, &bytes, sizeof(bytes));
}

/* `ip -6 route add LOCAL_SID encap seg6local action End.BPF`: 0 or -errno. */
static int
add_local_route(int prog)
{
	const u32 action = SEG6_LOCAL_ACTION_END_BPF, oif = IN0;
	const u16 type = LWTUNNEL_ENCAP_SEG6_LOCAL;
	struct message m = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.rt)),
		          .nlmsg_type = RTM_NEWROUTE,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE },
		.rt = { .rtm_family = AF_INET6,
		        .rtm_dst_len = 128,
		        .rtm_table = RT_TABLE_MAIN,
		        .rtm_protocol = RTPROT_STATIC,
		        .rtm_type = RTN_UNICAST },
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		u8 rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), ret = -EIO;
	u8 dst[16];
	u32 encap, bpf;

	copy_addr(dst, LOCAL_SID);
	put_attr(&m, RTA_DST, dst, sizeof(dst));
	put_attr(&m, RTA_OIF, &oif, sizeof(oif));
	put_attr(&m, RTA_ENCAP_TYPE, &type, sizeof(type));
	encap = put_attr(&m, RTA_ENCAP | NLA_F_NESTED, "", 0);
	put_attr(&m, SEG6_LOCAL_ACTION, &action, sizeof(action));
	bpf = put_attr(&m, SEG6_LOCAL_BPF | NLA_F_NESTED, "", 0);
	put_attr(&m, SEG6_LOCAL_BPF_PROG, &prog, sizeof(prog));
	put_attr(&m, SEG6_LOCAL_BPF_PROG_NAME, "test", 5);
	close_attr(&m, bpf);
	close_attr(&m, encap);
	if (send(fd, &m, m.head.nlmsg_len, 0) > 0 && recv(fd, &answer, sizeof(answer), 0) > 0)
		ret = answer.err.error;
	close(fd);
	return ret;
}

/* The kernel's program, called for a packet that comes in. */
static struct call
send_in(const struct rig *rig, int raw, const struct row *row)
{
	const struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = OUT0 };
	u8 data[128];
	u32 bytes = make_packet(data, row, true);
	struct call call;

	put(rig, row);
	assert_int_equal(sendto(raw, data, bytes, 0, (const void *)&to, sizeof(to)), bytes);
	call = get(rig);
	for (u32 i = 0; i < 1000 && !call.seen; i++) {
		poll(NULL, 0, 1);
		call = get(rig);
	}
	if (!call.seen)
		fail_msg("%s > %s: no packet came in", row->src, row->dst);
	return call;
}

static struct call
run_local(const struct rig *rig, struct xb_skb *s, const struct row *row)
{
	const struct xb_skb_ctx ctx = { .ifindex = IN0, .at_ingress = true };
	struct xb_skb_in in = { .ctx = &ctx, .prog_type = BPF_PROG_TYPE_LWT_SEG6LOCAL };
	struct xb_skb_out out;
	u8 data[128];

	put(rig, row);
	in.data = data;
	in.bytes = make_packet(data, row, true);
	xb_skb_load(s, &in);
	xb_skb_run(s, backend_emu_prog(&rig->b, rig->local_prog), &out);
	if (out.fault)
		fail_msg("%s", out.fault->message);
	return get(rig);
}

static void
ask_all_tables(const struct rig *kernel, const struct rig *emu, struct failures *f)
{
	static const u32 tables[] = { 0, 100, 200, 253, 254, 255, 77 };
	int raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct xb_err err = XB_ERR_INIT;
	struct xb_skb *s = xb_skb_new(emu->b.emu, &(struct xb_skb_opts){ .vcpu = 0 }, &err);

	assert_true(raw >= 0 && s);
	for (u32 i = 0; i < XB_ARRAY_SIZE(dsts) * XB_ARRAY_SIZE(tables); i++) {
		const struct row row = { .dst = dsts[i / XB_ARRAY_SIZE(tables)],
			                 .src = srcs[i % 3],
			                 .ifindex = IN0,
			                 .flowinfo = i % 2 ? 0 : 0x01000000,
			                 .table = tables[i % XB_ARRAY_SIZE(tables)] };
		struct call want = send_in(kernel, raw, &row), is = run_local(emu, s, &row);

		compare(f, "END_T", &row, want.ret, is.ret);
		compare(f, "END_X", &row, want.ret_x, is.ret_x);
	}
	xb_skb_free(s);
	close(raw);
}

static void
test_many(void **state)
{
	const struct network *net = *state;
	struct failures f = { 0, 0, 0 };
	struct rig kernel, emu;
	bool has_kernel = network_open(net) && rig_open(&kernel, net, true);
	int ret;

	assert_true(rig_open(&emu, net, false));
	ask_all_rules(&kernel, &emu, has_kernel, &f);
	ret = has_kernel ? add_local_route(kernel.local_prog) : 0;
	if (ret)
		print_message("skipped: End.BPF: %s\n", strerror(-ret));
	else if (has_kernel)
		ask_all_tables(&kernel, &emu, &f);
	rig_close(&emu);
	if (has_kernel)
		rig_close(&kernel);
	print_message("%u routes, %u of them errors\n", f.calls, f.errors);
	if (f.cnt)
		fail_msg("%u routes differ", f.cnt);
}

int
main(void)
{
	struct network a = fib_plain, b = fib_ruled;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_many, &a),
		cmocka_unit_test_prestate(test_many, &b),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
