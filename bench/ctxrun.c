/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/ctxrun.h"

#include "bench/lines.h"
#include "bench/say.h"
#include "bench/summary.h"
#include "lib/bind.h"
#include "vm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCAP_NS_MAGIC 0xa1b23c4du
#define PCAP_SNAPLEN  262144u
#define PCAP_ETHERNET 1u

static bool
write_all(int fd, const void *data, size_t bytes)
{
	return bytes == 0 || write(fd, data, bytes) == (ssize_t)bytes;
}

int
xb_ctxrun_capture(const u8 *data, u32 bytes, struct xb_file *file, const char *name,
                  struct xb_err *err)
{
	const u32 head[10] = {
		/* Of the file: magic, version 2.4, zone, accuracy, ... */
		PCAP_NS_MAGIC,
		2 | 4 << 16,
		0,
		0,
		PCAP_SNAPLEN,
		PCAP_ETHERNET,
		/* ... and of the packet. */
		(u32)(XB_CTXRUN_NS / 1000000000),
		(u32)(XB_CTXRUN_NS % 1000000000),
		bytes,
		bytes,
	};
	int fd = memfd_create("context", MFD_CLOEXEC);

	if (fd < 0)
		return xb_err_errno(err, errno, "packet");
	if (!write_all(fd, head, sizeof(head)) || !write_all(fd, data, bytes) ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		xb_err_errno(err, errno, "packet");
		close(fd);
		return -1;
	}
	*file = (struct xb_file){ .name = name, .fd = fd };
	return 0;
}

struct run {
	const struct xb_ctxrun_opts *opts;
	const struct xb_bpf_prog *prog;
	struct xb_notes notes;
	struct xb_bound *bound;
	struct xb_bound_out out;
	struct xb_stats *stats;
};

/* For xb_playback_opts. */
static void
note(void *arg, struct xb_proc *proc, const char *text)
{
	(void)arg;
	(void)proc;
	xb_say("%s", text);
}

static void
set_clock(const struct xb_opts *cli, struct xb_clock *clock)
{
	clock->now_ns = cli->clock == XB_CLOCK_FIXED ? cli->clock_ns : XB_CTXRUN_NS;
}

static int
write_json(const struct run *r, struct xb_err *err)
{
	const struct xb_lines_context line = {
		.session = r->opts->session,
		.r0 = r->out.r0,
		.insns = r->out.insns,
		.fault = r->out.fault,
		.notes = &r->notes,
	};
	struct xb_context *after = xb_bound_save(r->bound, err);
	size_t bytes = 0;
	char *text = after ? xb_context_print(after, &bytes, err) : NULL;

	xb_context_free(after);
	if (!text)
		return -1;
	xb_lines_context(r->opts->json, &line, text, bytes - 1); /* without its newline */
	free(text);
	return 0;
}

static void
tell(const struct run *r)
{
	const struct xb_fault *fault = r->out.fault;
	const char *path = xb_session_first(r->opts->session)->object->opts.path;
	char place[512];

	if (fault) {
		xb_stats_fault(r->stats, fault, 1);
		xb_summary_place(fault->prog, fault->pc, place, sizeof(place));
		xb_say("%s: %s: %s, at %s", r->opts->file, xb_fault_kind_name(fault->kind),
		       fault->message, place);
	}
	if (!r->opts->text)
		return;
	fprintf(r->opts->text, "%s: %s: ", path, r->prog->func_name);
	if (fault)
		fprintf(r->opts->text, "stopped by a fault");
	else
		fprintf(r->opts->text, "returned %lld", (long long)r->out.r0);
	fprintf(r->opts->text, ", %llu instructions\n", (unsigned long long)r->out.insns);
	for (u32 i = 0; r->opts->cli->trace && i < r->notes.cnt; i++)
		if (!r->notes.notes[i].map)
			fprintf(r->opts->text, "    %.*s\n", (int)r->notes.notes[i].bytes,
			        (const char *)r->notes.buf + r->notes.notes[i].off);
}

static int
run(struct run *r, struct xb_err *err)
{
	const struct xb_opts *cli = r->opts->cli;
	struct xb_session *session = r->opts->session;

	if (xb_session_listen(session, &r->notes, !cli->no_events, err) != 0)
		return -1;
	set_clock(cli, &session->emu->clock);
	if (r->opts->save)
		xb_ctxsave_begin(r->opts->save);
	if (xb_bound_run(r->bound, &r->out, err) != 0)
		return -1;
	if (r->opts->save &&
	    (xb_ctxsave_context(r->opts->save, xb_ctx_inner(cli->context), 1, err) != 0 ||
	     xb_ctxsave_finish(r->opts->save, 1, err) != 0))
		return -1;
	xb_session_collect(session, &r->notes);
	xb_stats_insns(&r->stats->insns, r->out.insns, 1);
	if (r->opts->json && write_json(r, err) != 0)
		return -1;
	tell(r);
	return 0;
}

int
xb_ctxrun(const struct xb_ctxrun_opts *opts, struct xb_stats *stats, struct xb_err *err)
{
	const struct xb_opts *cli = opts->cli;
	struct run r = {
		.opts = opts,
		.prog = xb_session_first(opts->session)->prog,
		.stats = stats,
		.notes = { .keep_text = opts->json || cli->trace,
		           .keep_events = opts->json != NULL },
	};
	const struct xb_bound_opts bound = {
		.context = cli->context,
		.emu = opts->session->emu,
		.prog = r.prog,
		.playback = { .strict = cli->captured_strict,
		              .emulate = cli->captured_emulate,
		              .note = cli->quiet ? NULL : note },
	};
	int rc = -1;

	r.bound = xb_bound_new(&bound, err);
	if (r.bound)
		rc = run(&r, err);
	else
		xb_err_prefix(err, "%s", opts->file);
	xb_bound_free(r.bound);
	xb_notes_fini(&r.notes);
	opts->session->emu->hooks = (struct xb_emu_hooks){ 0 };
	return rc;
}
