/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/run.h"

#include "bench/ctxrun.h"
#include "bench/ctxsave.h"
#include "bench/diff_run.h"
#include "bench/intake.h"
#include "bench/native.h"
#include "bench/lines.h"
#include "bench/maplive.h"
#include "bench/path.h"
#include "bench/replay.h"
#include "bench/say.h"
#include "bench/sinks.h"
#include "bench/summary.h"
#include "bench/worker.h"
#include "bench/worldfile.h"
#include "emu/pin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CTX_MAX_BYTES (16u << 20)

/* All that the command line names, open. */
struct files {
	struct xb_session_object objects[XB_STAGE_CNT];
	char *names[XB_STAGE_CNT]; /* of their files and programs, owned */
	u32 object_cnt;
	struct xb_file read, write, json, dump, ctx, record;
	struct xb_worldfile world;
	struct xb_mapinit *inits; /* cli->map_cnt */
};

struct job {
	const struct xb_opts *cli;
	struct xb_opts opts; /* what cli points to: with the context's file read */
	struct files files;
	struct xb_world *world; /* or NULL */
};

/* What the worker has made so far. */
struct work {
	const struct job *job;
	const struct xb_worker *worker;
	struct xb_session session;
	struct xb_reader *reader;
	struct xb_output *output;
	struct xb_json json, dump;
	bool has_json, has_dump;
	struct xb_ctxsave *save; /* or NULL */
	struct xb_stats stats;
	FILE *text; /* where the summary and the trace go */
	char comment[256];
};

static int
open_writers(struct files *f, const struct xb_opts *cli, struct xb_err *err)
{
	if (cli->write && xb_sinks_is_template(cli->write))
		f->write.name = cli->write;
	else if (cli->write && xb_file_open_write(&f->write, cli->write, err) != 0)
		return -1;
	if (cli->json && xb_file_open_write(&f->json, cli->json, err) != 0)
		return -1;
	if (cli->record && xb_file_open_write(&f->record, cli->record, err) != 0)
		return -1;
	if (cli->save_ctx && mkdir(cli->save_ctx, 0777) != 0 && errno != EEXIST)
		return xb_err_set(err, XB_ERR_FILE, "%s: cannot be made: %s", cli->save_ctx,
		                  strerror(errno));
	if (cli->dump_maps &&
	    xb_file_open_write(&f->dump, cli->dump_maps_file ? cli->dump_maps_file : "-", err) != 0)
		return -1;
	return 0;
}

static int
check_not_read(const struct job *job, const struct xb_file *out, struct xb_err *err)
{
	const struct files *f = &job->files;
	bool same = xb_file_same(out, &f->read) || xb_file_same(out, &f->ctx);

	same = same || xb_worldfile_has(&f->world, out);
	for (u32 i = 0; i < f->object_cnt; i++)
		same = same || xb_file_same(out, &f->objects[i].file);
	for (u32 i = 0; i < job->cli->map_cnt; i++)
		same = same || xb_file_same(out, &f->inits[i].file);
	if (same)
		return xb_err_set(err, XB_ERR_USAGE, "%s: is read, and would be overwritten",
		                  out->name);
	return 0;
}

