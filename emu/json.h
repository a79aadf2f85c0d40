/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - JSON written straight into a buffer: nothing is built first, nothing is allocated a
 * value.
 *
 * Every call adds one value; `key` is its name inside an object and NULL inside an array. Commas
 * are put in by the writer. The first write that fails is kept, what follows it is dropped, and
 * xb_json_flush() tells. Text that goes to no file is kept in memory, which grows.
 */
#ifndef XB_EMU_JSON_H
#define XB_EMU_JSON_H

#include "vm/err.h"
#include "vm/types.h"

struct xb_json {
	const char *name; /* of the file, for messages; borrowed */
	int fd;           /* -1: into memory */
	char *buf;
	size_t len, cap;
	int errnum; /* of the first write that failed, or 0 */
	bool comma; /* the next value is not the first of its object or array */
};

/* Into a file: `fd` stays the caller's, `name` is for messages. */
int xb_json_init(struct xb_json *j, int fd, const char *name, struct xb_err *err);

/* Into memory, from where xb_json_take() takes it. */
int xb_json_init_text(struct xb_json *j, struct xb_err *err);

/* Frees the buffer; what was not flushed is lost. */
void xb_json_fini(struct xb_json *j);

/* Writes out what was gathered. XB_ERR_FILE for the first write that failed, now or before. */
int xb_json_flush(struct xb_json *j, struct xb_err *err);

/*
 * The text that was gathered in memory, NUL-terminated, and freed by the caller; *bytes does not
 * count the NUL. NULL and err where memory ran out on the way. The writer is as after fini.
 */
char *xb_json_take(struct xb_json *j, size_t *bytes, struct xb_err *err);

void xb_json_open_object(struct xb_json *j, const char *key);
void xb_json_close_object(struct xb_json *j);
void xb_json_open_array(struct xb_json *j, const char *key);
void xb_json_close_array(struct xb_json *j);

/* Text is UTF-8; bytes that are not become U+FFFD. */
void xb_json_string(struct xb_json *j, const char *key, const char *text);
void xb_json_string_n(struct xb_json *j, const char *key, const char *text, size_t bytes);
void xb_json_u64(struct xb_json *j, const char *key, u64 v);
void xb_json_s64(struct xb_json *j, const char *key, s64 v);
void xb_json_bool(struct xb_json *j, const char *key, bool v);

/* A string of two hex digits a byte, of two buffers in a row (the second may be empty). */
void xb_json_hex(struct xb_json *j, const char *key, const u8 *data, size_t bytes, const u8 *more,
                 size_t more_bytes);

/* A string of base64. */
void xb_json_base64(struct xb_json *j, const char *key, const u8 *data, size_t bytes);

/* ["0x01","0x02"], as bpftool prints bytes. */
void xb_json_byte_array(struct xb_json *j, const char *key, const u8 *data, size_t bytes);

/* Text that is JSON already; that of a format is cut after 255 characters. */
void xb_json_raw(struct xb_json *j, const char *key, const char *text, size_t bytes);
void xb_json_printf(struct xb_json *j, const char *key, const char *fmt, ...) XB_PRINTF(3, 4);

/* Ends a line; the next value stands alone again. */
void xb_json_newline(struct xb_json *j);

#endif
