/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that the machine's owner maps: a region of the machine's, a buffer of the caller's, and
 * memory whose loads and stores the host does itself; by programs, by helpers, and from outside.
 */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RW (XB_ACCESS_READ | XB_ACCESS_WRITE)

/* R1 is the address of what is mapped, the rest as said. */
#define WITH(gaddr, ...) XB_LD_IMM64(1, gaddr), XB_MOV64_IMM(0, 0), __VA_ARGS__, XB_EXIT()

static uint64_t
map(struct xb_machine *m, struct xb_memory_opts opts)
{
	struct xb_err err = XB_ERR_INIT;
	uint64_t gaddr = 0;

	opts.size = sizeof(opts);
	if (xb_machine_map(m, &opts, &gaddr, &err) != 0)
		fail_msg("%s", err.msg);
	return gaddr;
}

/* Device registers: eight of eight bytes, of which the last is broken. */
struct device {
	uint64_t regs[8];
	uint32_t loads, stores, unmapped;
	uint64_t off;
	uint32_t bytes;
};

static int
device_load(void *arg, uint64_t off, uint32_t bytes, uint64_t *value)
{
	struct device *d = arg;

	d->loads++;
	d->off = off;
	d->bytes = bytes;
	if (off >= 56)
		return EIO;
	*value = 0;
	memcpy(value, (const char *)d->regs + off, bytes);
	return 0;
}

static int
device_store(void *arg, uint64_t off, uint32_t bytes, uint64_t value)
{
	struct device *d = arg;

	d->stores++;
	if (off >= 56)
		return -EIO; /* either sign will do */
	memcpy((char *)d->regs + off, &value, bytes);
	return 0;
}

static void
device_unmap(void *arg)
{
	struct device *d = arg;

	d->unmapped++;
}

static const struct xb_memory_ops device_ops = { device_load, device_store, device_unmap };
static const struct xb_memory_ops load_ops = { .load = device_load };
static const struct xb_memory_ops store_ops = { .store = device_store };

static uint64_t
map_device(struct xb_machine *m, struct device *d, const struct xb_memory_ops *ops)
{
	return map(m, (struct xb_memory_opts){
	                      .name = "device", .bytes = 64, .access = RW, .ops = ops, .arg = d });
}

/* Options. */
static void
test_opts(void **state)
{
	static char buffer[8];
	const struct {
		const char *name;
		struct xb_memory_opts opts;
		const char *error;
	} rows[] = {
		{ "no bytes", { .access = RW }, "memory of no bytes" },
		{ "no access", { .bytes = 8 }, "memory is to read, or to read and write" },
		{ "write alone",
		  { .bytes = 8, .access = XB_ACCESS_WRITE },
		  "memory is to read, or to read and write" },
		{ "more access",
		  { .bytes = 8, .access = 5 },
		  "memory is to read, or to read and write" },
		{ "buffer and functions",
		  { .bytes = 8, .access = RW, .buffer = buffer, .ops = &device_ops },
		  "memory is a buffer or has functions, not both" },
		{ "a low buffer",
		  { .bytes = 8, .access = RW, .buffer = buffer, .low = true },
		  "a buffer's address cannot be asked to fit into 32 bits" },
		{ "all there is",
		  { .bytes = UINT64_MAX, .access = RW },
		  "memory: 18446744073709551615 bytes of guest memory: Cannot allocate memory" },
		{ "more than 32 bits have",
		  { .name = "big", .bytes = 1ull << 32, .access = RW, .low = true },
		  "big: 4294967296 bytes of guest memory: Cannot allocate memory" },
		{ "a buffer of all there is",
		  { .bytes = UINT64_MAX, .access = RW, .buffer = buffer },
		  "memory: 18446744073709551615 bytes of guest memory: Cannot allocate memory" },
	};
	struct xb_machine *m = kit_machine(NULL);
	struct xb_memory_info info;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_memory_opts opts = rows[i].opts;
		struct xb_err err = XB_ERR_INIT;
		uint64_t gaddr = 77;

		print_message("%s\n", rows[i].name);
		assert_int_equal(xb_machine_map(m, &opts, &gaddr, &err), -1);
		assert_string_equal(err.msg, "memory: size is not set");
		opts.size = sizeof(opts);
		assert_int_equal(xb_machine_map(m, &opts, &gaddr, &err), -1);
		assert_string_equal(err.msg, rows[i].error);
		assert_int_equal(gaddr, 77);
		assert_int_equal(xb_machine_next_region(m, 0, &info), -1);
	}
	xb_machine_free(m);
}

