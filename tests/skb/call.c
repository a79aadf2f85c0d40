/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE      4096u
#define UNTOUCHED 0xcc
#define CTX_BYTES ((u32)sizeof(struct __sk_buff))
#define IN_BYTES  8192u

/* The buffers of a call; a page that is not there lies behind each. */
struct room {
	u8 *data, *ctx, *data_out, *ctx_out;
};

struct outcome {
	long ret;
	u32 retval, data_bytes, ctx_bytes;
	bool timed; /* duration was written */
	struct script_kept kept;
	u8 buf[SCRIPT_BUF], data[CALL_ROOM], ctx[CALL_ROOM];
};

/* Both backends, or the emulator alone. */
struct call_pair {
	struct skb_rig emu, kernel;
	bool has_kernel;
	struct room room;
	struct outcome emu_out, kernel_out;
};

static u8 *
make_room(void)
{
	u8 *p = mmap(NULL, CALL_ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	             -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + CALL_ROOM, PAGE, PROT_NONE), 0);
	return p;
}

static void
open_room(struct room *room)
{
	room->data = make_room();
	room->ctx = make_room();
	room->data_out = make_room();
	room->ctx_out = make_room();
}

static void
close_room(const struct room *room)
{
	munmap(room->data, CALL_ROOM + PAGE);
	munmap(room->ctx, CALL_ROOM + PAGE);
	munmap(room->data_out, CALL_ROOM + PAGE);
	munmap(room->ctx_out, CALL_ROOM + PAGE);
}

/* Where a buffer of a call is; BAD: the page behind, which is not there. */
static u64
place(enum call_where where, u8 *room)
{
	switch (where) {
	case GOOD:
		return (uintptr_t)room;
	case BAD:
		return (uintptr_t)(room + CALL_ROOM);
	case HALF:
		return (uintptr_t)(room + CALL_ROOM - CALL_HALF);
	case NONE:
		break;
	}
	return 0;
}

static u32
size(u32 bytes, u32 usual)
{
	return bytes == CALL_NO_BYTES ? 0 : bytes ? bytes : usual;
}

/* Writes up to the end of what is there. */
static void
put(enum call_where where, u8 *room, const void *bytes, u32 cnt)
{
	if (where == GOOD)
		memcpy(room, bytes, cnt);
	else if (where == HALF)
		memcpy(room + CALL_ROOM - CALL_HALF, bytes, cnt < CALL_HALF ? cnt : CALL_HALF);
}

static void
fill(const struct call_row *row, const struct room *room, union bpf_attr *attr)
{
	u8 data[IN_BYTES] = { 0 }, ctx[IN_BYTES];
	u32 bytes = packet_build(row->packet, data);

	memcpy(data, row->head, row->head_bytes);
	put(row->data_at, room->data, data, sizeof(data));
	memset(ctx, row->ctx_tail, sizeof(ctx));
	if (row->ctx)
		memcpy(ctx, row->ctx, sizeof(*row->ctx));
	put(row->ctx_at, room->ctx, ctx, sizeof(ctx));
	memset(room->data_out, UNTOUCHED, CALL_ROOM);
	memset(room->ctx_out, UNTOUCHED, CALL_ROOM);
	attr->test.data_in = place(row->data_at, room->data);
	attr->test.data_size_in = size(row->bytes, bytes);
	attr->test.ctx_in = row->ctx ? place(row->ctx_at, room->ctx) : 0;
	attr->test.ctx_size_in = size(row->ctx_bytes, row->ctx ? CTX_BYTES : 0);
	attr->test.data_out = place(row->data_out_at, room->data_out);
	attr->test.data_size_out = size(row->data_out_bytes, CALL_ROOM);
	attr->test.ctx_out = place(row->ctx_out_at, room->ctx_out);
	attr->test.ctx_size_out = size(row->ctx_out_bytes, row->ctx_out_at == NONE ? 0 : CTX_BYTES);
	attr->test.flags = row->flags;
	attr->test.repeat = row->repeat;
	attr->test.cpu = row->cpu;
	attr->test.batch_size = row->batch_size;
	attr->test.retval = 0x5a5a5a5a;
	attr->test.duration = 0xa5a5a5a5;
}

static void
run_row(struct skb_rig *rig, const struct call_row *row, u32 type, const struct room *room,
        struct outcome *o)
{
	struct script script = { .type = type, .verdict = row->verdict };
	union bpf_attr attr;
	long prog;

