/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts of every type in a pool: a job gives what a process of its own gives, whatever ran on
 * its virtual CPU before.
 */
#include "tests/lib/pool_rig.h"

#include <stdio.h>

#define OF(id)   .type = BPF_PROG_TYPE_##id
#define XDP(m)   "{\"type\":\"xdp_md\",\"ctx\":{" m "}}"
#define SKB(m)   "{\"type\":\"sk_buff\",\"ctx\":{" m "}}"
#define BYTES_17 "\"packet_hex\":\"0200000000010200000000020800450000\""
#define ETH_IP4  "0200000000010200000000020800"
#define IP4                                                                                        \
	"\"packet_hex\":\"" ETH_IP4                                                                \
	"45000024000000004011000001020304050607080001000200100000" ZEROS_20 "\""
#define BLOCK(bytes)                                                                               \
	"{\"type\":\"generic\",\"ctx\":{\"registers\":{\"r1\":\"b\"},\"memory\":[{\"name\":\"b\"," \
	"\"type\":\"block\",\"value\":{\"value\":\"" bytes "\",\"byteorder\":\"le\"}}]}}"
#define CAPTURED(sub, results)                                                                     \
	"{\"type\":\"captured\",\"ctx\":{\"subContext\":" sub ",\"helperCalls\":{\"5\":[" results  \
	"]}}}"

/* Changes the packet and grows it in front, then looks at what is there. */
#define XDP_CHANGE                                                                                 \
	PROG(XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, -8), XB_CALL(BPF_FUNC_xdp_adjust_head),           \
	     XB_MOV64_REG(7, 0), XB_LDX_MEM(BPF_W, 2, 6, 0), XB_LDX_MEM(BPF_W, 3, 6, 4),           \
	     XB_MOV64_REG(4, 2), XB_ALU64_IMM(BPF_ADD, 4, 16), XB_JMP_REG(BPF_JGT, 4, 3, 4),       \
	     XB_LDX_MEM(BPF_DW, 0, 2, 0), XB_ST_MEM(BPF_DW, 2, 8, -1),                             \
	     XB_ALU64_REG(BPF_ADD, 0, 7), XB_EXIT(), XB_MOV64_IMM(0, 99), XB_EXIT())
/* Writes to the packet, then past its end. */
#define XDP_FAULT                                                                                  \
	PROG(XB_LDX_MEM(BPF_W, 2, 1, 0), XB_ST_MEM(BPF_DW, 2, 0, -1), XB_LDX_MEM(BPF_W, 3, 1, 4),  \
	     XB_LDX_MEM(BPF_B, 0, 3, 0), XB_EXIT())
#define XDP_META                                                                                   \
	PROG(XB_LDX_MEM(BPF_W, 2, 1, 8), XB_LDX_MEM(BPF_W, 3, 1, 0), XB_MOV64_REG(0, 3),           \
	     XB_ALU64_REG(BPF_SUB, 0, 2), XB_LDX_MEM(BPF_W, 4, 1, 16),                             \
	     XB_ALU64_IMM(BPF_LSH, 0, 8), XB_ALU64_REG(BPF_ADD, 0, 4), XB_EXIT())
#define SKB_CHANGE                                                                                 \
	PROG(XB_LDX_MEM(BPF_W, 0, 1, 8), XB_LDX_MEM(BPF_W, 2, 1, 48), XB_ALU64_REG(BPF_ADD, 0, 2), \
	     XB_ST_MEM(BPF_W, 1, 8, 77), XB_ST_MEM(BPF_W, 1, 48, 55), XB_EXIT())
#define SKB_FAULT                                                                                  \
	PROG(XB_ST_MEM(BPF_W, 1, 8, 78), XB_LDX_MEM(BPF_W, 2, 1, 76), XB_ST_MEM(BPF_B, 2, 0, 1),   \
	     XB_LDX_MEM(BPF_W, 2, 1, 80), XB_LDX_MEM(BPF_B, 0, 2, 0), XB_EXIT())