/* Exactly so many bytes, for loads and for stores, and nothing beside them. */
static void
check_edges(struct xb_machine *m, uint64_t gaddr, int bytes, bool writable)
{
	struct kit_out out;

	for (int off = -9; off < bytes + 9; off++) {
		for (int width = 1; width <= 8; width *= 2) {
			const int code = width == 1   ? BPF_B
			                 : width == 2 ? BPF_H
			                 : width == 4 ? BPF_W
			                              : BPF_DW;
			bool inside = off >= 0 && off + width <= bytes;

			out = KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(code, 0, 1, off)));
			assert_int_equal(out.kind, inside ? XB_FAULT_NONE : XB_FAULT_OOB_READ);
			out = KIT_RUN(m, WITH(gaddr, XB_ST_MEM(code, 1, off, 0)));
			if (inside)
				assert_int_equal(out.kind,
				                 writable ? XB_FAULT_NONE : XB_FAULT_READ_ONLY);
			else
				assert_true(out.kind == XB_FAULT_OOB_WRITE ||
				            out.kind == XB_FAULT_READ_ONLY);
		}
	}
}

static void
test_edges(void **state)
{
	static char buffer[40];
	static struct device device;
	struct xb_machine *m = kit_machine(NULL);

	(void)state;
	for (int bytes = 1; bytes <= 17; bytes += 4) {
		struct xb_memory_opts opts = { .bytes = (uint64_t)bytes, .access = RW };

		check_edges(m, map(m, opts), bytes, true);
		opts.buffer = buffer;
		check_edges(m, map(m, opts), bytes, true);
		opts.access = XB_ACCESS_READ;
		check_edges(m, map(m, opts), bytes, false);
		opts.buffer = NULL;
		check_edges(m, map(m, opts), bytes, false);
		opts.ops = &device_ops;
		opts.arg = &device;
		check_edges(m, map(m, opts), bytes, false);
		opts.access = RW;
		check_edges(m, map(m, opts), bytes, true);
	}
	xb_machine_free(m);
}

/* The machine's own: zeroed, the host's too, and zeroed again where it is mapped again. */
static void
test_own(void **state)
{
	const struct xb_memory_opts opts = { .name = "table", .bytes = 100, .access = RW };
	struct xb_machine *m = kit_machine(NULL);
	struct xb_err err = XB_ERR_INIT;
	uint64_t gaddr = map(m, opts), low, again;
	uint8_t zeros[100] = { 0 };
	uint8_t *host = xb_machine_host(m, gaddr, 100);

	(void)state;
	assert_non_null(host);
	assert_memory_equal(host, zeros, 100);
	host[99] = 9;
	KIT_EXPECT_EXIT(9, KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(BPF_B, 0, 1, 99),
	                                   XB_ST_MEM(BPF_W, 1, 4, 0x11223344))));
	assert_memory_equal(host + 4, "\x44\x33\x22\x11", 4);
	assert_null(xb_machine_host(m, gaddr, 101));
	assert_null(xb_machine_host(m, gaddr - 1, 2));
	assert_ptr_equal(xb_machine_host(m, gaddr + 99, 1), host + 99);
	assert_null(xb_machine_host(m, 0, 1));
	assert_null(xb_machine_host(m, UINT64_MAX, 8));
	low = map(m, (struct xb_memory_opts){ .bytes = 8, .access = RW, .low = true });
	assert_true(low < 1ull << 32);
	assert_int_equal(xb_machine_unmap(m, gaddr + 4, &err), -1);
	assert_non_null(strstr(err.msg, "nothing was mapped at 0x"));
	assert_int_equal(xb_machine_unmap(m, gaddr, &err), 0);
	assert_int_equal(xb_machine_unmap(m, gaddr, &err), -1);
	assert_null(xb_machine_host(m, gaddr, 1));
	assert_int_equal(KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(BPF_B, 0, 1, 99))).kind,
	                 XB_FAULT_OOB_READ);
	again = map(m, opts);
	assert_memory_equal(xb_machine_host(m, again, 100), zeros, 100);
	xb_machine_free(m);
}

