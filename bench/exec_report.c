/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/exec_report.h"

#include "lib/preload.h"
#include "vm/types.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct row {
	const char *kind, *what; /* point into the text */
	int errnum;
	unsigned long cnt;
};

struct rows {
	struct row *rows;
	size_t cnt, cap;
};

int
xb_exec_report_open(struct xb_exec_report *r, const char *file, struct xb_err *err)
{
	char text[96];
	struct stat st;

	r->file = file;
	r->to = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (file && r->to < 0)
		return xb_err_errno(err, errno, "%s", file);
	r->fd = memfd_create("xdpbench-report", 0);
	if (r->fd < 0 || fstat(r->fd, &st) || fcntl(r->fd, F_SETFL, O_APPEND) < 0)
		return xb_err_errno(err, errno, "report");
	snprintf(text, sizeof(text), "%d:%llu:%llu", r->fd, (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	if (setenv(PRELOAD_ENV_REPORT, text, 1))
		return xb_err_errno(err, errno, "report");
	return 0;
}

void
xb_exec_report_close(struct xb_exec_report *r)
{
	close(r->fd);
	if (r->to >= 0)
		close(r->to);
}

/* Everything that was written, with a NUL at its end; NULL: no memory. */
static char *
read_text(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st))
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	text[n > 0 ? n : 0] = 0;
	return text;
}

/* "kind, what, errno, count" with tabs between; false: no such line. */
static bool
parse(char *line, struct row *row)
{
	char *fields[4];

	for (u32 i = 0; i < XB_ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			return false;
	}
	*row = (struct row){
		.kind = fields[0],
		.what = fields[1],
		.errnum = atoi(fields[2]),
		.cnt = strtoul(fields[3], NULL, 10),
	};
	return true;
}

static int
count(struct rows *rows, const struct row *new)
{
	struct row *r;

	for (size_t i = 0; i < rows->cnt; i++) {
		r = &rows->rows[i];
		if (r->errnum == new->errnum && !strcmp(r->kind, new->kind) &&
		    !strcmp(r->what, new->what)) {
			r->cnt += new->cnt;
			return 0;
		}
	}
	if (rows->cnt == rows->cap) {
		size_t cap = rows->cap ? 2 * rows->cap : 64;

		r = realloc(rows->rows, cap * sizeof(*r));
		if (!r)
			return -1;
		rows->rows = r;
		rows->cap = cap;
	}
	rows->rows[rows->cnt++] = *new;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int by_kind = strcmp(x->kind, y->kind);

	if (by_kind)
		return by_kind;
	if (x->cnt != y->cnt)
		return x->cnt > y->cnt ? -1 : 1;
	return strcmp(x->what, y->what);
}

static int
collect(char *text, struct rows *rows)
{
	char *line;
	struct row row;

	while ((line = strsep(&text, "\n")))
		if (parse(line, &row) && count(rows, &row) != 0)
			return -1;
	if (rows->cnt)
		qsort(rows->rows, rows->cnt, sizeof(*rows->rows), compare);
	return 0;
}

static const char *
errno_name(int errnum)
{
	const char *name = strerrorname_np(errnum);

	if (name)
		return name;
	return errnum == 524 ? "ENOTSUPP" : "-";
}

static void
print(FILE *to, const struct rows *rows)
{
	if (!rows->cnt)
		fprintf(to, "xdpbench: the command needed nothing that is not emulated\n");
	else
		fprintf(to, "xdpbench: not emulated, and faults:\n");
	for (size_t i = 0; i < rows->cnt; i++) {
		const struct row *r = &rows->rows[i];

		fprintf(to, "  %6lu  %s: %s%s%s\n", r->cnt, r->kind, r->what, r->errnum ? ": " : "",
		        r->errnum ? errno_name(r->errnum) : "");
	}
}

int
xb_exec_report_write(struct xb_exec_report *r, struct xb_err *err)
{
	struct rows rows = { .cnt = 0 };
	char *text = read_text(r->fd);
	FILE *to = r->file ? fdopen(r->to, "w") : stderr;
	int rc = 0;

	if (!text || collect(text, &rows) != 0)
		rc = xb_err_errno(err, ENOMEM, "report");
	else if (!to)
		rc = xb_err_errno(err, errno, "%s", r->file);
	else
		print(to, &rows);
	if (to && to != stderr)
		r->to = -1;
	if (to && to != stderr && fclose(to) && rc == 0)
		rc = xb_err_errno(err, errno, "%s", r->file);
	free(rows.rows);
	free(text);
	return rc;
}