	memcpy(script.steps, row->steps, sizeof(script.steps));
	prog = script_load(&rig->maps, rig->kept, &script, rig->log, sizeof(rig->log));
	if (prog < 0)
		fail_msg("%s: %s: load: %s\n%s", row->name, rig->b.name, strerror((int)-prog),
		         rig->log);
	script_reset(&rig->b, rig->kept, NULL, 0);
	memset(&attr, 0, sizeof(attr));
	fill(row, room, &attr);
	attr.test.prog_fd = (u32)prog;
	memset(o, 0, sizeof(*o));
	o->ret = backend_bpf(&rig->b, BPF_PROG_TEST_RUN, &attr);
	o->retval = attr.test.retval;
	o->data_bytes = attr.test.data_size_out;
	o->ctx_bytes = attr.test.ctx_size_out;
	o->timed = attr.test.duration != 0xa5a5a5a5;
	memcpy(o->data, room->data_out, CALL_ROOM);
	memcpy(o->ctx, room->ctx_out, CALL_ROOM);
	script_read(&rig->b, rig->kept, &o->kept, o->buf);
	close((int)prog);
}

#define CHECK(what, got, want)                                                                     \
	do {                                                                                       \
		if ((got) != (want))                                                               \
			fail_msg("%s: %s: %s is %lld (0x%llx), expected %lld", row->name, who,     \
			         what, (long long)(got), (unsigned long long)(got),                \
			         (long long)(want));                                               \
	} while (0)

static void
check_row(const char *who, const struct call_row *row, const struct outcome *o)
{
	char name[64];
	u32 i;

	CHECK("test run", o->ret, row->ret);
	for (i = 0; row->ret == 0 && i < CALL_SAW && (row->saw[i].field || row->saw[i].value); i++)
		CHECK(script_field_name(row->saw[i].field), o->kept.fields[row->saw[i].field],
		      row->saw[i].value);
	for (i = 0; row->ret == 0 && i < SCRIPT_STEPS && row->steps[i].op != OP_END; i++)
		if (!row->steps[i].any) {
			snprintf(name, sizeof(name), "step %u", i);
			CHECK(name, (s64)o->kept.results[i], row->steps[i].want);
		}
	if (row->ret == 0 && row->verdict != SCRIPT_LAST)
		CHECK("retval", o->retval, (u32)row->verdict);
	for (i = 0; row->ctx_out && i < sizeof(*row->ctx_out); i++) {
		snprintf(name, sizeof(name), "byte %u of ctx_out", i);
		CHECK(name, o->ctx[i], ((const u8 *)row->ctx_out)[i]);
	}
}

static void
same(const struct call_row *row, const char *what, u64 kernel, u64 emu)
{
	if (kernel != emu)
		fail_msg("%s: %s: %lld (0x%llx) in the kernel, %lld (0x%llx) in the emulator",
		         row->name, what, (long long)kernel, (unsigned long long)kernel,
		         (long long)emu, (unsigned long long)emu);
}

static void
same_bytes(const struct call_row *row, const char *what, const u8 *kernel, const u8 *emu)
{
	char name[64];
	u32 i;

	for (i = 0; i < CALL_ROOM; i++)
		if (kernel[i] != emu[i]) {
			snprintf(name, sizeof(name), "%s, byte %u", what, i);
			same(row, name, kernel[i], emu[i]);
		}
}

static void
compare(const struct call_row *row, const struct outcome *kernel, const struct outcome *emu)
{
	u32 i;

	same(row, "test run", (u64)kernel->ret, (u64)emu->ret);
	same(row, "retval", kernel->retval, emu->retval);
	same(row, "duration written", kernel->timed, emu->timed);
	same(row, "data_size_out", kernel->data_bytes, emu->data_bytes);
	same(row, "ctx_size_out", kernel->ctx_bytes, emu->ctx_bytes);
	same(row, "done", kernel->kept.done, emu->kept.done);
	for (i = 0; i < FIELD_CNT; i++)
		same(row, script_field_name(i), kernel->kept.fields[i], emu->kept.fields[i]);
	for (i = 0; i < SCRIPT_STEPS; i++)
		same(row, "a result", kernel->kept.results[i], emu->kept.results[i]);
	same_bytes(row, "data_out", kernel->data, emu->data);
	same_bytes(row, "ctx_out", kernel->ctx, emu->ctx);
}

struct call_pair *
call_open(void)
{
	struct call_pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->has_kernel = skb_rig_open_kernel(&p->kernel);
	assert_true(skb_rig_open_emu(&p->emu));
	open_room(&p->room);
	return p;
}

void
call_close(struct call_pair *p)
{
	close_room(&p->room);
	skb_rig_close(&p->emu);
	if (p->has_kernel)
		skb_rig_close(&p->kernel);
	free(p);
}

void
call_do(struct call_pair *p, const struct call_row *row, u32 type)
{
	if (p->has_kernel) {
		run_row(&p->kernel, row, type, &p->room, &p->kernel_out);
		check_row("kernel", row, &p->kernel_out);
	}
	run_row(&p->emu, row, type, &p->room, &p->emu_out);
	check_row("emulator", row, &p->emu_out);
	if (p->has_kernel)
		compare(row, &p->kernel_out, &p->emu_out);
}