static void
test_buffer(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	uint64_t buffer[3] = { 1, 2, 3 };
	uint64_t gaddr =
	        map(m, (struct xb_memory_opts){
	                       .name = "buffer", .bytes = 20, .access = RW, .buffer = buffer });
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	KIT_EXPECT_EXIT(2, KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(BPF_DW, 0, 1, 8),
	                                   XB_ST_MEM(BPF_DW, 1, 0, -5))));
	assert_int_equal(buffer[0], (uint64_t)-5);
	KIT_EXPECT_EXIT((uint64_t)-5, KIT_RUN(m, WITH(gaddr, XB_LDX_MEMSX(BPF_W, 0, 1, 0))));
	buffer[1] = 50;
	KIT_EXPECT_EXIT(50, KIT_RUN(m, WITH(gaddr, XB_MOV64_IMM(0, 7),
	                                    XB_ATOMIC(BPF_DW, BPF_ADD | BPF_FETCH, 1, 0, 8))));
	assert_int_equal(buffer[1], 57);
	KIT_EXPECT_FAULT(OOB_READ, "1 byte past the end of buffer (20 bytes)",
	                 KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(BPF_DW, 0, 1, 16))));
	assert_null(xb_machine_host(m, gaddr, 8));
	assert_int_equal(xb_machine_unmap(m, gaddr, &err), 0);
	assert_int_equal(buffer[2], 3);
	xb_machine_free(m);
}

static void
test_device(void **state)
{
	struct device d = { .regs = { 0x1122334455667788, 2, 3, -4ull }, .loads = 0 };
	struct xb_machine *m = kit_machine(NULL);
	uint64_t gaddr = map_device(m, &d, &device_ops);

	(void)state;
	KIT_EXPECT_EXIT(0x3344, KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(BPF_H, 0, 1, 4))));
	assert_int_equal(d.loads, 1);
	assert_int_equal(d.off, 4);
	assert_int_equal(d.bytes, 2);
	KIT_EXPECT_EXIT((uint64_t)-4, KIT_RUN(m, WITH(gaddr, XB_LDX_MEMSX(BPF_B, 0, 1, 24))));
	KIT_EXPECT_EXIT(0, KIT_RUN(m, WITH(gaddr, XB_ST_MEM(BPF_W, 1, 8, 77))));
	assert_int_equal(d.regs[1], 77);
	assert_int_equal(d.stores, 1);
	KIT_EXPECT_FAULT(OBJECT, "device: load of 1 bytes at offset 63: Input/output error",
	                 KIT_RUN(m, WITH(gaddr, XB_LDX_MEM(BPF_B, 0, 1, 63))));
	KIT_EXPECT_FAULT(OBJECT, "device: store of 8 bytes at offset 56: Input/output error",
	                 KIT_RUN(m, WITH(gaddr, XB_ST_MEM(BPF_DW, 1, 56, 0))));
	assert_int_equal(d.unmapped, 0);
	xb_machine_free(m);
	assert_int_equal(d.unmapped, 1);
}

