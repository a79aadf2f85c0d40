/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/verify.h"

#include "bench/file.h"
#include "bench/native.h"
#include "bench/say.h"
#include "bench/worker.h"
#include "emu/json.h"
#include "emu/prog.h"
#include "lib/object.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECT_MAX_BYTES ((size_t)256 << 20)
#define LINES_SHOWN      24u

/* uapi's are in no header: enum bpf_log_level of the kernel's own. */
#define LOG_INSNS  1u
#define LOG_STATES 2u
#define LOG_STATS  4u

struct verifier {
	const struct xb_opts *cli;
	struct xb_file file;
	void *image;
	size_t bytes;
	struct xb_json json;
	int code;
};

enum verdict { ACCEPTED, REFUSED, NOT_LOADED };

static const char *const verdicts[] = {
	[ACCEPTED] = "accepted",
	[REFUSED] = "refused",
	[NOT_LOADED] = "not loaded",
};

/* One load of one program. The object is the caller's to free; NULL: it cannot be opened. */
static struct xb_object *
load(const struct verifier *v, const char *prog, u32 log_level, int *rc, struct xb_err *err)
{
	const struct xb_object_opts opts = {
		.path = v->file.name,
		.image = v->image,
		.bytes = v->bytes,
		.prog = prog,
		.type = v->cli->type,
		.want = XB_WANT_BARE,
		.frags = v->cli->frags,
		.alone = true,
	};
	struct xb_object *o = xb_object_open(NULL, &opts, err);

	*err = o ? XB_ERR_INIT : *err;
	if (!o)
		return NULL;
	*rc = xb_object_choose(o, err);
	if (*rc == 0) {
		bpf_program__set_log_level(o->chosen, log_level);
		*rc = xb_object_load(o, err);
	}
	return o;
}

/* The last lines of the log, or all of it. */
static void
print_log(const struct verifier *v, const char *log)
{
	size_t bytes = strlen(log);
	const char *from = log + bytes;
	u32 lines = 0;

	while (from > log && (v->cli->verbose || lines <= LINES_SHOWN))
		if (*--from == '\n' && from + 1 < log + bytes)
			lines++;
	if (from > log) {
		from = strchr(from + 1, '\n') + 1;
		fputs("    ...\n", stdout);
	}
	while (*from) {
		size_t n = strcspn(from, "\n");

		printf("    %.*s\n", (int)n, from);
		from += n + (from[n] == '\n');
	}
}

/* The error without what is said beside it. */
static const char *
reason(enum verdict verdict, const struct xb_err *err)
{
	static const char refuses[] = "refuses it: ";
	const char *text = strstr(err->msg, refuses);

	return verdict == REFUSED && text ? text + strlen(refuses) : err->msg;
}

static void
tell(struct verifier *v, const struct xb_object *o, enum verdict verdict, const struct xb_err *err)
{
	const struct bpf_program *prog = o->chosen;
	const char *type = xb_prog_type_name(bpf_program__type(prog));
	struct xb_json *j = &v->json;

	if (v->cli->json_out) {
		xb_json_open_object(j, NULL);
		xb_json_string(j, "name", bpf_program__name(prog));
		xb_json_string(j, "section", bpf_program__section_name(prog));
		xb_json_string(j, "type", type ? type : "unknown");
		xb_json_string(j, "verdict", verdicts[verdict]);
		if (verdict != ACCEPTED)
			xb_json_string(j, "error", reason(verdict, err));
		xb_json_string(j, "log", o->load_log);
		xb_json_close_object(j);
		return;
	}
	printf("%s: %s (%s): %s%s%s\n", v->file.name, bpf_program__name(prog),
	       type ? type : "unknown", verdicts[verdict], verdict == ACCEPTED ? "" : ": ",
	       verdict == ACCEPTED ? "" : reason(verdict, err));
	if (!v->cli->quiet)
		print_log(v, o->load_log);
}

static void
keep_code(struct verifier *v, enum verdict verdict)
{
	if (verdict == REFUSED && v->code == XB_EXIT_OK)
		v->code = XB_EXIT_FAILED;
	if (verdict == NOT_LOADED)
		v->code = XB_EXIT_LOAD;
}

/* The log is long, and slows the load down: it is asked for where it is wanted. */
static void
verify(struct verifier *v, const char *name)
{
	bool all = v->cli->verbose;
	struct xb_err err = XB_ERR_INIT;
	int rc = 0;
	struct xb_object *o = load(v, name, all ? LOG_STATES | LOG_STATS : LOG_STATS, &rc, &err);
	enum verdict verdict = ACCEPTED;

	if (o && rc != 0 && o->chosen && !all) {
		xb_object_free(o);
		o = load(v, name, LOG_INSNS | LOG_STATS, &rc, &err);
	}
	if (!o || !o->chosen) {
		xb_err_prefix(&err, "%s", v->file.name);
		v->code = xb_say_error(&err);
		xb_object_free(o);
		return;
	}
	if (rc != 0)
		verdict = o->refused ? REFUSED : NOT_LOADED;
	tell(v, o, verdict, &err);
	keep_code(v, verdict);
	xb_object_free(o);
}

/* All programs, by the names that they have in the object. */
static int
verify_all(struct verifier *v, struct xb_err *err)
{
	const struct xb_object_opts opts = {
		.path = v->file.name,
		.image = v->image,
		.bytes = v->bytes,
		.type = v->cli->type,
		.want = XB_WANT_BARE,
	};
	struct xb_object *o = xb_object_open(NULL, &opts, err);
	struct bpf_program *prog;

	if (!o)
		return xb_err_prefix(err, "%s", v->file.name);
	bpf_object__for_each_program(prog, o->bpf)
	{
		verify(v, bpf_program__name(prog));
	}
	xb_object_free(o);
	return 0;
}

static int
run(struct verifier *v, struct xb_err *err)
{
	if (xb_native_check(err) != 0)
		return -1;
	v->image = xb_file_read_all(&v->file, OBJECT_MAX_BYTES, &v->bytes, err);
	if (!v->image)
		return -1;
	if (v->cli->json_out) {
		if (xb_json_init(&v->json, STDOUT_FILENO, "standard output", err) != 0)
			return -1;
		xb_json_open_object(&v->json, NULL);
		xb_json_string(&v->json, "object", v->file.name);
		xb_json_open_array(&v->json, "programs");
	}
	if (v->cli->prog)
		verify(v, v->cli->prog);
	else if (verify_all(v, err) != 0)
		return -1;
	if (!v->cli->json_out)
		return 0;
	xb_json_close_array(&v->json);
	xb_json_close_object(&v->json);
	xb_json_newline(&v->json);
	return xb_json_flush(&v->json, err);
}

static int
work(const struct xb_worker *worker, void *arg)
{
	struct verifier *v = arg;
	struct xb_err err = XB_ERR_INIT;
	int code;

	(void)worker;
	alarm(0); /* of programs there may be many, and all of it is loading */
	code = run(v, &err) == 0 ? v->code : xb_say_error(&err);
	if (v->json.buf)
		xb_json_fini(&v->json);
	free(v->image);
	return code;
}

int
xb_verify_main(const struct xb_opts *cli)
{
	struct verifier v = { .cli = cli, .code = XB_EXIT_OK };
	struct xb_err err = XB_ERR_INIT;
	int code;

	if (xb_file_open_read(&v.file, cli->object, &err) != 0)
		return xb_say_error(&err);
	code = xb_worker_run(v.file.name, work, &v);
	xb_file_close(&v.file);
	return code;
}
