/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock_ops.c - SOCK_OPS programs at the points of a TCP connection's life, on the kernel and
 * in the emulator: what the context says, what the helpers return, and what they write.
 */
#include "emu/helper.h"
#include "tests/emu/sock_ops_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TCP_HEADER 20

static u32
word(const struct record *r, size_t off)
{
	u32 value;

	memcpy(&value, r->ctx + off, sizeof(value));
	return value;
}

#define WORD(r, field) word(r, offsetof(struct bpf_sock_ops, field))

/* Of a request, nothing but the context tells. */
static void
request_info(const struct record *r, struct bpf_sock *sk)
{
	sk->family = WORD(r, family);
	sk->type = SOCK_STREAM;
	sk->protocol = 6;
	sk->src_ip4 = WORD(r, local_ip4);
	sk->dst_ip4 = WORD(r, remote_ip4);
	memcpy(sk->src_ip6, r->ctx + offsetof(struct bpf_sock_ops, local_ip6), 16);
	memcpy(sk->dst_ip6, r->ctx + offsetof(struct bpf_sock_ops, remote_ip6), 16);
	sk->src_port = WORD(r, local_port);
	sk->dst_port = (u16)(WORD(r, remote_port) >> 16);
	sk->state = WORD(r, state);
}

/* The kernel's call again. */
static void
fill_in(const struct script *s, const struct record *r, struct xb_sock *sock,
        struct xb_sock_ops_in *in)
{
	struct xb_sock_info info = { .uapi = r->sk, .tcp = r->tcp, .cookie = r->cookie };

	if (s->request)
		request_info(r, &info.uapi);
	xb_sock_set(sock, &info);
	*in = (struct xb_sock_ops_in){ .op = WORD(r, op),
		                       .sock = sock,
		                       .cb_flags = WORD(r, bpf_sock_ops_cb_flags),
		                       .txhash = WORD(r, sk_txhash),
		                       .room = s->room };
	memcpy(in->args, r->ctx + offsetof(struct bpf_sock_ops, args), sizeof(in->args));
	in->packet = (struct xb_sock_ops_packet){ .header = r->header,
		                                  .header_bytes = r->header_bytes,
		                                  .len = WORD(r, skb_len),
		                                  .tcp_flags = (u16)WORD(r, skb_tcp_flags) };
	memcpy(&in->packet.hwtstamp, r->ctx + 216, sizeof(in->packet.hwtstamp));
	if (!in->packet.len && !in->packet.tcp_flags)
		in->packet.header = NULL;
}

#define MAC_HEADER 14

/*
 * The SYN, where the call can know it: with its MAC header, the loopback's, as long as it is
 * answered, without where it was saved.
 */
static void
fill_in_syn(const struct script *s, u8 *syn, u32 bytes, struct xb_sock_ops_in *in)
{
	u32 ip = s->v6 ? 40 : (syn[0] & 0xfu) * 4, mac = s->request ? MAC_HEADER : 0;

	if (!s->has_syn)
		return;
	assert_true(bytes > ip);
	memmove(syn + mac, syn, bytes);
	memset(syn, 0, mac);
	if (mac)
		memcpy(syn + mac - 2, s->v6 ? "\x86\xdd" : "\x08\x00", 2);
	in->syn_front = syn;
	in->syn_mac_bytes = mac;
	in->syn_ip_bytes = ip;
	in->syn = syn + mac + ip;
	in->syn_bytes = bytes - ip;
}

/* The options that the kernel's socket had. */
static void
give_options(const struct script *s, const struct record *r, struct xb_sock *sock)
{
	for (u32 i = 0; s->options && i < sock_ops_option_cnt; i++) {
		const struct option *o = &sock_ops_options[i];

		if (r->options[i].r0 == 0 &&
		    !xb_sockopt_give(sock, o->level, o->name, r->options[i].value))
			fail_msg("%s: option %d of level %d: none in the emulator", s->name,
			         o->name, o->level);
	}
	if (s->options)
		memcpy(sock->opts.congestion, r->congestion, sizeof(r->congestion));
}

