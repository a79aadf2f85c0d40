/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock_own.c - the test's own sockets, looked up by programs of its test runs: in the emulator
 * as it is under `xdpbench exec` and, where it is permitted, by the kernel. All are on loopback.
 */
#define XB_INSN_BRACES
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

/* The sockets: a server, and one connected to it; closed ones last. */
enum which { TCP_SERVER, TCP_CLIENT, UDP_SERVER, UDP_CLIENT, CLOSED, WHICH_CNT };

struct own {
	int fds[WHICH_CNT];
	struct sockaddr_in addrs[WHICH_CNT], peers[WHICH_CNT];
};

static const struct row {
	const char *name;
	u32 helper;
	enum which to; /* the packet goes to its address, from its peer's */
	bool stranger; /* but from another port than that */
	u32 want;      /* the socket's state, or 0 */
} rows[] = {
	{ "TCP listener", BPF_FUNC_skc_lookup_tcp, TCP_SERVER, .want = BPF_TCP_LISTEN },
	{ "TCP listener, a full socket", BPF_FUNC_sk_lookup_tcp, TCP_SERVER,
	  .want = BPF_TCP_LISTEN },
	{ "TCP connection", BPF_FUNC_skc_lookup_tcp, TCP_CLIENT, .want = BPF_TCP_ESTABLISHED },
	{ "TCP connection, another's packet", BPF_FUNC_skc_lookup_tcp, TCP_CLIENT,
	  .stranger = true },
	{ "TCP port, looked up by UDP", BPF_FUNC_sk_lookup_udp, TCP_SERVER, .want = 0 },
	{ "UDP server", BPF_FUNC_sk_lookup_udp, UDP_SERVER, .want = BPF_TCP_CLOSE },
	{ "UDP connection", BPF_FUNC_sk_lookup_udp, UDP_CLIENT, .want = BPF_TCP_ESTABLISHED },
	{ "UDP connection, another's packet", BPF_FUNC_sk_lookup_udp, UDP_CLIENT,
	  .stranger = true },
	{ "closed", BPF_FUNC_sk_lookup_udp, CLOSED, .want = 0 },
};

static int
open_sock(struct own *own, enum which which, int type)
{
	struct sockaddr_in *addr = &own->addrs[which];
	socklen_t bytes = sizeof(*addr);
	int fd = socket(AF_INET, type, 0);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)addr, bytes), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)addr, &bytes), 0);
	own->peers[which] = *addr;
	own->fds[which] = fd;
	return fd;
}

static void
join(struct own *own, enum which client, enum which server)
{
	own->peers[client] = own->addrs[server];
	assert_int_equal(connect(own->fds[client], (struct sockaddr *)&own->addrs[server],
	                         sizeof(struct sockaddr_in)),
	                 0);
}

static void
open_all(struct own *own)
{
	assert_int_equal(listen(open_sock(own, TCP_SERVER, SOCK_STREAM), 4), 0);
	open_sock(own, TCP_CLIENT, SOCK_STREAM);
	join(own, TCP_CLIENT, TCP_SERVER);
	open_sock(own, UDP_SERVER, SOCK_DGRAM);
	open_sock(own, UDP_CLIENT, SOCK_DGRAM);
	join(own, UDP_CLIENT, UDP_SERVER);
	close(open_sock(own, CLOSED, SOCK_DGRAM));
}

static void
close_all(const struct own *own)
{
	for (int i = 0; i < CLOSED; i++)
		close(own->fds[i]);
}

/* Returns the state of what is found. */
static int
load(const struct backend *b, const struct own *own, const struct row *row)
{
	const struct sockaddr_in *to = &own->addrs[row->to], *from = &own->peers[row->to];
	u16 sport = row->stranger ? (u16)~from->sin_port : from->sin_port;
	const struct bpf_insn insns[] = {
		XB_ST_MEM(BPF_W, 10, -16, (s32)from->sin_addr.s_addr),
		XB_ST_MEM(BPF_W, 10, -12, (s32)to->sin_addr.s_addr),
		XB_ST_MEM(BPF_W, 10, -8, (s32)(sport | (u32)to->sin_port << 16)),
		XB_MOV64_REG(2, 10),
		XB_ALU64_IMM(BPF_ADD, 2, -16),
		XB_MOV64_IMM(3, 12),
		XB_MOV64_IMM(4, -1),
		XB_MOV64_IMM(5, 0),
		XB_CALL(row->helper),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 4),
		XB_LDX_MEM(BPF_W, 6, 0, offsetof(struct bpf_sock, state)),
		XB_MOV64_REG(1, 0),
		XB_CALL(BPF_FUNC_sk_release),
		XB_MOV64_REG(0, 6),
		XB_EXIT(),
	};

	return backend_prog(b, &(struct backend_prog){ .insns = insns,
	                                               .insn_cnt = XB_ARRAY_SIZE(insns),
	                                               .type = BPF_PROG_TYPE_SCHED_CLS });
}

static u32
check_rows(const struct backend *b, const struct own *own)
{
	u32 bad = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		int prog = load(b, own, &rows[i]);
		u8 packet[60] = { 0 };
		union bpf_attr attr;
		long ret;

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (u32)prog;
		attr.test.data_in = (uintptr_t)packet;
		attr.test.data_size_in = sizeof(packet);
		ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
		close(prog);
		if (ret == 0 && attr.test.retval == rows[i].want)
			continue;
		print_error("%s: %s: %ld, state %u, not %u\n", b->name, rows[i].name, ret,
		            attr.test.retval, rows[i].want);
		bad++;
	}
	return bad;
}

static void
test_sock_own(void **state)
{
	struct backend emu, kernel;
	struct own own;
	u32 bad;

	(void)state;
	open_all(&own);
	backend_open_emu(&emu, xb_skb_register);
	emu.emu->own_task = true;
	bad = check_rows(&emu, &own);
	backend_close(&emu);
	if (backend_open_kernel(&kernel)) {
		bad += check_rows(&kernel, &own);
		backend_close(&kernel);
	}
	close_all(&own);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sock_own) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
