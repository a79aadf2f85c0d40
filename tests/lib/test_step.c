/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs run at once on one machine and by single steps on another: registers, packets, memory
 * and maps are the same after each packet.
 *
 *   test_step PROGS
 */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_BYTES (1u << 20) /* of a region that is looked at, and of a value */

/* clang-format off */
static const char *const xdp_objects[] = {
	"arith", "atomics", "balancer", "checksum", "conntrack", "dns", "each", "firewall", "five_tuple",
	"globals", "guarded", "headroom", "icmp_echo", "ipip_encap", "loop", "meta", "nat", "percpu",
	"queue", "rate_limit", "ringbuf", "router", "spin_lock", "subprog", "tail_call", "vlan_push",
};
static const char *const tc_objects[] = { "tc/act", "tc/classes", "tc/csum", "tc/marks", "tc/stages", "tc/vlan_tag" };

/* A UDP packet of DNS, an ICMP echo, and IPv6. */
static const char *const packets[] = {
	"02000000000102000000000208004500002c00000000401138a6c0000201c00002020035003500180000"
	"123401000001000000000000016100000100010000000000",
	"0200000000010200000000020800450000280000000040013abac0000201c00002020800f7ff0000000000000000"
	"0000000000000000",
	"02000000000102000000000286dd6000000000081140fd000000000000000000000000000001fd0000000000000000"
	"0000000000000203e8003500080000",
};
/* clang-format on */

static uint8_t *buffers[2];

/* Every object of a region has the same bytes. */
static uint32_t
compare_region(struct xb_machine *const m[2], const struct xb_memory_info *region)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_memory_info a, b;
	uint32_t objects = 0;

	for (uint64_t at = region->gaddr; at < region->gaddr + region->bytes; at += 8) {
		bool here = xb_machine_lookup(m[0], at, &a) == 0;

		assert_int_equal(here, xb_machine_lookup(m[1], at, &b) == 0);
		if (!here || a.opaque || !(a.access & XB_ACCESS_READ))
			continue;
		assert_int_equal(a.object_gaddr, b.object_gaddr);
		assert_int_equal(a.object_bytes, b.object_bytes);
		assert_true(a.object_bytes <= MOST_BYTES);
		for (int i = 0; i < 2; i++)
			assert_int_equal(xb_machine_read(m[i], a.object_gaddr, buffers[i],
			                                 a.object_bytes, &err),
			                 0);
		if (memcmp(buffers[0], buffers[1], a.object_bytes) != 0)
			fail_msg("%s at 0x%llx", a.name, (unsigned long long)a.object_gaddr);
		at = (a.object_gaddr + a.object_bytes - 1) & ~7ull;
		objects++;
	}
	return objects;
}

static uint32_t
compare_memory(struct xb_machine *const m[2])
{
	struct xb_memory_info a, b;
	uint32_t objects = 0;

	for (uint64_t at = 0; xb_machine_next_region(m[0], at, &a) == 0; at = a.gaddr + a.bytes) {
		assert_int_equal(xb_machine_next_region(m[1], at, &b), 0);
		assert_int_equal(a.gaddr, b.gaddr);
		assert_int_equal(a.bytes, b.bytes);
		assert_string_equal(a.name, b.name);
		if (a.bytes <= MOST_BYTES)
			objects += compare_region(m, &a);
	}
	return objects;
}

/* The same keys, in the same order, with the same values. */
static uint32_t
compare_map(struct xb_linux_map *const map[2])
{
	static uint8_t keys[2][4096], last[4096];
	struct xb_linux_map_info info;
	const void *after = NULL;
	uint32_t cnt = 0;

	xb_linux_map_get_info(map[0], &info);
	while (info.value_bytes <= MOST_BYTES && cnt < 1000) {
		int rc = xb_linux_map_next_key(map[0], after, keys[0]);

		assert_int_equal(xb_linux_map_next_key(map[1], after, keys[1]), rc);
		if (rc != 0)
			break;
		assert_memory_equal(keys[0], keys[1], info.key_size);
		for (int i = 0; i < 2; i++) {
			memset(buffers[i], 0, info.value_bytes);
			if (xb_linux_map_lookup(map[i], keys[i], buffers[i], 0) != 0)
				buffers[i][0] = 0xee;
		}
		if (memcmp(buffers[0], buffers[1], info.value_bytes) != 0)
			fail_msg("map '%s'", info.name);
		memcpy(last, keys[0], info.key_size);
		after = last;
		cnt++;
	}
	return cnt;
}