/* No output may be an input, or two outputs the same file. */
static int
check_distinct(const struct job *job, struct xb_err *err)
{
	const struct xb_file *outs[] = { &job->files.write, &job->files.json, &job->files.dump,
		                         &job->files.record };

	for (size_t i = 0; i < XB_ARRAY_SIZE(outs); i++) {
		if (check_not_read(job, outs[i], err) != 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (xb_file_same(outs[i], outs[k]))
				return xb_err_set(err, XB_ERR_USAGE,
				                  "%s: is written by two options", outs[i]->name);
	}
	return 0;
}

/* The same for a file that is made later: of -w's template, of --save-ctx. */
static int
check_made(const void *arg, const struct xb_file *file, struct xb_err *err)
{
	const struct job *job = arg;

	if (xb_file_same(file, &job->files.json) || xb_file_same(file, &job->files.dump) ||
	    xb_file_same(file, &job->files.record))
		return xb_err_set(err, XB_ERR_FILE, "%s: is written by two options", file->name);
	return check_not_read(job, file, err);
}

/* Takes "FILE:PROGRAM" apart; a path that has the colon itself is one, as it is there. */
static int
open_object(struct files *f, const char *arg, const char *prog, enum xb_stage_kind kind,
            struct xb_err *err)
{
	u32 i = f->object_cnt++;
	struct xb_session_object *object = &f->objects[i];
	char *colon;

	object->kind = kind;
	object->prog = prog;
	object->file = XB_FILE_NONE;
	f->names[i] = strdup(arg);
	if (!f->names[i])
		return xb_err_errno(err, ENOMEM, "%s", arg);
	colon = prog ? NULL : strrchr(f->names[i], ':');
	if (colon && !strchr(colon, '/') && access(arg, F_OK) != 0) {
		*colon = 0;
		object->prog = colon + 1;
	}
	return xb_file_open_read(&object->file, f->names[i], err);
}

static int
open_objects(struct files *f, const struct xb_opts *cli, struct xb_err *err)
{
	if (!cli->staged)
		return open_object(f, cli->object, cli->prog ? cli->prog : NULL, XB_STAGE_XDP, err);
	for (u32 i = 0; i < XB_STAGE_CNT; i++)
		if (cli->stages[i] &&
		    open_object(f, cli->stages[i], NULL, (enum xb_stage_kind)i, err) != 0)
			return -1;
	return 0;
}

/* Without a capture the context is what is run: its packet, as a capture of one; or by itself. */
static int
take_alone(struct job *job, struct xb_err *err)
{
	const struct xb_context *inner = xb_ctx_inner(job->opts.context);
	const u8 *data;
	u32 bytes;

	if (!inner)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "there is no \"subContext\" to run, and no capture (-r FILE)");
	if (!xb_ctx_fields(inner)) {
		job->opts.bare = true;
		return 0;
	}
	if (!xb_ctx_packet(inner, &data, &bytes))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "there is no packet in it to run, and no capture (-r FILE)");
	if (xb_ctx_take(&job->opts.ctx, job->opts.context, err) != 0)
		return -1;
	return xb_ctxrun_capture(data, bytes, &job->files.read, job->files.ctx.name, err);
}

static int
read_ctx_file(struct job *job, struct xb_err *err)
{
	const struct xb_file *file = &job->files.ctx;
	size_t bytes;
	char *text;
	int rc;

	if (!job->cli->ctx_file)
		return 0;
	text = xb_file_read_all(file, CTX_MAX_BYTES, &bytes, err);
	if (!text)
		return -1;
	job->opts.context = xb_context_parse(NULL, text, bytes, err);
	free(text);
	rc = job->opts.context ? 0 : -1;
	if (rc == 0)
		rc = job->cli->read ? xb_ctx_take(&job->opts.ctx, job->opts.context, err)
		                    : take_alone(job, err);
	return rc == 0 ? 0 : xb_err_prefix(err, "%s", file->name);
}

/* Without an object: what the world has attached to the interface that packets come in by. */
static int
take_attached(struct job *job, struct xb_err *err)
{
	struct xb_opts *opts = &job->opts;
	u32 ifindex = opts->ctx.ingress_ifindex ? opts->ctx.ingress_ifindex : opts->ctx.skb.ifindex;
	const struct xb_world_link *link;

	if (opts->object || opts->staged)
		return 0;
	link = xb_world_link(job->world, ifindex ? ifindex : 1);
	if (!link || (!link->xdp[0] && !link->tc[0]))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "no object file given, and the world has nothing attached to "
		                  "interface %u (--ctx ingress_ifindex=N)",
		                  ifindex ? ifindex : 1);
	opts->staged = true;
	opts->stages[XB_STAGE_XDP] = link->xdp[0] ? link->xdp : NULL;
	opts->stages[XB_STAGE_TC] = link->tc[0] ? link->tc : NULL;
	return 0;
}

static int
read_world(struct job *job, struct xb_err *err)
{
	const struct xb_opts *cli = job->cli;

	if (cli->ctx_file && xb_file_open_read(&job->files.ctx, cli->ctx_file, err) != 0)
		return -1;
	if (xb_worldfile_open(&job->files.world, cli->world, cli->world_from, err) != 0 ||
	    read_ctx_file(job, err) != 0 ||
	    xb_worldfile_read(&job->files.world, &job->world, err) != 0)
		return -1;
	return take_attached(job, err);
}