#define SKB_SOCK PROG(XB_LDX_MEM(BPF_DW, 1, 1, 168), XB_LDX_MEM(BPF_W, 0, 1, 4), XB_EXIT())
#define SKB_TAIL                                                                                   \
	PROG(XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, 3000), XB_MOV64_IMM(3, 0),                        \
	     XB_CALL(BPF_FUNC_skb_change_tail), XB_LDX_MEM(BPF_W, 0, 6, 0), XB_EXIT())
#define FLOW                                                                                       \
	PROG(XB_LDX_MEM(BPF_DW, 2, 1, 144), XB_LDX_MEM(BPF_H, 3, 2, 0),                            \
	     XB_ST_MEM(BPF_H, 2, 2, 34), XB_MOV64_IMM(0, 0), XB_EXIT())
#define FIRST_BYTE                                                                                 \
	PROG(XB_LDX_MEM(BPF_B, 0, 1, 0), XB_MOV64_REG(2, 0), XB_ALU64_IMM(BPF_ADD, 2, 1),          \
	     XB_STX_MEM(BPF_B, 1, 2, 0), XB_EXIT())
#define TIME_TWICE                                                                                 \
	PROG(XB_CALL(BPF_FUNC_ktime_get_ns), XB_MOV64_REG(6, 0), XB_CALL(BPF_FUNC_ktime_get_ns),   \
	     XB_ALU64_REG(BPF_SUB, 0, 6), XB_EXIT())
#define R1_IS  PROG(XB_MOV64_REG(0, 1), XB_EXIT())
#define LEAVES PROG(XB_MOV64_IMM(6, 5), XB_ST_MEM(BPF_DW, 10, -8, 7), XB_MOV64_IMM(0, 3), XB_EXIT())
#define LENGTH PROG(XB_CALL(BPF_FUNC_xdp_get_buff_len), XB_EXIT())

struct row {
	const char *name, *json; /* NULL: no context */
	struct xb_program_opts program;
	bool fault, refused;
};