/* Of the operations one is missing. */
static void
test_missing(void **state)
{
	struct device d = { .regs = { 5 }, .loads = 0 };
	struct xb_machine *m = kit_machine(NULL);
	uint64_t loads = map_device(m, &d, &load_ops), stores = map_device(m, &d, &store_ops);
	uint64_t none = map_device(m, &d, &(const struct xb_memory_ops){ 0 });
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	KIT_EXPECT_EXIT(5, KIT_RUN(m, WITH(loads, XB_LDX_MEM(BPF_B, 0, 1, 0))));
	assert_int_equal(KIT_RUN(m, WITH(loads, XB_ST_MEM(BPF_B, 1, 0, 9))).kind,
	                 XB_FAULT_READ_ONLY);
	KIT_EXPECT_EXIT(0, KIT_RUN(m, WITH(stores, XB_ST_MEM(BPF_B, 1, 0, 9))));
	assert_int_equal(d.regs[0], 9);
	KIT_EXPECT_FAULT(OBJECT, "device: load of 1 bytes at offset 0: Permission denied",
	                 KIT_RUN(m, WITH(stores, XB_LDX_MEM(BPF_B, 0, 1, 0))));
	KIT_EXPECT_FAULT(OBJECT, "device: load of 4 bytes at offset 0: Permission denied",
	                 KIT_RUN(m, WITH(none, XB_ATOMIC(BPF_W, BPF_ADD, 1, 0, 0))));
	assert_int_equal(KIT_RUN(m, WITH(none, XB_ST_MEM(BPF_B, 1, 0, 9))).kind,
	                 XB_FAULT_READ_ONLY);
	assert_int_equal(xb_machine_unmap(m, loads, &err), 0); /* without a callback */
	xb_machine_free(m);
}

static void
test_atomics(void **state)
{
	static const struct {
		const char *name;
		int op;
		uint64_t r0, r2, memory; /* afterwards; R0 is 8 before, R2 is 3, and the memory 8 */
	} rows[] = {
		{ "add", BPF_ADD, 8, 3, 11 },
		{ "fetch and add", BPF_ADD | BPF_FETCH, 8, 8, 11 },
		{ "or", BPF_OR | BPF_FETCH, 8, 8, 11 },
		{ "and", BPF_AND | BPF_FETCH, 8, 8, 0 },
		{ "xor", BPF_XOR, 8, 3, 11 },
		{ "exchange", BPF_XCHG, 8, 8, 3 },
		{ "compare and exchange", BPF_CMPXCHG, 8, 3, 3 },
	};
	struct xb_machine *m = kit_machine(NULL);
	struct device d = { .loads = 0 };
	uint64_t gaddr = map_device(m, &d, &device_ops);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].name);
		d.regs[1] = 8;
		KIT_EXPECT_EXIT(
		        rows[i].r0 << 8 | rows[i].r2,
		        KIT_RUN(m, WITH(gaddr, XB_MOV64_IMM(0, 8), XB_MOV64_IMM(2, 3),
		                        XB_ATOMIC(BPF_DW, rows[i].op, 1, 2, 8),
		                        XB_ALU64_IMM(BPF_LSH, 0, 8), XB_ALU64_REG(BPF_OR, 0, 2))));
		assert_int_equal(d.regs[1], rows[i].memory);
	}
	d.regs[1] = 9;
	KIT_EXPECT_EXIT(9, KIT_RUN(m, WITH(gaddr, XB_MOV64_IMM(0, 8), XB_MOV64_IMM(2, 3),
	                                   XB_ATOMIC(BPF_W, BPF_CMPXCHG, 1, 2, 8))));
	assert_int_equal(d.regs[1], 9);
	xb_machine_free(m);
}

/* From outside: copies of any length, at any offset. */
static void
check_copies(struct xb_machine *m, uint64_t gaddr, uint64_t bytes)
{
	struct xb_err err = XB_ERR_INIT;
	uint8_t from[64], to[64];

	for (uint64_t off = 0; off <= bytes; off++) {
		for (uint64_t n = 0; off + n <= bytes; n++) {
			memset(to, 0xee, sizeof(to));
			for (uint64_t i = 0; i < n; i++)
				from[i] = (uint8_t)(off + 7 * i + n);
			assert_int_equal(xb_machine_write(m, gaddr + off, from, n, &err), 0);
			assert_int_equal(xb_machine_read(m, gaddr + off, to, n, &err), 0);
			assert_memory_equal(to, from, n);
			assert_true(n == 64 || to[n] == 0xee);
		}
	}
}

