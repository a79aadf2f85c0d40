/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_error.c - what libbpf said, and one sentence made of it.
 */
#include "lib/object_priv.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* Whose messages libbpf prints just now: its callback has no argument to say so. */
static _Thread_local struct xb_object *listening;

static int listen_to_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
        XB_PRINTF(2, 0);

static int
listen_to_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct xb_object *o = listening;
	char text[2048];
	va_list copy;
	int n;

	if (!o || level == LIBBPF_DEBUG)
		return 0;
	if (o->opts.print) {
		va_copy(copy, ap);
		vsnprintf(text, sizeof(text), fmt, copy);
		va_end(copy);
		o->opts.print(text);
	}
	if (level != LIBBPF_WARN || o->said_bytes >= OBJECT_SAID_BYTES - 1)
		return 0;
	n = vsnprintf(o->said + o->said_bytes, OBJECT_SAID_BYTES - o->said_bytes, fmt, ap);
	if (n > 0)
		o->said_bytes += (size_t)n;
	if (o->said_bytes >= OBJECT_SAID_BYTES)
		o->said_bytes = OBJECT_SAID_BYTES - 1;
	return 0;
}

void
object_listen(struct xb_object *o, bool on)
{
	listening = on ? o : NULL;
	if (!on) {
		libbpf_set_print(o->print_before);
		return;
	}
	o->print_before = libbpf_set_print(listen_to_libbpf);
	o->said[0] = 0;
	o->said_bytes = 0;
}

/* Whether a line of libbpf's says nothing that another has not said before or better. */
static bool
is_chatter(const char *line)
{
	static const char *const chatter[] = { "failed to load object", "Retrying without",
		                               "-- BEGIN", "-- END" };

	for (size_t i = 0; i < XB_ARRAY_SIZE(chatter); i++)
		if (strstr(line, chatter[i]))
			return true;
	return line[0] == 0;
}

const char *
object_said(struct xb_object *o)
{
	char *rest = o->said, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (is_chatter(line))
			continue;
		return strncmp(line, "libbpf: ", 8) ? line : line + 8;
	}
	return NULL;
}

/* Whether libbpf could not load the program of this name; *end is behind the name's quote. */
static bool
failed_program(const char *said, const char *name, const char **end)
{
	*end = strstr(said, "': BPF program load failed");
	if (!*end || strncmp(said, "prog '", 6) != 0)
		return false;
	++*end;
	return name && (size_t)(*end - said) == strlen(name) + 7 &&
	       !strncmp(said + 6, name, strlen(name));
}

/* Whether `said` is of this map, and that it could not be made. */
static bool
is_map_refused(const char *said, const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	size_t len = strlen(name);

	return !strncmp(said, "map '", 5) && !strncmp(said + 5, name, len) &&
	       !strncmp(said + 5 + len, "': failed to create: ", 21);
}

/* The last word where libbpf's own tell too little, or the wrong thing; else "". */
static const char *
reason(const struct xb_object *o, const char *said)
{
	const struct bpf_map *map;

	if (!strncmp(said, "extern (func ksym) '", 20))
		return ": this kernel function is not emulated";
	if (!strncmp(said, "extern (var ksym) '", 19))
		return ": variables of the kernel are not emulated";
	if (!strncmp(said, "couldn't retrieve pinned", 24) && strstr(said, strerror(EINVAL)))
		return ": the file is no pinned map";
	bpf_object__for_each_map(map, o->bpf)
	{
		if (is_map_refused(said, map) && bpf_map__max_entries(map) == 0)
			return ": max_entries is 0, maybe left to the loader it was written for";
	}
	return "";
}

/* libbpf's words, with the directory that stands for bpffs in place of it. */
static int
load_error_said(const struct xb_object *o, const char *said, struct xb_err *err)
{
	const char *dir = o->emu ? o->emu->pin_dir : NULL,
	           *pin = dir ? strstr(said, "/sys/fs/bpf/") : NULL;

	return xb_err_set(err, XB_ERR_LOAD, "cannot be loaded: %.*s%s%s%s",
	                  pin ? (int)(pin - said) : 0, said, pin ? dir : "", pin ? pin + 11 : said,
	                  reason(o, said));
}

/* Whether a line is one that the verifier ends with, beside what it found. */
static bool
is_statistics(const char *line)
{
	static const char *const starts[] = { "processed ",  "verification time ", "stack depth ",
		                              "max_states_", "cur state:",         "old state:" };

	for (size_t i = 0; i < XB_ARRAY_SIZE(starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	return line[0] == 0;
}

/* What the kernel's verifier found: the log's last line that says something. "": it has none. */
static void
verifier_reason(const char *log, char *text, size_t bytes)
{
	const char *last = "", *line = log;

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (!is_statistics(line) && len)
			last = line;
		line += len + (line[len] == '\n');
	}
	snprintf(text, bytes, "%.*s", (int)strcspn(last, "\n"), last);
}

/* The instruction and the source line that the log came to before the end. */
static void
verifier_place(const char *log, char *text, size_t bytes)
{
	const char *source = "", *insn = "", *line = log;

	while (*line) {
		size_t len = strcspn(line, "\n"), digits = strspn(line, "0123456789");

		if (*line == ';')
			source = line + 1 + strspn(line + 1, " @");
		else if (digits && line[digits] == ':' && strchr(line, '(') &&
		         strchr(line, '(') < line + len)
			insn = line;
		line += len + (line[len] == '\n');
	}
	snprintf(text, bytes, "%s%.*s%s%.*s%s", *insn ? ", at insn " : "",
	         (int)strcspn(insn, ";\n"), insn, *source ? " (" : "", (int)strcspn(source, "\n"),
	         source, *source ? ")" : "");
}

/* `said` up to `end` names the program. */
static int
kernel_load_error(struct xb_object *o, const char *said, const char *end, int errnum,
                  struct xb_err *err)
{
	char reason_text[256], place[256];

	verifier_reason(o->load_log, reason_text, sizeof(reason_text));
	verifier_place(o->load_log, place, sizeof(place));
	if (!reason_text[0])
		return xb_err_set(err, XB_ERR_LOAD, "%.*s: the kernel does not load it: %s",
		                  (int)(end - said), said, strerror(errnum));
	o->refused = true;
	return xb_err_set(err, XB_ERR_LOAD, "%.*s: the kernel's verifier refuses it: %s%s",
	                  (int)(end - said), said, reason_text, place);
}

int
object_load_error(struct xb_object *o, int errnum, struct xb_err *err)
{
	const char *said = object_said(o), *end;
	size_t log_bytes = strcspn(o->load_log, "\n");
	bool chosen;

	if (!said)
		return xb_err_set(err, XB_ERR_LOAD, "cannot be loaded: %s", strerror(errnum));
	chosen = failed_program(said, o->chosen ? bpf_program__name(o->chosen) : NULL, &end);
	if (!end)
		return load_error_said(o, said, err);
	if (!chosen)
		o->other_failed = strndup(said + 6, (size_t)(end - said) - 7);
	if (!o->emu)
		return kernel_load_error(o, said, end, errnum, err);
	if (!log_bytes)
		return xb_err_set(err, XB_ERR_LOAD, "%.*s: cannot be loaded: %s", (int)(end - said),
		                  said, strerror(errnum));
	return xb_err_set(err, XB_ERR_LOAD, "%.*s: %.*s", (int)(end - said), said, (int)log_bytes,
	                  o->load_log);
}
