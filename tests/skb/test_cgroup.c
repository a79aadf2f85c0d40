/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cgroup.c - who a packet belongs to: bpf_skb_cgroup_id, bpf_skb_ancestor_cgroup_id,
 * bpf_skb_under_cgroup, bpf_get_cgroup_classid, bpf_skb_cgroup_classid, bpf_get_route_realm.
 */
#include "tests/skb/direct.h"

#include "emu/map.h"
#include "tests/rig/cgroup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ID           CALL(skb_cgroup_id, CTX)
#define ANCESTOR(l)  CALL(skb_ancestor_cgroup_id, CTX, IMM(l))
#define UNDER(index) CALL(skb_under_cgroup, CTX, MAP(CGROUPS), IMM(index))
#define TASK_CLASS   CALL(get_cgroup_classid, CTX)
#define SOCK_CLASS   CALL(skb_cgroup_classid, CTX)
#define REALM        CALL(get_route_realm, CTX)
#define TUNNEL       CALL(skb_set_tunnel_key, CTX, BUF(0), IMM(8), IMM(0))

#define ROOT  1
#define FIRST 0 /* a map's slots */
#define EMPTY 1

/* clang-format off */
static const struct skb_case cases[] = {
	{ "ancestor: root", TCP4, .script = STEPS({ ANCESTOR(0), .want = ROOT }, { ANCESTOR(1ull << 32), .want = ROOT }) },
	{ "ancestor: too deep", TCP4, .script = STEPS({ ANCESTOR(100) }, { ANCESTOR(0x7fffffff) }) },
	{ "ancestor: negative", TCP4, .script = STEPS({ ANCESTOR(-1) }, { ANCESTOR(0x80000000ll) }) },
	{ "under: empty slot", TCP4, .script = STEPS({ UNDER(EMPTY), .want = -EAGAIN }, { UNDER(3), .want = -EAGAIN }) },
	{ "under: past the map", TCP4, .script = STEPS({ UNDER(4), .want = -E2BIG }, { UNDER(-1), .want = -E2BIG }) },
	{ "under: of another map", TCP4, .script = STEPS({ CALL(skb_under_cgroup, CTX, MAP(ARRAY), IMM(0)) }), .load = -EINVAL },
	{ "under: of a perf event array", TCP4, .script = STEPS({ CALL(skb_under_cgroup, CTX, MAP(PERF), IMM(0)) }), .load = -EINVAL },
	{ "under: no map", TCP4, .script = STEPS({ CALL(skb_under_cgroup, CTX, IMM(0), IMM(0)) }), .load = -EACCES },
	{ "lookup in a cgroup array", TCP4, PRESET(0, 0, 0, 0), .script = STEPS({ CALL(map_lookup_elem, MAP(CGROUPS), BUF(0)) }), .load = -EINVAL },
	{ "update of a cgroup array", TCP4, PRESET(0, 0, 0, 0), .script = STEPS({ CALL(map_update_elem, MAP(CGROUPS), BUF(0), BUF(4), IMM(0)) }), .load = -EINVAL },
	{ "deletion in a cgroup array", TCP4, PRESET(0, 0, 0, 0), .script = STEPS({ CALL(map_delete_elem, MAP(CGROUPS), BUF(0)) }), .load = -EINVAL },
	{ "classes", TCP4, .script = STEPS({ TASK_CLASS }, { SOCK_CLASS }, { REALM }) },
	{ "realm of a tunnel", TCP4, .script = STEPS({ TUNNEL }, { REALM }) },
	{ "action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { ANCESTOR(0), .want = ROOT }, { UNDER(EMPTY), .want = -EAGAIN }, { TASK_CLASS }, { SOCK_CLASS }, { REALM } } } },
	{ "no licence", TCP4, .script = { .proprietary = true, .steps = { { ID, UNLIKE }, { ANCESTOR(0), .want = ROOT }, { UNDER(EMPTY), .want = -EAGAIN }, { TASK_CLASS }, { SOCK_CLASS }, { REALM } } } },
	{ "id: NULL", TCP4, .script = STEPS({ CALL(skb_cgroup_id, IMM(0)) }), .load = -EACCES },
};

/* Where the test's own process, whose cgroup the socket gets, is in the root. */
static const struct skb_case root_cases[] = {
	{ "id", TCP4, .script = STEPS({ ID, .want = ROOT }) },
	{ "ancestor: one level down", TCP4, .script = STEPS({ ANCESTOR(1) }, { ANCESTOR(2) }) },
	{ "under: root", TCP4, .script = STEPS({ UNDER(FIRST), .want = 1 }, { UNDER(1ull << 32), .want = 1 }) },
	{ "root, action", ARP, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { ID, .want = ROOT }, { UNDER(FIRST), .want = 1 } } } },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

static void
test_root(void **state)
{
	(void)state;
	if (!cgroup2_in_root()) {
		print_message("skipped: this process is not in the root cgroup\n");
		skip();
	}
	skb_cases(root_cases, XB_ARRAY_SIZE(root_cases));
}

