/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/worldfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORLD_MAX_BYTES ((size_t)256 << 20)

/* A file that is not there is left out. */
static int
open_member(struct xb_worldfile *f, const char *name, struct xb_err *err)
{
	char **path = &f->paths[f->file_cnt];

	if (asprintf(path, "%s/%s", f->dir, name) < 0) {
		*path = NULL;
		return xb_err_errno(err, ENOMEM, "%s", f->dir);
	}
	if (access(*path, F_OK) != 0 && errno == ENOENT) {
		free(*path);
		*path = NULL;
		return 0;
	}
	f->files[f->file_cnt] = XB_FILE_NONE;
	return xb_file_open_read(&f->files[f->file_cnt++], *path, err);
}

static int
open_dir(struct xb_worldfile *f, struct xb_err *err)
{
	const char *name;

	if (access(f->dir, F_OK) != 0)
		return xb_err_set(err, XB_ERR_FILE, "%s: cannot be opened: %s", f->dir,
		                  strerror(errno));
	for (u32 i = 0; (name = xb_world_file_name(i)) != NULL; i++)
		if (open_member(f, name, err) != 0)
			return -1;
	if (f->file_cnt)
		return 0;
	return xb_err_set(err, XB_ERR_FILE, "%s: has no file that is known, such as %s", f->dir,
	                  xb_world_file_name(1));
}

int
xb_worldfile_open(struct xb_worldfile *f, const char *file, const char *dir, struct xb_err *err)
{
	*f = (struct xb_worldfile){ .dir = dir };
	if (file) {
		f->files[0] = XB_FILE_NONE;
		f->file_cnt = 1;
		return xb_file_open_read(&f->files[0], file, err);
	}
	return dir ? open_dir(f, err) : 0;
}

/* All of a directory's files: their names for the parser are those without the directory. */
static int
read_members(const struct xb_worldfile *f, struct xb_world_file *texts, struct xb_err *err)
{
	for (u32 i = 0; i < f->file_cnt; i++) {
		texts[i].name = strrchr(f->paths[i], '/') + 1;
		texts[i].text =
		        xb_file_read_all(&f->files[i], WORLD_MAX_BYTES, &texts[i].bytes, err);
		if (!texts[i].text)
			return -1;
	}
	return 0;
}

static int
read_dir(const struct xb_worldfile *f, struct xb_world **world, struct xb_err *err)
{
	struct xb_world_file texts[XB_WORLDFILE_MAX] = { 0 };
	int rc = read_members(f, texts, err);

	if (rc == 0) {
		*world = xb_world_parse_files(texts, f->file_cnt, err);
		rc = *world ? 0 : xb_err_prefix(err, "%s", f->dir);
	}
	for (u32 i = 0; i < f->file_cnt; i++)
		free((char *)(uintptr_t)texts[i].text);
	return rc;
}

int
xb_worldfile_read(const struct xb_worldfile *f, struct xb_world **world, struct xb_err *err)
{
	size_t bytes;
	char *text;

	*world = NULL;
	if (f->dir)
		return read_dir(f, world, err);
	if (!f->file_cnt)
		return 0;
	text = xb_file_read_all(&f->files[0], WORLD_MAX_BYTES, &bytes, err);
	if (!text)
		return -1;
	*world = xb_world_parse(text, bytes, err);
	free(text);
	return *world ? 0 : xb_err_prefix(err, "%s", f->files[0].name);
}

bool
xb_worldfile_has(const struct xb_worldfile *f, const struct xb_file *file)
{
	for (u32 i = 0; i < f->file_cnt; i++)
		if (xb_file_same(file, &f->files[i]))
			return true;
	return false;
}

void
xb_worldfile_close(struct xb_worldfile *f)
{
	for (u32 i = 0; i < f->file_cnt; i++)
		xb_file_close(&f->files[i]);
	for (u32 i = 0; i < XB_WORLDFILE_MAX; i++)
		free(f->paths[i]);
	*f = (struct xb_worldfile){ 0 };
}
