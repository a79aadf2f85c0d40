/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value.h - JSON, and the short form of it for the command line, read into a tree.
 *
 * Numbers stay text, because a double holds no 64-bit counter. The short form is JSON with unquoted
 * words and "=" for ":", so {saddr=10.0.0.1, port=53} is a struct: a word ends at white space or
 * any of , = [ ] { }.
 */
#ifndef XB_EMU_VALUE_H
#define XB_EMU_VALUE_H

#include "vm/err.h"
#include "vm/types.h"

#include <stdarg.h>

enum xb_value_kind {
	XB_VALUE_NULL,
	XB_VALUE_BOOL,
	XB_VALUE_NUMBER, /* text as it stood */
	XB_VALUE_STRING, /* text with escapes undone */
	XB_VALUE_WORD,   /* short form only: anything unquoted that is no JSON literal or number */
	XB_VALUE_ARRAY,
	XB_VALUE_OBJECT,
};

struct xb_value {
	enum xb_value_kind kind;
	bool truth;
	u32 line, col;          /* where it starts, from 1 */
	const char *key;        /* its name in an object, else NULL */
	const char *text;       /* NUL-terminated */
	size_t bytes;           /* of text */
	struct xb_value *first; /* child of an array or object */
	struct xb_value *next;  /* sibling */
	u32 cnt;                /* children */
};

struct xb_value_tree {
	struct xb_value *root;
	struct xb_value_chunk *chunks;
};

/*
 * Reads one value with nothing but white space after it; a row of objects, one a line, is read as
 * an array of them. `text` is `bytes` long. Errors: "line 3, column 7: expected ',' or ']'",
 * XB_ERR_FILE. The tree copies the text that it keeps.
 */
int xb_value_parse(struct xb_value_tree *tree, const char *text, size_t bytes, bool short_form,
                   struct xb_err *err);

void xb_value_free(struct xb_value_tree *tree);

/* The member of an object with that name, or NULL. */
const struct xb_value *xb_value_member(const struct xb_value *object, const char *key);

/*
 * XB_ERR_FILE with the place of v in front, which is somewhere below root: "line 3, column 7:
 * links[0].mtu: what". Returns -1.
 */
int xb_value_fail(const struct xb_value *root, const struct xb_value *v, struct xb_err *err,
                  const char *fmt, ...) XB_PRINTF(4, 5);
int xb_value_vfail(const struct xb_value *root, const struct xb_value *v, struct xb_err *err,
                   const char *fmt, va_list args) XB_PRINTF(4, 0);

/* The base of an unsigned number that people write, for strtoull: 16 after 0x, else 10. */
static inline int
xb_value_base(const char *text)
{
	return text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
}

#endif
