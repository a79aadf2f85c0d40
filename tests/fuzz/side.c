/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/side.h"

#include "emu/map.h"
#include "emu/obj.h"
#include "tests/insns.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <linux/btf.h>

#define UNTOUCHED 0xcc

/* Ends the process: nothing can be said of programs without these. */
static void
must(long ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror((int)-ret));
	exit(2);
}

static int
make_map(const struct side *s, u32 type, u32 key_bytes, u32 value_bytes, u32 entries)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_bytes;
	attr.value_size = value_bytes;
	attr.max_entries = entries;
	fd = backend_bpf(&s->b, BPF_MAP_CREATE, &attr);
	must(fd, "map");
	return (int)fd;
}

/* Where tail calls lead: a map's value and the return value show that it was there. */
static void
tail_program(u32 slot, u32 type, struct program *p)
{
	const struct bpf_insn insns[] = {
		XB_LD_MAP_VALUE(2, MAP_IO, IO_RESULTS),
		XB_LDX_MEM(BPF_DW, 3, 2, -8),
		XB_ALU64_IMM(BPF_ADD, 3, 0x1234567 + (s32)slot),
		XB_STX_MEM(BPF_DW, 2, 3, 8),
		XB_LDX_MEM(BPF_W, 4, 1, 0),
		XB_MOV32_IMM(0, 1000 + (s32)slot),
		XB_EXIT(),
	};

	*p = (struct program){ .type = type, .cnt = XB_ARRAY_SIZE(insns) };
	memcpy(p->insns, insns, sizeof(insns));
}

static void
fill_tails(struct side *s, u32 type)
{
	struct program *p = malloc(sizeof(*p));
	int map = type == BPF_PROG_TYPE_XDP ? s->maps[MAP_TAIL] : s->tail_skb;

	must(p ? 0 : -ENOMEM, "tail calls");
	for (u32 slot = 0; slot < TAIL_PROGRAMS; slot++) {
		long fd;

		tail_program(slot, type, p);
		fd = side_load(s, p, NULL, 0);
		must(fd, "target of tail calls");
		must(backend_update(&s->b, map, &slot, &(u32){ (u32)fd }), "tail call map");
		close((int)fd);
	}
	free(p);
}

/* static int f(): the type of every function. */
#define FUNC_TYPE 3u

static void
load_btf(struct side *s)
{
	static const char strings[] = "\0int\0f";
	struct {
		struct btf_header header;
		struct btf_type integer;
		u32 encoding;
		struct btf_type proto, func;
		char strings[sizeof(strings)];
	} btf = {
		.header = { .magic = BTF_MAGIC,
		            .version = BTF_VERSION,
		            .hdr_len = sizeof(btf.header) },
		.integer = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
		.encoding = BTF_INT_SIGNED << 24 | 32,
		.proto = { .info = BTF_KIND_FUNC_PROTO << 24, .type = 1 },
		.func = { .name_off = 5, .info = BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC, .type = 2 },
	};
	union bpf_attr attr;
	long fd;

	btf.header.type_len = btf.header.str_off =
	        offsetof(typeof(btf), strings) - sizeof(btf.header);
	btf.header.str_len = sizeof(strings);
	memcpy(btf.strings, strings, sizeof(strings));
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = (u32)(offsetof(typeof(btf), strings) + sizeof(strings));
	fd = backend_bpf(&s->b, BPF_BTF_LOAD, &attr);
	must(fd, "BTF");
	s->btf = (int)fd;
}

static bool
permitted(const struct side *s)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 2), XB_EXIT() };
	struct backend_prog prog = { .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) };
	char log[256];
	long fd = backend_try_prog(&s->b, &prog, log, sizeof(log));

	if (fd < 0) {
		printf("skipped: bpf(2) not permitted (%s)\n", strerror((int)-fd));
		return false;
	}
	close((int)fd);
	return true;
}

/* Programs run on one CPU, so that it is known whose values theirs are; of several jobs each on its
 * own. */
static void
stay_on_cpu(struct side *s)
{
	u32 nth = s->job;
	cpu_set_t set;

	must(sched_getaffinity(0, sizeof(set), &set) ? -errno : 0, "affinity");
	nth %= (u32)CPU_COUNT(&set);
	for (s->cpu = 0; !CPU_ISSET(s->cpu, &set) || nth--; s->cpu++)
		;
	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) ? -errno : 0, "affinity");
	s->cpu_cnt = (u32)libbpf_num_possible_cpus();
}