static int
open_files(struct job *job, struct xb_err *err)
{
	const struct xb_opts *cli = job->cli;
	struct files *f = &job->files;

	*f = (struct files){ .read = XB_FILE_NONE,
		             .write = XB_FILE_NONE,
		             .json = XB_FILE_NONE,
		             .dump = XB_FILE_NONE,
		             .ctx = XB_FILE_NONE,
		             .record = XB_FILE_NONE };
	f->inits = calloc(cli->map_cnt + 1, sizeof(*f->inits));
	if (!f->inits)
		return xb_err_errno(err, ENOMEM, "maps");
	if (read_world(job, err) != 0 || open_objects(f, cli, err) != 0 ||
	    (cli->read && xb_file_open_read(&f->read, cli->read, err) != 0))
		return -1;
	for (u32 i = 0; i < cli->map_cnt; i++)
		if (xb_mapinit_open(&f->inits[i], cli->maps[i], err) != 0)
			return -1;
	if (open_writers(f, cli, err) != 0)
		return -1;
	return check_distinct(job, err);
}

static void
close_files(struct files *f, const struct xb_opts *cli)
{
	for (u32 i = 0; f->inits && i < cli->map_cnt; i++)
		if (f->inits[i].arg)
			xb_mapinit_close(&f->inits[i]);
	free(f->inits);
	for (u32 i = 0; i < f->object_cnt; i++) {
		xb_file_close(&f->objects[i].file);
		free(f->names[i]);
	}
	xb_file_close(&f->read);
	xb_file_close(&f->write);
	xb_file_close(&f->json);
	xb_file_close(&f->dump);
	xb_file_close(&f->ctx);
	xb_file_close(&f->record);
	xb_worldfile_close(&f->world);
}

/* The section's comment: the programs. */
static void
describe(struct work *w)
{
	size_t len = 0;

	for (u32 i = 0; i < XB_STAGE_CNT && len < sizeof(w->comment); i++) {
		const struct xb_stage *stage = &w->session.stages[i];

		if (stage->object)
			len += (size_t)snprintf(w->comment + len, sizeof(w->comment) - len,
			                        "%s%.128s: %s", len ? ", " : "",
			                        stage->object->opts.path, stage->prog->func_name);
	}
}

static int
open_json(struct work *w, struct xb_err *err)
{
	const struct files *f = &w->job->files;
	const struct xb_ctxsave_opts save = { .cli = w->job->cli,
		                              .emu = w->session.emu,
		                              .record = f->record,
		                              .check = check_made,
		                              .check_arg = w->job };

	if (f->json.name) {
		if (xb_file_start(&f->json, err) != 0 ||
		    xb_json_init(&w->json, f->json.fd, f->json.name, err) != 0)
			return -1;
		w->has_json = true;
	}
	if (f->dump.name) {
		if (xb_file_start(&f->dump, err) != 0 ||
		    xb_json_init(&w->dump, f->dump.fd, f->dump.name, err) != 0)
			return -1;
		w->has_dump = true;
	}
	if (!f->record.name && !w->job->cli->save_ctx)
		return 0;
	w->save = xb_ctxsave_open(&save, err);
	return w->save ? 0 : -1;
}

/* Opens what comes after the object: the capture, and what is written. */
static int
open_outputs(struct work *w, struct xb_err *err)
{
	const struct files *f = &w->job->files;
	struct xb_output_opts opts = { .cli = w->job->cli,
		                       .file = f->write,
		                       .comment = w->comment,
		                       .check = check_made,
		                       .check_arg = w->job };

	if (w->job->cli->bare)
		return open_json(w, err);
	w->reader = xb_reader_open(f->read.fd, f->read.name, err);
	if (!w->reader)
		return -1;
	/* Nothing is written yet: until here a signal may end the process, and a wait for input. */
	xb_worker_catch_stop();
	xb_reader_set_stop(w->reader, w->worker->stop);
	if (xb_intake_check(w->job->cli, w->reader, err) != 0)
		return -1;
	opts.reader = w->reader;
	opts.world = w->session.emu->world;
	opts.ifindex = xb_path_came_in_by(w->job->cli, &w->session);
	describe(w);
	if (f->write.name && !(w->output = xb_output_open(&opts, err)))
		return -1;
	return open_json(w, err);
}