static void
run_emulated(const struct script *s, const struct record *want, u8 *syn, u32 syn_bytes,
             struct record *is)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_sock_ops_out out;
	struct xb_sock_ops_in in;
	struct xb_sock_ops *ops;
	struct script_maps m;
	struct xb_sock *sock;
	struct backend b;
	const u32 key = 0;
	int prog;

	backend_open_emu(&b, xb_sock_ops_register);
	ops = xb_sock_ops_new(b.emu, 0, &err);
	sock = xb_sock_new(b.emu, &err);
	assert_true(ops && sock);
	script_maps_open(&b, &m);
	prog = script_prog(&b, s, &m);
	fill_in(s, want, sock, &in);
	give_options(s, want, sock);
	/* Listeners are bound to their address (cf. net/ipv6/af_inet6.c: __inet6_bind). */
	sock->v6only = s->v6 && (s->op == BPF_SOCK_OPS_TCP_LISTEN_CB ||
	                         s->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB);
	fill_in_syn(s, syn, syn_bytes, &in);
	assert_int_equal(xb_sock_ops_load(ops, &in, &err), 0);
	xb_sock_ops_run(ops, backend_emu_prog(&b, prog), &out);
	if (out.fault)
		fail_msg("%s: %s", s->name, out.fault->message);
	assert_int_equal(backend_lookup(&b, m.value, &key, is), 0);
	if (script_has_wire(s)) {
		is->wire_bytes = out.header_bytes;
		memcpy(is->wire, out.header, out.header_bytes);
	}
	close(prog);
	script_maps_close(&m);
	xb_sock_ops_free(ops);
	xb_sock_free(sock);
	backend_close(&b);
}

/* Everything that differs is said; how much that is. */
static u32
compare_steps(const struct script *s, const struct record *want, const struct record *is)
{
	u32 cnt = 0;

	for (u32 i = 0; i < s->step_cnt; i++) {
		const struct step *step = &s->steps[i];
		u32 a, b;

		if (want->steps[i].r0 == is->steps[i].r0 &&
		    !memcmp(want->steps[i].bytes, is->steps[i].bytes, STEP_BYTES))
			continue;
		cnt++;
		memcpy(&a, want->steps[i].bytes, sizeof(a));
		memcpy(&b, is->steps[i].bytes, sizeof(b));
		print_error("%s: step %u (%u, 0x%llx): kernel %lld, 0x%x...; emulator %lld, "
		            "0x%x...\n",
		            s->name, i, step->kind, (unsigned long long)step->flags,
		            (long long)want->steps[i].r0, a, (long long)is->steps[i].r0, b);
	}
	return cnt;
}

static u32
compare_options(const struct script *s, const struct option_seen *want,
                const struct option_seen *is, const char *when)
{
	u32 cnt = 0;

	for (u32 i = 0; i < sock_ops_option_cnt; i++) {
		if (want[i].r0 == is[i].r0 && want[i].value == is[i].value)
			continue;
		cnt++;
		print_error("%s: option %d of level %d %s: kernel %lld, %d; emulator %lld, %d\n",
		            s->name, sock_ops_options[i].name, sock_ops_options[i].level, when,
		            (long long)want[i].r0, want[i].value, (long long)is[i].r0, is[i].value);
	}
	return cnt;
}

/* When it is sent, a header gets what is in front of its options: its checksum. */
static void
forget_checksum(struct record *r)
{
	memset(r->wire, 0, TCP_HEADER);
}

/* Linux loads it from behind a request, whatever is there. */
static void
forget_rtt_min(struct record *r)
{
	memset(r->ctx + offsetof(struct bpf_sock_ops, rtt_min), 0, sizeof(u32));
}

static u32
compare(const struct script *s, const struct record *want, const struct record *is)
{
	const u8 *a = (const u8 *)want, *b = (const u8 *)is;
	u32 cnt = 0;

	for (u32 off = 0; off < sizeof(want->ctx); off += 4) {
		if (word(want, off) == word(is, off))
			continue;
		cnt++;
		print_error("%s: context, offset %u: kernel %x, emulator %x\n", s->name, off,
		            word(want, off), word(is, off));
	}
	cnt += compare_options(s, want->options, is->options, "at first");
	cnt += compare_steps(s, want, is);
	cnt += compare_options(s, want->options_after, is->options_after, "at last");
	for (size_t i = 0; i < sizeof(*want) && !cnt; i++) {
		if (a[i] == b[i])
			continue;
		cnt++;
		print_error("%s: byte %zu of what was seen: kernel %x, emulator %x\n", s->name, i,
		            a[i], b[i]);
	}
	return cnt;
}

/* What has to be put back, whatever happens. */
static struct fixture {
	struct backend kernel;
	struct own_cgroup cgroup;
	bool has_kernel, has_cgroup;
} fixture;

static int
setup(void **state)
{
	*state = &fixture;
	fixture.has_kernel = backend_open_kernel(&fixture.kernel);
	fixture.has_cgroup = fixture.has_kernel && own_cgroup_open(&fixture.cgroup);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (fixture.has_cgroup)
		own_cgroup_close(&fixture.cgroup);
	if (fixture.has_kernel)
		backend_close(&fixture.kernel);
	return 0;
}