#define SOCK(id, level, ...)                                                                       \
	{                                                                                          \
		.uapi = { .state = BPF_TCP_ESTABLISHED }, .cgroup_id = (id),                       \
		.cgroup_level = (level), .cgroup_classid = 0x10002, .cgroup_above = {              \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* Sockets in other cgroups, on the emulator alone. */
static const struct sock_row {
	const char *name;
	enum xb_skb_sock_kind kind;
	struct xb_sock_info sock;
	u64 slot; /* the cgroup in FIRST */
	struct script script;
} socks[] = {
	/* clang-format off */
	{ "no socket", XB_SKB_SOCK_NONE, SOCK(50, 3, 10, 20), ROOT, STEPS({ ID }, { ANCESTOR(0) }, { ANCESTOR(3) }, { UNDER(FIRST), .want = -ENOENT }, { UNDER(99), .want = -ENOENT }, { SOCK_CLASS }) },
	{ "time-wait", XB_SKB_SOCK_GIVEN, { .uapi = { .state = BPF_TCP_TIME_WAIT }, .cgroup_id = 50, .cgroup_classid = 7 }, 50, STEPS({ ID }, { ANCESTOR(0) }, { UNDER(FIRST), .want = -ENOENT }, { SOCK_CLASS }) },
	{ "root", XB_SKB_SOCK_GIVEN, SOCK(ROOT, 0, 0), ROOT, STEPS({ ID, .want = ROOT }, { ANCESTOR(0), .want = ROOT }, { ANCESTOR(1) }, { UNDER(FIRST), .want = 1 }, { SOCK_CLASS, .want = 0x10002 }) },
	{ "level 1", XB_SKB_SOCK_GIVEN, SOCK(10, 1, 0), ROOT, STEPS({ ID, .want = 10 }, { ANCESTOR(0), .want = ROOT }, { ANCESTOR(1), .want = 10 }, { ANCESTOR(2) }, { UNDER(FIRST), .want = 1 }) },
	{ "level 3", XB_SKB_SOCK_GIVEN, SOCK(0x500000030ull, 3, 10, 20), 20, STEPS({ ID, .want = 0x500000030ll }, { ANCESTOR(0), .want = ROOT }, { ANCESTOR(1), .want = 10 }, { ANCESTOR(2), .want = 20 }, { ANCESTOR(3), .want = 0x500000030ll }, { ANCESTOR(4) }, { ANCESTOR(-1) }, { UNDER(FIRST), .want = 1 }) },
	{ "under itself", XB_SKB_SOCK_GIVEN, SOCK(30, 3, 10, 20), 30, STEPS({ UNDER(FIRST), .want = 1 }) },
	{ "under its parent", XB_SKB_SOCK_GIVEN, SOCK(30, 3, 10, 20), 10, STEPS({ UNDER(FIRST), .want = 1 }) },
	{ "not under another", XB_SKB_SOCK_GIVEN, SOCK(30, 3, 10, 20), 40, STEPS({ UNDER(FIRST) }) },
	{ "not under one at its level", XB_SKB_SOCK_GIVEN, SOCK(30, 3, 10, 20, 40), 40, STEPS({ UNDER(FIRST) }, { ANCESTOR(3), .want = 30 }) },
	{ "deeper than is known", XB_SKB_SOCK_GIVEN, SOCK(99, 10, 1, 2, 3, 4, 5, 6, 7, 8), 8, STEPS({ ANCESTOR(8), .want = 8 }, { ANCESTOR(9) }, { ANCESTOR(10), .want = 99 }, { ANCESTOR(11) }, { UNDER(FIRST), .want = 1 }) },
	/* clang-format on */
};

static void
test_socks(void **state)
{
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];
	u32 bytes = packet_build(TCP4, data);
	struct xb_map *map = backend_emu_map(&d->rig.b, maps_get(&d->rig.maps, CGROUPS));

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(socks); i++) {
		const struct xb_skb_ctx ctx = { .ifindex = 1,
			                        .sock_kind = socks[i].kind,
			                        .sock = socks[i].sock };
		const struct direct_run run = { .in = { .data = data, .bytes = bytes, .ctx = &ctx },
			                        .script = &socks[i].script };

		assert_int_equal(xb_cgroup_array_set(map, FIRST, socks[i].slot), 0);
		direct_run(d, &run);
		direct_check(d, socks[i].name, run.script);
	}
	direct_free(d);
}

/* Of the task, and of the route; a tunnel's metadata takes the place of that. */
static void
test_classes(void **state)
{
	static const struct script script =
	        STEPS({ TASK_CLASS, .want = 0x20003 }, { REALM, .want = 0x30004 }, { SOCK_CLASS },
	              { TUNNEL }, { REALM }, { TASK_CLASS, .want = 0x20003 });
	const struct xb_skb_ctx ctx = { .ifindex = 1,
		                        .sock_kind = XB_SKB_SOCK_NONE,
		                        .cgroup_classid = 0x20003,
		                        .route_realm = 0x30004 };
	struct direct *d = direct_new();

	(void)state;
	direct_on_tcp4(d, "classes", &script, &ctx);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_socks),
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests_name("skb cgroup", tests, NULL, NULL);
}