/* clang-format off */
static const struct row rows[] = {
	{ "xdp_md", XDP(BYTES_17), .program = { XDP_CHANGE } },
	{ "xdp_md, longer", PACKET_60, .program = { XDP_CHANGE } },
	{ "xdp_md, without a packet", XDP(""), .program = { XDP_CHANGE } },
	{ "xdp_md, fault", XDP(BYTES_17), .program = { XDP_FAULT }, .fault = true },
	{ "xdp_md, metadata and a queue", XDP(BYTES_17 ",\"data_meta\":\"0102030405060708\",\"rx_queue_idx\":3,\"ingress_ifidx\":9"), .program = { XDP_META } },
	{ "xdp_md, neither", XDP(BYTES_17), .program = { XDP_META } },
	{ "xdp_md, other headroom", XDP(BYTES_17 ",\"headroom\":44"), .program = { XDP_CHANGE } },
	{ "xdp_md, more headroom", XDP(BYTES_17 ",\"headroom\":512"), .program = { XDP_CHANGE } },
	{ "xdp_md, little tailroom", XDP(BYTES_17 ",\"tailroom\":1"), .program = { PROG(XB_MOV64_IMM(2, 2), XB_CALL(BPF_FUNC_xdp_adjust_tail), XB_EXIT()) } },
	{ "xdp_md, tailroom not said", XDP(BYTES_17), .program = { PROG(XB_MOV64_IMM(2, 2), XB_CALL(BPF_FUNC_xdp_adjust_tail), XB_EXIT()) } },
	{ "xdp_md, too much tailroom", XDP(BYTES_17 ",\"tailroom\":3700"), .program = { XDP_CHANGE }, .refused = true },
	{ "xdp_md for TC", XDP(BYTES_17), .program = { SKB_CHANGE, OF(SCHED_CLS) }, .refused = true },
	{ "xdp_md, length", PACKET_60, .program = { LENGTH } },
	{ "sk_buff", SKB(IP4 ",\"mark\":3,\"cb\":[4]"), .program = { SKB_CHANGE, OF(SCHED_CLS) } },
	{ "sk_buff, nothing set", SKB(IP4), .program = { SKB_CHANGE, OF(SCHED_CLS) } },
	{ "sk_buff, grown", SKB(IP4), .program = { SKB_TAIL, OF(SCHED_CLS) } },
	{ "sk_buff, fault", SKB(IP4), .program = { SKB_FAULT, OF(SCHED_ACT) }, .fault = true },
	{ "sk_buff, socket", SKB(IP4 ",\"sock\":{\"family\":10,\"mark\":9}"), .program = { SKB_SOCK, OF(SCHED_CLS) } },
	{ "sk_buff, made-up socket", SKB(IP4), .program = { SKB_SOCK, OF(SCHED_CLS) } },
	{ "sk_buff, from the network header on", SKB(IP4 ",\"mark\":6"), .program = { PROG(XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()), OF(SOCKET_FILTER) } },
	{ "sk_buff, flow dissector", SKB(IP4), .program = { FLOW, OF(FLOW_DISSECTOR) } },
	{ "sk_buff for XDP", SKB(IP4), .program = { XDP_CHANGE }, .refused = true },
	{ "sk_buff, wire_len", SKB(IP4 ",\"wire_len\":4"), .program = { SKB_CHANGE, OF(SCHED_CLS) }, .refused = true },
	{ "generic", BLOCK("AQIDBA=="), .program = { FIRST_BYTE, OF(KPROBE) } },
	{ "generic, other bytes", BLOCK("CQgHBgUEAwI="), .program = { FIRST_BYTE, OF(RAW_TRACEPOINT) } },
	{ "generic, empty", BLOCK(""), .program = { FIRST_BYTE, OF(KPROBE) }, .fault = true },
	{ "generic, too short", BLOCK("AQIDBA=="), .program = { LENGTH }, .refused = true },
	{ "captured", CAPTURED(XDP(BYTES_17), "{\"results\":[{\"reg\":0,\"value\":5}]},{\"results\":[{\"reg\":0,\"value\":9}]}"), .program = { TIME_TWICE } },
	{ "captured, beyond it", CAPTURED(XDP(BYTES_17), "{\"results\":[{\"reg\":0,\"value\":5}]}"), .program = { TIME_TWICE }, .fault = true },
	{ "captured, sk_buff", CAPTURED(SKB(IP4), "{\"results\":[{\"reg\":0,\"value\":1}]},{\"results\":[{\"reg\":0,\"value\":2}]}"), .program = { TIME_TWICE, OF(SCHED_CLS) } },
	{ "captured, generic", CAPTURED(BLOCK("AQI="), "{\"results\":[{\"reg\":0,\"value\":1}]},{\"results\":[{\"reg\":0,\"value\":4}]}"), .program = { TIME_TWICE, OF(KPROBE) } },
	{ "not captured", XDP(BYTES_17), .program = { TIME_TWICE } },
	{ "no context", NULL, .program = { R1_IS } },
	{ "no context, registers and stack", NULL, .program = { LEAVES, OF(KPROBE) } },
	{ "no context, fault", NULL, .program = { FIRST_BYTE, OF(KPROBE) }, .fault = true },
	{ "user", "{\"type\":\"own\",\"ctx\":[1]}", .program = { R1_IS, OF(KPROBE) } },
	{ "user, another", "{\"type\":\"own\",\"ctx\":[22]}", .program = { FIRST_BYTE, OF(KPROBE) }, .fault = true },
	{ "user, cannot be loaded", "{\"type\":\"own\",\"ctx\":[0]}", .program = { R1_IS, OF(KPROBE) }, .refused = true },
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* A type of contexts that sets R1 to its number, which 0 cannot be. Who loads cleans up. */
static int loaded; /* not cleaned up yet; atomic */

static void *
own_read(const char *json, size_t bytes, struct xb_err *err)
{
	int *n = malloc(sizeof(*n));

	(void)bytes;
	(void)err;
	assert_int_equal(sscanf(json, "[%d]", n), 1);
	return n;
}

static int
own_load(void *state, struct xb_process *process, void **handle, struct xb_err *err)
{
	int *n = state;

	if (!*n)
		return xb_err_set(err, XB_ERR_USAGE, "0 is not a context");
	*handle = process;
	__atomic_add_fetch(&loaded, 1, __ATOMIC_RELAXED);
	return xb_process_set_reg(process, 1, (uint64_t)*n * 3);
}

static void
own_cleanup(void *state, struct xb_process *process, void *handle)
{
	if (*(int *)state && handle == process)
		__atomic_sub_fetch(&loaded, 1, __ATOMIC_RELAXED);
}

static char *
own_write(void *state, struct xb_process *process, void *handle, struct xb_err *err)
{
	char *text = NULL;

	(void)process;
	(void)handle;
	(void)err;
	return asprintf(&text, "[%d]", *(int *)state) < 0 ? NULL : text;
}

static const struct xb_context_type own_type = {
	.size = sizeof(own_type),
	.name = "own",
	.read = own_read,
	.load = own_load,
	.cleanup = own_cleanup,
	.write = own_write,
	.free = free,
};

/* All that can be known of a process that is over, or of why there is none. */
static char *
describe(struct xb_process *p, const struct xb_err *why)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_fault_info fault = { .message = "" };
	const uint8_t *data = NULL;
	size_t bytes = 0;
	char *saved, *text = NULL;

	if (!p)
		return strdup(why->msg);
	xb_process_fault(p, &fault);
	xb_process_packet(p, &data, &bytes);
	saved = xb_process_save_context(p, &err);
	if (asprintf(&text, "r0 %llx, %llu insns, fault %d at %u: %s; %zu bytes, %02x; %s",
	             (unsigned long long)xb_process_result(p),
	             (unsigned long long)xb_process_insns(p), fault.kind, fault.pc, fault.message,
	             bytes, data && bytes ? data[bytes - 1] : 0, saved ? saved : err.msg) < 0)
		text = NULL;
	free(saved);
	return text;
}

