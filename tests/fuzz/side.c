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

void
side_must(long ret, const char *what)
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
	side_must(fd, "map");
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

	side_must(p ? 0 : -ENOMEM, "tail calls");
	for (u32 slot = 0; slot < TAIL_PROGRAMS; slot++) {
		long fd;

		tail_program(slot, type, p);
		fd = side_load(s, p, NULL, 0);
		side_must(fd, "target of tail calls");
		side_must(backend_update(&s->b, map, &slot, &(u32){ (u32)fd }), "tail call map");
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
	side_must(fd, "BTF");
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

	side_must(sched_getaffinity(0, sizeof(set), &set) ? -errno : 0, "affinity");
	nth %= (u32)CPU_COUNT(&set);
	for (s->cpu = 0; !CPU_ISSET(s->cpu, &set) || nth--; s->cpu++)
		;
	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	side_must(sched_setaffinity(0, sizeof(set), &set) ? -errno : 0, "affinity");
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
	side_must(s->percpu ? 0 : -ENOMEM, "per-CPU values");
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