/* Text goes to standard output, unless something else does, by whatever name (/dev/stdout). */
static FILE *
text_stream(const struct files *f)
{
	bool taken = xb_file_is_stdout(&f->write) || xb_file_is_stdout(&f->json) ||
	             xb_file_is_stdout(&f->dump);

	return taken ? stderr : stdout;
}

/* Says an error; the first one's exit code stays. */
static void
keep_error(int *code, const struct xb_err *err)
{
	int this_code = xb_say_error(err);

	if (*code == XB_EXIT_OK)
		*code = this_code;
}

/* The lines of maps and the summary, and pins. */
static void
finish_lines(struct work *w, int *code)
{
	bool broken = w->has_json && w->json.errnum;
	struct xb_err err = XB_ERR_INIT;

	if (w->session.native && (w->has_json || w->has_dump) &&
	    xb_native_take_maps(w->session.native, &err) != 0)
		keep_error(code, &err);
	xb_stats_sort_targets(&w->stats);
	if (w->has_json && !broken) {
		if (xb_lines_maps(&w->json, &w->session, &err) != 0)
			keep_error(code, &err);
		xb_lines_summary(&w->json, &w->session, &w->stats);
		if (xb_json_flush(&w->json, &err) != 0)
			keep_error(code, &err);
	}
	if (w->has_dump &&
	    (xb_lines_maps(&w->dump, &w->session, &err) != 0 || xb_json_flush(&w->dump, &err) != 0))
		keep_error(code, &err);
	if (w->job->cli->pin_dir && xb_pin_save(w->session.emu, &err) != 0)
		keep_error(code, &err);
	if (xb_maplive_check(&w->session, &err) != 0)
		keep_error(code, &err);
}

/* Everything that is due after the last packet, whatever happened to it. */
static void
finish(struct work *w, bool interrupted, int *code)
{
	const struct xb_opts *cli = w->job->cli;
	const struct xb_summary_opts summary = {
		.session = &w->session,
		.interrupted = interrupted,
	};
	struct xb_err err = XB_ERR_INIT;

	if (xb_output_close(w->output, &err) != 0 && *code == XB_EXIT_OK)
		keep_error(code, &err);
	w->output = NULL;
	finish_lines(w, code);
	if (!cli->quiet)
		xb_summary_print(w->text, &summary, &w->stats);
}

/* Why the exit code is 4, also where nobody reads the summary. */
static void
say_faults(const struct work *w)
{
	const struct xb_fault_site *first = &w->stats.sites[0];
	unsigned long long faults = w->stats.faults;
	char place[512];

	xb_summary_place(first->prog, first->pc, place, sizeof(place));
	xb_say("%s: %llu fault%s, the first in packet %llu: %s: %s, at %s",
	       xb_session_object(&w->session, first->prog)->opts.path, faults,
	       faults == 1 ? "" : "s", (unsigned long long)first->first_packet,
	       xb_fault_kind_name(first->kind), first->message, place);
}

/* The same for exit code 1 of --strict. */
static void
say_linted(const struct work *w)
{
	unsigned long long linted = w->stats.linted;

	xb_say("%s: %llu packet%s with a checksum or length that was right before the program, and "
	       "wrong after it",
	       xb_session_first(&w->session)->object->opts.path, linted, linted == 1 ? "" : "s");
}