static char value_key;

/* What a job of a row is to give. */
struct wanted {
	struct xb_program *program;
	struct xb_context *context;
	char *text;
	unsigned bad;     /* jobs that gave something else; atomic */
	char first[1024]; /* what one of them gave */
	unsigned values;  /* that are with processes; atomic */
};

static void
drop_value(void *value)
{
	struct wanted *w = value;

	__atomic_sub_fetch(&w->values, 1, __ATOMIC_RELAXED);
}

/* Nothing is left of the job before, and everything may be done with the process. */
static void
check(void *arg, struct xb_process *p, const struct xb_err *err)
{
	struct wanted *w = arg;
	char *text = describe(p, err), *again = NULL;
	bool clean =
	        !p || (!xb_process_value(p, &value_key) && xb_process_program(p) == w->program);
	struct xb_err e = XB_ERR_INIT;

	if (p && xb_process_set_value(p, &value_key, w, drop_value, &e) == 0)
		__atomic_add_fetch(&w->values, 1, __ATOMIC_RELAXED);
	if (p && rand() % 8 == 0 && xb_process_reset(p, &e) == 0) {
		xb_process_run(p, NULL);
		again = describe(p, NULL);
	}
	if (!clean || strcmp(text, w->text) != 0 || (again && strcmp(again, w->text) != 0)) {
		__atomic_add_fetch(&w->bad, 1, __ATOMIC_RELAXED);
		snprintf(w->first, sizeof(w->first), "%s%s%s", clean ? "" : "unclean: ", text,
		         again ? again : "");
	}
	/* The run is left in the midst of it. */
	if (p && rand() % 8 == 0 && xb_process_reset(p, &e) == 0)
		xb_process_step(p);
	free(again);
	free(text);
}

static void
want(struct pool_rig *rig, const struct xb_context_registry *types, const struct row *row,
     struct wanted *w)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;

	*w = (struct wanted){ .program = rig_program(rig, row->program) };
	if (row->json)
		w->context = xb_context_parse(types, row->json, strlen(row->json), &err);
	if (row->json && !w->context)
		fail_msg("row '%s': %s", row->name, err.msg);
	p = xb_process_new(rig->machine, w->program, w->context, NULL, &err);
	if (!p != row->refused)
		fail_msg("row '%s': %s", row->name, err.msg);
	if (p && (xb_process_run(p, NULL) == XB_PROCESS_FAULTED) != row->fault)
		fail_msg("row '%s': %s", row->name, describe(p, NULL));
	w->text = describe(p, &err);
	xb_process_free(p);
}

