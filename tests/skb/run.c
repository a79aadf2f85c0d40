/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/run.h"

#include "skb/skb.h"

#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define UNTOUCHED      0xcc
#define RUN_TEXT_BYTES 1024

static void
open_rest(struct skb_rig *rig)
{
	maps_open(&rig->maps, &rig->b);
	rig->kept = script_open(&rig->b);
	samples_open(&rig->samples, &rig->b, maps_get(&rig->maps, PERF));
}

bool
skb_rig_open_emu(struct skb_rig *rig)
{
	backend_open_emu(&rig->b, xb_skb_register);
	open_rest(rig);
	return true;
}

/* Where that is not permitted the loopback of all serves. */
static void
enter_netns(void)
{
	struct ifreq req = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET)) {
		print_message("no network namespace: running in the one there is\n");
		return;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &req), 0);
	req.ifr_flags = (short)(req.ifr_flags | IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &req), 0);
	close(fd);
}

bool
skb_rig_open_kernel(struct skb_rig *rig)
{
	if (!backend_open_kernel(&rig->b))
		return false;
	enter_netns();
	open_rest(rig);
	return true;
}

void
skb_rig_close(struct skb_rig *rig)
{
	samples_close(&rig->samples);
	close(rig->kept);
	maps_close(&rig->maps);
	backend_close(&rig->b);
}

static void
test_run(struct skb_rig *rig, int prog, const struct skb_case *c, struct skb_out *out)
{
	u8 *data = calloc(1, RUN_BYTES);
	union bpf_attr attr;
	u32 bytes = packet_build(c->packet, data);

	assert_true(c->bytes <= RUN_BYTES);
	if (c->bytes && c->bytes < bytes)
		memset(data + c->bytes, 0, bytes - c->bytes);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.retval = 0x5a5a5a5a;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = c->bytes ? c->bytes : bytes;
	attr.test.data_out = (uintptr_t)out->data;
	attr.test.data_size_out = c->data_out_bytes ? c->data_out_bytes : RUN_BYTES;
	attr.test.flags = c->flags;
	attr.test.repeat = c->repeat;
	attr.test.cpu = c->cpu;
	attr.test.batch_size = c->batch_size;
	attr.test.ctx_in = (uintptr_t)c->ctx;
	if (c->ctx)
		attr.test.ctx_size_in = c->ctx_bytes ? c->ctx_bytes : (u32)sizeof(*c->ctx);
	attr.test.ctx_out = (uintptr_t)&out->ctx;
	attr.test.ctx_size_out = sizeof(out->ctx);
	out->ret = backend_bpf(&rig->b, BPF_PROG_TEST_RUN, &attr);
	out->retval = attr.test.retval;
	out->data_bytes = attr.test.data_size_out;
	out->ctx_bytes = attr.test.ctx_size_out;
	free(data);
}

static void
take_sample(struct skb_rig *rig, struct skb_out *out)
{
	struct samples *s = &rig->samples;

	samples_read(s);
	out->sample_cnt = s->cnt;
	out->sample_bytes = s->cnt ? s->bytes : 0;
	assert_true(out->sample_bytes <= sizeof(out->sample));
	memcpy(out->sample, s->data, out->sample_bytes);
}

void
case_run(struct skb_rig *rig, const struct skb_case *c, struct skb_out *out)
{
	memset(out, UNTOUCHED, sizeof(*out));
	out->backend = rig->b.name;
	out->load = script_load(&rig->maps, rig->kept, &c->script, rig->log, sizeof(rig->log));
	if (out->load < 0)
		return;
	script_reset(&rig->b, rig->kept, c->preset, c->preset_bytes);
	rig->samples.cnt = 0;
	test_run(rig, (int)out->load, c, out);
	script_read(&rig->b, rig->kept, &out->kept, out->buf);
	take_sample(rig, out);
	close((int)out->load);
	out->load = 0;
}

static u32
fail_row(const struct skb_case *c, const char *text)
{
	print_error("%s: %s\n", c->name, text);
	return 1;
}

/* Returns how many rows fail. */
static u32
run_all(struct skb_rig *rig, const struct skb_case *cases, u32 cnt, struct skb_out *outs)
{
	char text[RUN_TEXT_BYTES];
	u32 i, failed = 0;

	for (i = 0; i < cnt; i++) {
		case_run(rig, &cases[i], &outs[i]);
		if (!case_good(rig, &cases[i], &outs[i], text, sizeof(text)))
			failed += fail_row(&cases[i], text);
	}
	return failed;
}

/* What each backend made of the rows, against what the first one did. */
static u32
compare_all(const struct skb_case *cases, u32 cnt, const struct skb_out *outs, u32 ran)
{
	char text[RUN_TEXT_BYTES];
	u32 i, failed = 0;

	for (i = cnt; i < cnt * ran; i++)
		if (!case_same(&cases[i % cnt], &outs[i % cnt], &outs[i], text, sizeof(text)))
			failed += fail_row(&cases[i % cnt], text);
	return failed;
}

/* One backend after the other, as each wants the thread's CPU. */
void
skb_cases(const struct skb_case *cases, u32 cnt)
{
	bool (*const open[])(struct skb_rig *) = { skb_rig_open_kernel, skb_rig_open_kernel,
		                                   skb_rig_open_emu };
	struct skb_rig *rig = calloc(1, sizeof(*rig));
	struct skb_out *outs = calloc(cnt * XB_ARRAY_SIZE(open), sizeof(*outs));
	u32 i, ran = 0, failed = 0;

	assert_non_null(rig);
	assert_non_null(outs);
	for (i = 0; i < XB_ARRAY_SIZE(open); i++) {
		if (!open[i](rig))
			continue;
		failed += run_all(rig, cases, cnt, outs + cnt * ran++);
		skb_rig_close(rig);
	}
	failed += compare_all(cases, cnt, outs, ran);
	free(outs);
	free(rig);
	if (failed)
		fail_msg("%u failures in %u rows", failed, cnt);
	if (!ran)
		skip();
}