bool
side_open(struct side *s)
{
	s->cpu = 0;
	s->cpu_cnt = 1;
	if (!s->b.emu) {
		s->b.name = "kernel";
		if (!permitted(s))
			return false;
		stay_on_cpu(s);
	}
	s->percpu = calloc(s->cpu_cnt, (size_t)PERCPU_CNT * PERCPU_BYTES);
	must(s->percpu ? 0 : -ENOMEM, "per-CPU values");
#define MAKE(id, type, key, value, entries)                                                        \
	s->maps[MAP_##id] = make_map(s, type, key, value, entries);
	FUZZ_MAPS(MAKE)
#undef MAKE
	for (u32 i = 0; i < MAP_CNT && s->b.emu; i++)
		s->emu_maps[i] = backend_emu_map(&s->b, s->maps[i]);
	load_btf(s);
	s->tail_skb = make_map(s, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3);
	fill_tails(s, BPF_PROG_TYPE_XDP);
	fill_tails(s, BPF_PROG_TYPE_SCHED_CLS);
	return true;
}

void
side_close(struct side *s)
{
	for (u32 i = 0; i < MAP_CNT; i++)
		close(s->maps[i]);
	close(s->tail_skb);
	close(s->btf);
	free(s->percpu);
}

/* Descriptors in place of maps' numbers. */
static void
link_maps(const struct side *s, const struct program *p, struct bpf_insn *insns)
{
	memcpy(insns, p->insns, p->cnt * sizeof(*insns));
	for (u32 pc = 0; pc < p->cnt; pc++) {
		s32 map = insns[pc].imm;

		if (!program_is_wide(&insns[pc]))
			continue;
		if ((insns[pc].src_reg == BPF_PSEUDO_MAP_FD ||
		     insns[pc].src_reg == BPF_PSEUDO_MAP_VALUE) &&
		    map >= 0 && map < MAP_CNT)
			insns[pc].imm = map == MAP_TAIL && p->type != BPF_PROG_TYPE_XDP
			                        ? s->tail_skb
			                        : s->maps[map];
		pc++;
	}
}

long
side_load(const struct side *s, const struct program *p, char *log, u32 log_bytes)
{
	struct bpf_insn insns[PROGRAM_MAX_INSNS];
	struct bpf_func_info funcs[PROGRAM_REFS];
	u32 starts[PROGRAM_REFS];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = p->type;
	attr.insn_cnt = p->cnt;
	link_maps(s, p, insns);
	memcpy(attr.prog_name, "fuzz", sizeof("fuzz"));
	attr.insns = (uintptr_t)insns;
	attr.license = (uintptr_t) "GPL";
	if (program_use(p).btf) {
		attr.prog_btf_fd = (u32)s->btf;
		attr.func_info_rec_size = sizeof(funcs[0]);
		attr.func_info = (uintptr_t)funcs;
		attr.func_info_cnt = program_funcs(p, starts, PROGRAM_REFS);
		for (u32 i = 0; i < attr.func_info_cnt; i++)
			funcs[i] = (struct bpf_func_info){ starts[i], FUNC_TYPE };
	}
	attr.log_buf = (uintptr_t)log;
	attr.log_size = log_bytes;
	attr.log_level = log ? 1 : 0;
	if (log)
		log[0] = 0;
	return backend_bpf(&s->b, BPF_PROG_LOAD, &attr);
}

/* The emulator keeps what was loaded as long as it lives: a million programs would be too many. */
void
side_unload(const struct side *s, int fd)
{
	struct xb_obj *obj;

	if (s->b.emu && xb_obj_by_fd(s->b.emu, fd, XB_OBJ_PROG, &obj) == 0) {
		xb_obj_remove(s->b.emu, obj);
		obj->free(obj);
	}
	close(fd);
}

/* The emulator's without bpf(2), for whose sake every address is asked about: much faster. */
static long
emu_element(struct xb_map *map, int cmd, void *key, void *value)
{
	switch (cmd) {
	case BPF_MAP_LOOKUP_ELEM:
		return xb_map_read(map, key, value);
	case BPF_MAP_UPDATE_ELEM:
		return xb_map_write(map, key, value, BPF_ANY);
	case BPF_MAP_GET_NEXT_KEY:
		return xb_map_next_key(map, key, value);
	default:
		return -EINVAL;
	}
}

static long
element(const struct side *s, int cmd, enum fuzz_map map, void *key, void *value)
{
	union bpf_attr attr;

	if (s->b.emu && cmd != BPF_MAP_DELETE_ELEM && map < MAP_QUEUE)
		return emu_element(s->emu_maps[map], cmd, key, value);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)s->maps[map];
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return backend_bpf(&s->b, cmd, &attr);
}

static int
by_key(const void *a, const void *b)
{
	u32 x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static void
read_hash(const struct side *s, struct map_state *state)
{
	u32 *key = NULL, cnt = 0;

	while (cnt < HASH_CNT &&
	       element(s, BPF_MAP_GET_NEXT_KEY, MAP_HASH, key, &state->hash[cnt].key) == 0) {
		key = &state->hash[cnt].key;
		must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_HASH, key, state->hash[cnt].value),
		     "element of a hash");
		cnt++;
	}
	state->hash_cnt = cnt;
	qsort(state->hash, cnt, sizeof(state->hash[0]), by_key);
}

static void
write_hash(const struct side *s, const struct map_state *state)
{
	struct map_state now;

	read_hash(s, &now);
	for (u32 i = 0; i < now.hash_cnt; i++)
		element(s, BPF_MAP_DELETE_ELEM, MAP_HASH, &now.hash[i].key, NULL);
	for (u32 i = 0; i < state->hash_cnt; i++) {
		u32 key = state->hash[i].key;
		u8 value[HASH_BYTES];

		memcpy(value, state->hash[i].value, sizeof(value));
		must(element(s, BPF_MAP_UPDATE_ELEM, MAP_HASH, &key, value), "element of a hash");
	}
}