static void
test_copies(void **state)
{
	struct device d = { .loads = 0 };
	struct xb_machine *m = kit_machine(NULL);
	struct xb_err err = XB_ERR_INIT;
	uint8_t buffer[24] = { 0 }, bytes[64] = { 0 };
	uint64_t gaddr = map(m, (struct xb_memory_opts){ .bytes = 24, .access = RW });
	uint64_t ro = map(m, (struct xb_memory_opts){ .name = "rom", .bytes = 24, .access = 1 });
	uint64_t lent =
	        map(m, (struct xb_memory_opts){ .bytes = 24, .access = RW, .buffer = buffer });
	uint64_t device = map_device(m, &d, &device_ops);

	(void)state;
	check_copies(m, gaddr, 24);
	check_copies(m, lent, 24);
	check_copies(m, device, 24);
	assert_int_equal(xb_machine_read(m, gaddr + 20, bytes, 5, &err), -1);
	assert_non_null(strstr(err.msg, "1 byte past the end of memory (24 bytes)"));
	assert_int_equal(xb_machine_read(m, ro, bytes, 24, &err), 0);
	memset(bytes, 1, sizeof(bytes));
	assert_int_equal(xb_machine_write(m, ro, bytes, 24, &err), -1);
	assert_int_equal(err.kind, XB_ERR_USAGE);
	assert_non_null(strstr(err.msg, "rom"));
	assert_int_equal(((uint8_t *)xb_machine_host(m, ro, 24))[0], 0);
	assert_int_equal(xb_machine_write(m, gaddr + 1, bytes, 24, &err), -1);
	assert_true(((uint8_t *)xb_machine_host(m, gaddr, 24))[1] != 1);
	assert_int_equal(xb_machine_read(m, device + 48, bytes, 16, &err), -1);
	assert_non_null(strstr(err.msg, "Input/output error"));
	assert_int_equal(xb_machine_write(m, device + 57, bytes, 1, &err), -1);
	assert_non_null(strstr(err.msg, "Input/output error"));
	assert_int_equal(xb_machine_read(m, 0, bytes, 1, &err), -1);
	assert_int_equal(xb_machine_read(m, UINT64_MAX - 3, bytes, 8, &err), -1);
	xb_machine_free(m);
}

static void
test_lookup(void **state)
{
	struct device d = { .loads = 0 };
	struct xb_machine *m = kit_machine(NULL);
	char name[60] = "", buffer[8];
	struct xb_memory_info info;
	uint64_t gaddr, ro, device, at = 0;
	uint32_t cnt = 0;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	gaddr = map(m, (struct xb_memory_opts){ .name = name, .bytes = 13, .access = RW });
	ro = map(m, (struct xb_memory_opts){ .bytes = 5000, .access = XB_ACCESS_READ });
	device = map_device(m, &d, &device_ops);
	map(m, (struct xb_memory_opts){ .bytes = 8, .access = 1, .buffer = buffer });

	assert_int_equal(xb_machine_lookup(m, gaddr + 12, &info), 0);
	name[47] = 0;
	assert_string_equal(info.name, name);
	assert_int_equal(info.gaddr, gaddr);
	assert_int_equal(info.bytes, 13);
	assert_false(info.custom);
	assert_false(info.opaque);
	assert_int_equal(info.object_gaddr, gaddr);
	assert_int_equal(info.object_bytes, 13);
	assert_int_equal(info.offset, 12);
	assert_int_equal(info.access, RW);
	assert_int_equal(xb_machine_lookup(m, gaddr + 13, &info), -1);
	assert_int_equal(xb_machine_lookup(m, gaddr - 1, &info), -1);
	assert_int_equal(xb_machine_lookup(m, 0, &info), -1);
	assert_int_equal(xb_machine_lookup(m, UINT64_MAX, &info), -1);
	assert_int_equal(xb_machine_lookup(m, ro + 4999, &info), 0);
	assert_string_equal(info.name, "memory");
	assert_int_equal(info.access, XB_ACCESS_READ);
	assert_int_equal(info.offset, 4999);
	assert_int_equal(xb_machine_lookup(m, device + 63, &info), 0);
	assert_true(info.custom);
	assert_false(info.opaque);
	assert_int_equal(info.access, RW);
	assert_int_equal(info.object_bytes, 64);

	while (xb_machine_next_region(m, at, &info) == 0) {
		assert_true(info.gaddr >= at);
		assert_true(cnt != 0 || info.gaddr == gaddr);
		at = info.gaddr + info.bytes;
		cnt++;
	}
	assert_int_equal(cnt, 4);
	assert_int_equal(xb_machine_next_region(m, gaddr + 1, &info), 0);
	assert_int_equal(info.gaddr, ro);
	assert_int_equal(xb_machine_next_region(m, UINT64_MAX, &info), -1);
	xb_machine_free(m);
}