static uint32_t
compare_maps(struct xb_machine *const m[2])
{
	uint32_t cnt = 0;

	for (uint32_t id = 1; id < 64; id++) {
		struct xb_linux_map *map[2];

		for (int i = 0; i < 2; i++)
			map[i] = xb_linux_map_by_id(xb_linux_of(m[i]), id);
		assert_int_equal(map[0] != NULL, map[1] != NULL);
		if (map[0])
			cnt += compare_map(map);
		xb_linux_map_close(map[0]);
		xb_linux_map_close(map[1]);
	}
	return cnt;
}

static void
compare_processes(struct xb_process *const p[2])
{
	const uint8_t *data[2];
	struct kit_out out[2];
	size_t bytes[2];
	uint64_t reg[2];

	memset(out, 0, sizeof(out));
	for (int i = 0; i < 2; i++)
		out[i] = kit_out(p[i]);
	assert_int_equal(out[0].status, out[1].status);
	assert_int_equal(out[0].r0, out[1].r0);
	assert_int_equal(out[0].insns, out[1].insns);
	assert_string_equal(out[0].message, out[1].message);
	assert_int_equal(xb_process_pc(p[0]), xb_process_pc(p[1]));
	for (uint32_t r = 0; r <= 10; r++) {
		for (int i = 0; i < 2; i++)
			assert_int_equal(xb_process_reg(p[i], r, &reg[i]), 0);
		assert_int_equal(reg[0], reg[1]);
	}
	for (int i = 0; i < 2; i++)
		assert_true(xb_process_packet(p[i], &data[i], &bytes[i]));
	assert_int_equal(bytes[0], bytes[1]);
	assert_memory_equal(data[0], data[1], bytes[0]);
}

/* The object's last program, which is the one that starts what there is of several. */
static struct xb_program *
last_program(struct xb_machine *m)
{
	struct xb_program *p = NULL, *next;

	while ((next = xb_machine_next_program(m, p)) != NULL)
		p = next;
	return p;
}

static void
check_packet(struct xb_machine *const m[2], const char *type, const char *packet)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c;
	struct xb_process *p[2];
	char json[1024];

	snprintf(json, sizeof(json), "{\"type\":\"%s\",\"ctx\":{\"packet_hex\":\"%s\"}}", type,
	         packet);
	c = kit_context(json);
	for (int i = 0; i < 2; i++) {
		p[i] = xb_process_new(m[i], last_program(m[i]), c, NULL, &err);
		if (!p[i])
			fail_msg("%s", err.msg);
	}
	xb_process_run(p[0], NULL);
	while (xb_process_step(p[1]) == XB_PROCESS_RUNNING)
		;
	compare_processes(p);
	assert_true(compare_memory(m) > 1);
	for (int i = 0; i < 2; i++)
		xb_process_free(p[i]);
	xb_context_free(c);
}

static void
check_object(const char *dir, const char *name, const char *type)
{
	struct xb_machine *m[2] = { kit_linux(), kit_linux() }, *first = kit_linux();
	uint32_t elems = 0;

	/* libbpf tries once in a process what the kernel can do, by loading things that take room.
	 */
	kit_load_object(first, dir, name);
	xb_machine_free(first);
	for (int i = 0; i < 2; i++)
		kit_load_object(m[i], dir, name);
	for (size_t i = 0; i < XB_ARRAY_SIZE(packets); i++) {
		check_packet(m, type, packets[i]);
		elems += compare_maps(m);
	}
	print_message("%s: %u elements\n", name, elems);
	for (int i = 0; i < 2; i++)
		xb_machine_free(m[i]);
}

static void
test_step(void **state)
{
	for (int i = 0; i < 2; i++)
		buffers[i] = calloc(1, MOST_BYTES);
	for (size_t i = 0; i < XB_ARRAY_SIZE(xdp_objects); i++)
		check_object(*state, xdp_objects[i], "xdp_md");
	for (size_t i = 0; i < XB_ARRAY_SIZE(tc_objects); i++)
		check_object(*state, tc_objects[i], "sk_buff");
	for (int i = 0; i < 2; i++)
		free(buffers[i]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_step, argc > 1 ? argv[1] : NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