/* Empties it. */
static void
read_queue(const struct side *s, enum fuzz_map map, struct queue_state *q)
{
	q->cnt = 0;
	while (q->cnt < QUEUE_CNT &&
	       element(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, NULL, q->values[q->cnt]) == 0)
		q->cnt++;
	if (q->cnt < QUEUE_CNT)
		memset(q->values[q->cnt], 0,
		       QUEUE_BYTES); /* Linux clears what it has no value for */
}

static void
write_queue(const struct side *s, enum fuzz_map map, const struct queue_state *q)
{
	struct queue_state now = *q;

	read_queue(s, map, &now);
	now = *q;
	for (u32 i = 0; i < q->cnt; i++) {
		u32 at = map == MAP_STACK ? q->cnt - 1 - i : i;

		must(element(s, BPF_MAP_UPDATE_ELEM, map, NULL, now.values[at]), "queue");
	}
}

static u8 *
percpu_value(const struct side *s, u32 idx)
{
	return s->percpu + (idx * s->cpu_cnt + s->cpu) * PERCPU_BYTES;
}

void
side_set_maps(const struct side *s, u32 maps, const struct map_state *state)
{
	u32 key[ARRAY_CNT] = { 0, 1, 2, 3 };
	struct map_state copy = *state;

	if (maps & 1u << MAP_IO)
		must(element(s, BPF_MAP_UPDATE_ELEM, MAP_IO, key, copy.io), "element of an array");
	for (u32 i = 0; i < ARRAY_CNT && maps & 1u << MAP_ARRAY; i++)
		must(element(s, BPF_MAP_UPDATE_ELEM, MAP_ARRAY, &key[i], copy.array[i]),
		     "element of an array");
	if (maps & 1u << MAP_HASH)
		write_hash(s, &copy);
	for (u32 i = 0; i < 2; i++)
		if (maps & 1u << (MAP_QUEUE + i))
			write_queue(s, (enum fuzz_map)(MAP_QUEUE + i), &copy.queues[i]);
	for (u32 i = 0; i < PERCPU_CNT && maps & 1u << MAP_PERCPU; i++) {
		memcpy(percpu_value(s, i), copy.percpu[i], PERCPU_BYTES);
		must(element(s, BPF_MAP_UPDATE_ELEM, MAP_PERCPU, &key[i],
		             s->percpu + i * s->cpu_cnt * PERCPU_BYTES),
		     "element of a per-CPU array");
	}
}

void
side_get_maps(const struct side *s, u32 maps, struct map_state *state)
{
	u32 key[ARRAY_CNT] = { 0, 1, 2, 3 };

	memset(state, 0, sizeof(*state));
	if (maps & 1u << MAP_IO)
		must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_IO, key, state->io),
		     "element of an array");
	for (u32 i = 0; i < ARRAY_CNT && maps & 1u << MAP_ARRAY; i++)
		must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_ARRAY, &key[i], state->array[i]),
		     "element of an array");
	if (maps & 1u << MAP_HASH)
		read_hash(s, state);
	for (u32 i = 0; i < 2; i++)
		if (maps & 1u << (MAP_QUEUE + i))
			read_queue(s, (enum fuzz_map)(MAP_QUEUE + i), &state->queues[i]);
	for (u32 i = 0; i < PERCPU_CNT && maps & 1u << MAP_PERCPU; i++) {
		must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_PERCPU, &key[i],
		             s->percpu + i * s->cpu_cnt * PERCPU_BYTES),
		     "element of a per-CPU array");
		memcpy(state->percpu[i], percpu_value(s, i), PERCPU_BYTES);
	}
}

void
side_run(const struct side *s, const struct program *p, int fd, u32 maps, const struct input *in,
         struct seen *out)
{
	bool xdp = p->type == BPF_PROG_TYPE_XDP;
	struct xdp_md md = { .data = in->meta_bytes, .data_end = in->meta_bytes + in->bytes };
	union bpf_attr attr;

	memset(out, UNTOUCHED, offsetof(struct seen, maps));
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = (uintptr_t)in->data;
	attr.test.data_size_in = in->meta_bytes + in->bytes;
	attr.test.data_out = (uintptr_t)out->data;
	attr.test.data_size_out = OUT_ROOM;
	attr.test.ctx_in = xdp ? (uintptr_t)&md : (uintptr_t)&in->skb;
	attr.test.ctx_size_in = xdp ? sizeof(md) : sizeof(in->skb);
	attr.test.ctx_out = (uintptr_t)out->ctx;
	attr.test.ctx_size_out = attr.test.ctx_size_in;
	side_set_maps(s, maps, &in->maps);
	out->ret = backend_bpf(&s->b, BPF_PROG_TEST_RUN, &attr);
	out->retval = attr.test.retval;
	out->bytes = attr.test.data_size_out;
	out->ctx_bytes = attr.test.ctx_size_out;
	side_get_maps(s, maps, &out->maps);
}
