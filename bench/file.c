/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
file_error(const char *name, const char *what, int errnum, struct xb_err *err)
{
	return xb_err_set(err, XB_ERR_FILE, "%s: %s: %s", name, what, strerror(errnum));
}

int
xb_file_open_read(struct xb_file *file, const char *path, struct xb_err *err)
{
	struct xb_file f = { .name = path };
	struct stat st;

	if (!strcmp(path, "-")) {
		*file = (struct xb_file){ .name = "standard input", .fd = STDIN_FILENO };
		return 0;
	}
	f.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0)
		return file_error(path, "cannot be opened", errno, err);
	if (fstat(f.fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(f.fd);
		return file_error(path, "cannot be read", EISDIR, err);
	}
	*file = f;
	return 0;
}

int
xb_file_open_write(struct xb_file *file, const char *path, struct xb_err *err)
{
	struct xb_file f = { .name = path };

	if (!strcmp(path, "-")) {
		*file = (struct xb_file){ .name = "standard output", .fd = STDOUT_FILENO };
		return 0;
	}
	f.fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (f.fd < 0)
		return file_error(path, "cannot be opened for writing", errno, err);
	*file = f;
	return 0;
}

int
xb_file_start(const struct xb_file *file, struct xb_err *err)
{
	struct stat st;

	/* Of a new file it would make ext4 write all of it to the disk at close (auto_da_alloc). */
	if (file->fd == STDOUT_FILENO || fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0)
		return 0;
	if (ftruncate(file->fd, 0) != 0)
		return file_error(file->name, "cannot be emptied", errno, err);
	return 0;
}

bool
xb_file_same(const struct xb_file *a, const struct xb_file *b)
{
	struct stat sa, sb;

	if (a->fd < 0 || b->fd < 0 || fstat(a->fd, &sa) != 0 || fstat(b->fd, &sb) != 0)
		return false;
	return S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool
xb_file_is_stdout(const struct xb_file *file)
{
	struct stat sa, sb;

	if (file->fd == STDOUT_FILENO)
		return true;
	if (file->fd < 0 || fstat(file->fd, &sa) != 0 || fstat(STDOUT_FILENO, &sb) != 0)
		return false;
	if (!S_ISREG(sa.st_mode) && !S_ISFIFO(sa.st_mode) && !S_ISSOCK(sa.st_mode))
		return false;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* Doubles the buffer, or makes it fit a regular file at once. */
static u8 *
grow(u8 *buf, size_t *cap, int fd)
{
	struct stat st;
	u8 *p;

	if (*cap == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		*cap = (size_t)st.st_size + 2;
	else
		*cap = *cap ? *cap * 2 : 65536;
	p = realloc(buf, *cap);
	if (!p)
		free(buf);
	return p;
}

void *
xb_file_read_all(const struct xb_file *file, size_t max, size_t *bytes, struct xb_err *err)
{
	size_t cap = 0, len = 0;
	u8 *buf = NULL;

	for (;;) {
		ssize_t n;

		if (len + 1 >= cap && !(buf = grow(buf, &cap, file->fd))) {
			file_error(file->name, "cannot be read", ENOMEM, err);
			return NULL;
		}
		n = read(file->fd, buf + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			file_error(file->name, "cannot be read", errno, err);
			goto free_buf;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max) {
			xb_err_set(err, XB_ERR_FILE, "%s: longer than %zu bytes", file->name, max);
			goto free_buf;
		}
	}
	buf[len] = 0;
	*bytes = len;
	return buf;

free_buf:
	free(buf);
	return NULL;
}

void
xb_file_close(struct xb_file *file)
{
	if (file->fd > STDERR_FILENO)
		close(file->fd);
	file->fd = -1;
}