static size_t
script_cnt(void)
{
	return (size_t)sock_ops_script_cnt + sock_ops_option_script_cnt;
}

static const struct script *
script_at(size_t i)
{
	return i < sock_ops_script_cnt ? &sock_ops_scripts[i]
	                               : &sock_ops_option_scripts[i - sock_ops_script_cnt];
}

static void
agrees(void **state)
{
	const struct fixture *f = *state;
	u32 cnt = 0;

	for (size_t i = 0; f->has_cgroup && i < script_cnt(); i++) {
		const struct script *s = script_at(i);
		static struct record want, is;
		u8 syn[SYN_MOST + MAC_HEADER];
		u32 syn_bytes;

		script_run_kernel(&f->kernel, &f->cgroup, s, &want, syn, &syn_bytes);
		if (!want.seen && s->timestamps) {
			print_message("skipped: %s: the kernel makes no such call\n", s->name);
			continue;
		}
		if (!want.seen)
			fail_msg("%s: the kernel does not call it", s->name);
		if (s->request)
			forget_rtt_min(&want);
		run_emulated(s, &want, syn, syn_bytes, &is);
		forget_checksum(&want);
		forget_checksum(&is);
		cnt += compare(s, &want, &is);
	}
	if (cnt)
		fail_msg("%u differences", cnt);
}

static void
mark_calls(const struct backend *b, const struct script *s, bool *called)
{
	const struct xb_bpf_prog *prog;
	struct script_maps m;
	int fd;

	script_maps_open(b, &m);
	fd = script_prog(b, s, &m);
	prog = backend_emu_prog(b, fd);
	for (u32 i = 0; i < prog->insn_cnt; i++)
		if (prog->insns[i].code == (BPF_JMP | BPF_CALL))
			called[prog->insns[i].imm] = true;
	close(fd);
	script_maps_close(&m);
}

/* Each helper that is made for these programs is called by a row. */
static void
every_row(void **state)
{
	bool called[XB_EMU_HELPER_MAX] = { false };
	struct backend b;

	(void)state;
	called[BPF_FUNC_get_netns_cookie] = true; /* test_sock_ops_ctx.c */
	backend_open_emu(&b, xb_sock_ops_register);
	for (size_t i = 0; i < script_cnt(); i++)
		mark_calls(&b, script_at(i), called);
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		const struct xb_helper *row = xb_helper_find(b.emu, id, BPF_PROG_TYPE_SOCK_OPS);

		if (row && row->prog_types == XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SOCK_OPS) &&
		    !called[id])
			fail_msg("no row calls bpf_%s", row->name);
	}
	backend_close(&b);
}

/* Headers that nobody gave are no success: a fault that says so. */
static void
unknown_syn(void **state)
{
	static const struct script s = { .name = "a SYN without its IP header",
		                         .op = BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB,
		                         .steps = { { GETOPT, 16, 6ull << 32 | 1006, { 0 } } },
		                         .step_cnt = 1 };
	const u8 syn[20] = { 0, 1 };
	struct xb_sock_ops_in in = { .op = s.op, .syn = syn, .syn_bytes = sizeof(syn) };
	struct xb_sock_info info = { .uapi = { .family = AF_INET, .state = BPF_TCP_ESTABLISHED } };
	struct xb_err err = XB_ERR_INIT;
	struct xb_sock_ops_out out;
	struct xb_sock_ops *ops;
	struct script_maps m;
	struct backend b;
	int prog;

	(void)state;
	backend_open_emu(&b, xb_sock_ops_register);
	ops = xb_sock_ops_new(b.emu, 0, &err);
	in.sock = xb_sock_new(b.emu, &err);
	assert_true(ops && in.sock);
	xb_sock_set(in.sock, &info);
	script_maps_open(&b, &m);
	prog = script_prog(&b, &s, &m);
	assert_int_equal(xb_sock_ops_load(ops, &in, &err), 0);
	xb_sock_ops_run(ops, backend_emu_prog(&b, prog), &out);
	assert_non_null(out.fault);
	assert_int_equal(out.fault->kind, XB_FAULT_NOT_EMULATED);
	assert_non_null(strstr(out.fault->message, "IP header of the SYN"));
	close(prog);
	script_maps_close(&m);
	xb_sock_free(in.sock);
	xb_sock_ops_free(ops);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(agrees, setup, teardown),
		cmocka_unit_test(every_row),
		cmocka_unit_test(unknown_syn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