static void
every_type_after_every_other(void **state)
{
	enum { JOBS = 30000 };
	struct wanted *w = calloc(ROWS, sizeof(*w));
	struct xb_err err = XB_ERR_INIT;
	struct xb_context_registry *types = xb_context_registry_new(&err);
	struct pool_rig rig;
	unsigned regions;

	(void)state;
	rig_open(&rig);
	assert_int_equal(xb_context_register(types, &own_type, &err), 0);
	for (size_t i = 0; i < ROWS; i++)
		want(&rig, types, &rows[i], &w[i]);
	regions = rig_regions(&rig);
	rig_start(&rig, 0);
	srand(1);
	for (unsigned i = 0; i < JOBS; i++) {
		/* Each after each other one at least once, then whatever comes. */
		size_t n = i < 2 * ROWS * ROWS ? (i % 2 ? i / 2 % ROWS : i / 2 / ROWS)
		                               : (size_t)rand() % ROWS;
		uint32_t vcpu = i < 2 * ROWS * ROWS ? 0 : XB_POOL_ANY_VCPU;

		rig_enqueue(&rig, (struct xb_job){ .program = w[n].program,
		                                   .context = w[n].context,
		                                   .vcpu = vcpu,
		                                   .done = check,
		                                   .arg = &w[n] });
	}
	xb_pool_drain(rig.pool);
	for (size_t i = 0; i < ROWS; i++) {
		if (w[i].bad)
			fail_msg("row '%s': %u jobs:\n  %s\nexpected:\n  %s", rows[i].name,
			         w[i].bad, w[i].first, w[i].text);
		if (w[i].values)
			fail_msg("row '%s': %u values are left", rows[i].name, w[i].values);
	}
	assert_int_equal(loaded, 0);
	xb_pool_stop(rig.pool);
	rig.pool = NULL;
	assert_int_equal(rig_regions(&rig), regions);
	rig_close(&rig);
	for (size_t i = 0; i < ROWS; i++) {
		xb_context_free(w[i].context);
		free(w[i].text);
	}
	xb_context_registry_free(types);
	free(w);
}

/* A context may go, and its memory be used again, once its job is done. */
static void
contexts_that_go(void **state)
{
	const struct row kinds[] = {
		{ "xdp_md", PACKET_60, .program = { LENGTH } },
		{ "sk_buff", SKB(IP4),
		  .program = { PROG(XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()), OF(SCHED_CLS) } },
		{ "user", "{\"type\":\"own\",\"ctx\":[7]}", .program = { R1_IS, OF(KPROBE) } },
		{ "generic", BLOCK("CQ=="), .program = { FIRST_BYTE, OF(KPROBE) } },
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_context_registry *types = xb_context_registry_new(&err);
	struct xb_program *programs[4];
	struct pool_rig rig;
	struct tally t = { 0 };

	(void)state;
	rig_open_vcpus(&rig, 1);
	assert_int_equal(xb_context_register(types, &own_type, &err), 0);
	for (int i = 0; i < 4; i++)
		programs[i] = rig_program(&rig, kinds[i].program);
	rig_start(&rig, 0);
	for (int i = 0; i < 64; i++) {
		const char *json = kinds[i / 2 % 4].json;
		struct xb_context *c = xb_context_parse(types, json, strlen(json), &err);

		rig_enqueue(&rig, (struct xb_job){ .program = programs[i / 2 % 4],
		                                   .context = c,
		                                   .done = tally,
		                                   .arg = &t });
		xb_pool_drain(rig.pool);
		assert_int_equal(loaded, 0);
		xb_context_free(c);
	}
	rig_close(&rig);
	xb_context_registry_free(types);
	assert_int_equal(t.exited, 64);
	assert_int_equal(t.sum, 16 * (60 + 62 + 21 + 9));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_after_every_other),
		cmocka_unit_test(contexts_that_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