/* A stack is there as long as its process, and so is what a context puts into memory. */
static void
test_regions_of_processes(void **state)
{
	struct xb_context *c = kit_context(
	        "{\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":\"00112233445566778899aabbccdd\"}}");
	struct xb_machine *m = kit_linux();
	struct xb_program *prog = KIT_PROGRAM(m, XB_MOV64_IMM(0, 2), XB_EXIT());
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;
	struct xb_memory_info info;
	bool packet = false, stack = false;
	uint32_t before = 0, after = 0;

	(void)state;
	for (uint64_t at = 0; !xb_machine_next_region(m, at, &info); at = info.gaddr + info.bytes)
		before++;
	p = xb_process_new(m, prog, c, NULL, &err);
	for (uint64_t at = 0; !xb_machine_next_region(m, at, &info); at = info.gaddr + info.bytes) {
		packet |= !strcmp(info.name, "packet");
		stack |= !strcmp(info.name, "stack");
	}
	assert_true(packet && stack);
	xb_process_free(p);
	for (uint64_t at = 0; !xb_machine_next_region(m, at, &info); at = info.gaddr + info.bytes)
		after++;
	assert_int_equal(before, after);
	xb_context_free(c);
	xb_machine_free(m);
}

/* Helpers take it for what it is: bytes that are read, and written back. */
static void
test_helper_arguments(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_linux *lx = xb_linux_of(m);
	const struct xb_linux_map_opts map_opts = { .size = sizeof(map_opts),
		                                    .type = BPF_MAP_TYPE_HASH,
		                                    .name = "h",
		                                    .key_size = 8,
		                                    .value_size = 16,
		                                    .max_entries = 4 };
	struct device d = { .regs = { 0x4142434445464748, 6, 7 }, .loads = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *h = xb_linux_map_create(lx, &map_opts, &err);
	uint64_t gaddr = map_device(m, &d, &device_ops), key = d.regs[0], value[2];
	uint64_t loads = map_device(m, &d, &load_ops);

	(void)state;
	assert_non_null(h);
#define UPDATE(dev, value_off)                                                                     \
	KIT_RUN(m, XB_LD_MAP_FD(1, xb_linux_map_fd(h)), XB_LD_IMM64(2, dev),                       \
	        XB_LD_IMM64(3, (dev) + (value_off)), XB_MOV64_IMM(4, 0),                           \
	        XB_CALL(BPF_FUNC_map_update_elem), XB_EXIT())
	KIT_EXPECT_EXIT(0, UPDATE(gaddr, 8));
	assert_int_equal(xb_linux_map_lookup(h, &key, value, 0), 0);
	assert_int_equal(value[0], 6);
	assert_int_equal(value[1], 7);
	KIT_EXPECT_EXIT(0, UPDATE(loads, 8));
	assert_int_equal(UPDATE(gaddr, 48).kind, XB_FAULT_OBJECT);
	assert_int_equal(UPDATE(gaddr, 56).kind, XB_FAULT_OOB_READ);
	/* A helper that reads one, and writes another. */
	memcpy(d.regs, "-1234567", 8);
#define STRTOL(from, to)                                                                           \
	KIT_RUN(m, XB_LD_IMM64(1, from), XB_MOV64_IMM(2, 8), XB_MOV64_IMM(3, 10),                  \
	        XB_LD_IMM64(4, to), XB_CALL(BPF_FUNC_strtol), XB_EXIT())
	KIT_EXPECT_EXIT(8, STRTOL(gaddr, gaddr + 32));
	assert_int_equal(d.regs[4], (uint64_t)-1234567);
	assert_int_equal(STRTOL(gaddr, loads).kind, XB_FAULT_READ_ONLY);
	assert_int_equal(STRTOL(loads, gaddr + 56).kind, XB_FAULT_OBJECT);
	xb_machine_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opts),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_atomics),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_regions_of_processes),
		cmocka_unit_test(test_helper_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