static int
replay(struct work *w)
{
	const struct xb_opts *cli = w->job->cli;
	const struct xb_replay_opts opts = {
		.cli = cli,
		.session = &w->session,
		.reader = w->reader,
		.capture = w->job->files.read.name,
		.output = w->output,
		.json = w->has_json ? &w->json : NULL,
		.trace = cli->trace ? w->text : NULL,
		.save = w->save,
		.stop = w->worker->stop,
	};
	struct xb_err err = XB_ERR_INIT;
	int code = XB_EXIT_OK;
	bool interrupted;

	if (xb_replay(&opts, &w->stats, &err) != 0 ||
	    (w->save && xb_ctxsave_finish(w->save, w->stats.ran, &err) != 0))
		keep_error(&code, &err);
	if (err.kind == XB_ERR_USAGE)
		return code;
	interrupted = *w->worker->stop != 0;
	finish(w, interrupted, &code);
	if (code == XB_EXIT_OK && interrupted)
		code = XB_EXIT_INTERRUPTED;
	if (code == XB_EXIT_OK && w->stats.faults && !cli->faults_count) {
		say_faults(w);
		code = XB_EXIT_FAULT;
	}
	if (code == XB_EXIT_OK && cli->strict && w->stats.linted) {
		say_linted(w);
		code = XB_EXIT_FAILED;
	}
	return code;
}

/* The replay by the kernel, with the emulator beside it. */
static int
run_diff(struct work *w, const struct xb_session_opts *twin)
{
	const struct xb_diff_run_opts opts = {
		.diff = { .cli = w->job->cli,
		          .session = &w->session,
		          .twin = twin,
		          .json = w->has_json ? &w->json : NULL },
		.replay = { .cli = w->job->cli,
		            .session = &w->session,
		            .reader = w->reader,
		            .capture = w->job->files.read.name,
		            .stop = w->worker->stop },
		.text = w->text,
	};

	return xb_diff_run(&opts, &w->stats);
}

/* One context without a packet. */
static int
run_bare(struct work *w)
{
	const struct xb_ctxrun_opts opts = {
		.cli = w->job->cli,
		.session = &w->session,
		.json = w->has_json ? &w->json : NULL,
		.text = w->job->cli->quiet ? NULL : w->text,
		.save = w->save,
		.file = w->job->files.ctx.name,
	};
	const struct xb_opts *cli = w->job->cli;
	struct xb_err err = XB_ERR_INIT;
	int code = XB_EXIT_OK;

	if (xb_ctxrun(&opts, &w->stats, &err) != 0)
		return xb_say_error(&err);
	finish_lines(w, &code);
	if (code == XB_EXIT_OK && w->stats.faults && !cli->faults_count)
		code = XB_EXIT_FAULT;
	return code;
}

static int
work(const struct xb_worker *worker, void *arg)
{
	const struct job *job = arg;
	struct work *w = calloc(1, sizeof(*w));
	const struct xb_session_opts opts = { .cli = job->cli,
		                              .objects = job->files.objects,
		                              .object_cnt = job->files.object_cnt,
		                              .inits = job->files.inits,
		                              .world = job->world };
	struct xb_err err = XB_ERR_INIT;
	int code;

	if (!w)
		return XB_EXIT_USAGE;
	w->job = job;
	w->worker = worker;
	if ((job->cli->engine == XB_ENGINE_KERNEL && xb_native_check(&err) != 0) ||
	    xb_session_open(&w->session, &opts, &err) != 0) {
		code = xb_say_error(&err);
		free(w);
		return code;
	}
	xb_worker_loaded(worker);
	w->text = text_stream(&job->files);
	if (open_outputs(w, &err) != 0 || xb_stats_init(&w->stats, job->cli->staged, &err) != 0)
		code = xb_say_error(&err);
	else if (job->cli->command == XB_COMMAND_DIFF)
		code = run_diff(w, &opts);
	else
		code = job->cli->bare ? run_bare(w) : replay(w);
	xb_output_close(w->output, &err);
	xb_reader_close(w->reader);
	if (w->has_json)
		xb_json_fini(&w->json);
	if (w->has_dump)
		xb_json_fini(&w->dump);
	xb_ctxsave_close(w->save);
	xb_stats_fini(&w->stats);
	xb_session_close(&w->session);
	free(w);
	return code;
}

int
xb_run_main(const struct xb_opts *cli)
{
	struct job job = { .opts = *cli };
	struct xb_err err = XB_ERR_INIT;
	int code;

	job.cli = &job.opts;
	if (open_files(&job, &err) != 0)
		code = xb_say_error(&err);
	else
		code = xb_worker_run(job.files.objects[0].file.name, work, &job);
	xb_world_free(job.world);
	close_files(&job.files, cli);
	xb_context_free(job.opts.context);
	return code;
}
