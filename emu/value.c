/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX_DEPTH   64
#define VALUE_CHUNK_BYTES (64u << 10)
#define PATH_BYTES        256

/* Memory of the tree: handed out in order, freed at once. */
struct xb_value_chunk {
	struct xb_value_chunk *next;
	size_t used, cap;
	char mem[];
};

struct parser {
	struct xb_value_tree *tree;
	const char *p, *end, *line_start;
	u32 line;
	bool short_form;
	struct xb_err *err;
};

static void *
take(struct xb_value_tree *tree, size_t bytes)
{
	struct xb_value_chunk *c = tree->chunks;

	bytes = (size_t)xb_align_up(bytes, 8);
	if (!c || c->cap - c->used < bytes) {
		size_t cap = bytes > VALUE_CHUNK_BYTES ? bytes : VALUE_CHUNK_BYTES;

		c = malloc(sizeof(*c) + cap);
		if (!c)
			return NULL;
		*c = (struct xb_value_chunk){ .next = tree->chunks, .cap = cap };
		tree->chunks = c;
	}
	c->used += bytes;
	return c->mem + c->used - bytes;
}

static int
fail(struct parser *p, const char *what)
{
	return xb_err_set(p->err, XB_ERR_FILE, "line %u, column %zu: %s", p->line,
	                  (size_t)(p->p - p->line_start) + 1, what);
}

static int
fail_expected(struct parser *p, const char *expected)
{
	char what[128] = "expected ";

	strncat(what, expected, 64);
	if (p->p >= p->end)
		strcat(what, ", found the end");
	return fail(p, what);
}

static void
skip_space(struct parser *p)
{
	for (; p->p < p->end; p->p++) {
		if (*p->p == '\n') {
			p->line++;
			p->line_start = p->p + 1;
		} else if (*p->p != ' ' && *p->p != '\t' && *p->p != '\r') {
			return;
		}
	}
}

static struct xb_value *
new_value(struct parser *p, enum xb_value_kind kind)
{
	struct xb_value *v = take(p->tree, sizeof(*v));

	if (!v) {
		xb_err_errno(p->err, ENOMEM, "value");
		return NULL;
	}
	*v = (struct xb_value){
		.kind = kind, .line = p->line, .col = (u32)(p->p - p->line_start) + 1, .text = ""
	};
	return v;
}

static int
set_text(struct parser *p, struct xb_value *v, const char *text, size_t bytes)
{
	char *copy = take(p->tree, bytes + 1);

	if (!copy)
		return xb_err_errno(p->err, ENOMEM, "value");
	memcpy(copy, text, bytes);
	copy[bytes] = 0;
	v->text = copy;
	v->bytes = bytes;
	return 0;
}

/* Four hex digits at p->p; -1 where they are none. */
static s32
hex4(struct parser *p)
{
	s32 v = 0;

	if (p->end - p->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = *p->p++;
		s32 d = c >= '0' && c <= '9'   ? c - '0'
		        : c >= 'a' && c <= 'f' ? c - 'a' + 10
		        : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                               : -1;
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

static size_t
put_utf8(char *to, u32 c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* \uXXXX at p->p, after the u; with its second half where it is a surrogate. Bytes put, or 0. */
static size_t
parse_unicode(struct parser *p, char *to)
{
	s32 c = hex4(p), low;

	if (c < 0 || (c >= 0xdc00 && c < 0xe000))
		return 0;
	if (c < 0xd800 || c >= 0xe000)
		return put_utf8(to, (u32)c);
	if (p->end - p->p < 2 || p->p[0] != '\\' || p->p[1] != 'u')
		return 0;
	p->p += 2;
	low = hex4(p);
	if (low < 0xdc00 || low >= 0xe000)
		return 0;
	return put_utf8(to, 0x10000 + ((u32)(c - 0xd800) << 10 | (u32)(low - 0xdc00)));
}

/* An escape at p->p, after the backslash. Bytes put, or 0 where it is none. */
static size_t
parse_escape(struct parser *p, char *to)
{
	static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (p->p >= p->end || !*p->p)
		return 0;
	if (*p->p == 'u') {
		p->p++;
		return parse_unicode(p, to);
	}
	found = strchr(from, *p->p);
	if (!found)
		return 0;
	p->p++;
	*to = plain[found - from];
	return 1;
}

static int
parse_string(struct parser *p, struct xb_value *v)
{
	const char *close = p->p + 1;
	size_t bytes = 0;
	char *to;

	while (close < p->end && *close != '"' && *close != '\n')
		close += *close == '\\' ? 2 : 1;
	if (close >= p->end || *close != '"')
		return fail(p, "string without an end");
	to = take(p->tree, (size_t)(close - p->p));
	if (!to)
		return xb_err_errno(p->err, ENOMEM, "value");
	v->text = to;
	for (p->p++; p->p < close;) {
		if ((u8)*p->p < 0x20)
			return fail(p, "control character in a string");
		if (*p->p == '\\') {
			size_t n;

			p->p++;
			n = parse_escape(p, to + bytes);
			if (n == 0)
				return fail(p, "unknown escape in a string");
			bytes += n;
		} else {
			to[bytes++] = *p->p++;
		}
	}
	to[bytes] = 0;
	v->bytes = bytes;
	p->p = close + 1;
	return 0;
}

static bool
is_word_char(const struct parser *p, char c)
{
	if (p->short_form)
		return (u8)c > ' ' && !strchr(",=[]{}\"", c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '+' || c == '.';
}

static size_t
digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* The number of RFC 8259, section 6. */
static bool
is_json_number(const char *s)
{
	size_t n;

	s += *s == '-';
	n = digits(s);
	if (n == 0 || (n > 1 && *s == '0'))
		return false;
	s += n;
	if (*s == '.') {
		n = digits(++s);
		if (n == 0)
			return false;
		s += n;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		n = digits(s);
		if (n == 0)
			return false;
		s += n;
	}
	return *s == 0;
}

static int
parse_word(struct parser *p, struct xb_value *v)
{
	const char *start = p->p, *q = p->p;

	while (q < p->end && is_word_char(p, *q))
		q++;
	if (q == start)
		return fail_expected(p, "a value");
	if (set_text(p, v, start, (size_t)(q - start)) != 0)
		return -1;
	if (!strcmp(v->text, "true") || !strcmp(v->text, "false")) {
		v->kind = XB_VALUE_BOOL;
		v->truth = v->text[0] == 't';
	} else if (!strcmp(v->text, "null")) {
		v->kind = XB_VALUE_NULL;
	} else if (is_json_number(v->text)) {
		v->kind = XB_VALUE_NUMBER;
	} else if (p->short_form) {
		v->kind = XB_VALUE_WORD;
	} else {
		return fail_expected(p, "a value");
	}
	p->p = q;
	return 0;
}

static struct xb_value *parse_value(struct parser *p, u32 depth);

static int
parse_key(struct parser *p, struct xb_value *key)
{
	if (p->p < p->end && *p->p == '"')
		return parse_string(p, key);
	if (!p->short_form)
		return fail_expected(p, "a name in quotes");
	return parse_word(p, key);
}

/* A member "name": value, or in the short form also name=value, or a value alone. */
static struct xb_value *
parse_member(struct parser *p, u32 depth)
{
	struct xb_value key = { .text = "" }, *v;
	struct parser saved = *p;
	bool named = !p->short_form || (p->p < p->end && *p->p != '{' && *p->p != '[');

	if (named && parse_key(p, &key) != 0)
		return NULL;
	if (named && strlen(key.text) != key.bytes) {
		fail(p, "NUL in a name");
		return NULL;
	}
	skip_space(p);
	if (named && (p->p >= p->end || (*p->p != ':' && !(p->short_form && *p->p == '=')))) {
		if (!p->short_form) {
			fail_expected(p, "':'");
			return NULL;
		}
		*p = saved;
		named = false;
	}
	if (named) {
		p->p++;
		skip_space(p);
	}
	v = parse_value(p, depth);
	if (v && named)
		v->key = key.text;
	return v;
}

static int
parse_children(struct parser *p, struct xb_value *v, u32 depth)
{
	bool object = v->kind == XB_VALUE_OBJECT;
	char close = object ? '}' : ']';
	struct xb_value **tail = &v->first;

	if (depth >= VALUE_MAX_DEPTH)
		return fail(p, "nested too deeply");
	p->p++;
	skip_space(p);
	if (p->p < p->end && *p->p == close) {
		p->p++;
		return 0;
	}
	for (;;) {
		struct xb_value *child =
		        object ? parse_member(p, depth + 1) : parse_value(p, depth + 1);

		if (!child)
			return -1;
		*tail = child;
		tail = &child->next;
		v->cnt++;
		skip_space(p);
		if (p->p < p->end && *p->p == close) {
			p->p++;
			return 0;
		}
		if (p->p >= p->end || *p->p != ',')
			return fail_expected(p, object ? "',' or '}'" : "',' or ']'");
		p->p++;
		skip_space(p);
	}
}

static struct xb_value *
parse_value(struct parser *p, u32 depth)
{
	struct xb_value *v = new_value(p, XB_VALUE_NULL);
	char c = p->p < p->end ? *p->p : 0;
	int rc;

	if (!v)
		return NULL;
	if (c == '"') {
		v->kind = XB_VALUE_STRING;
		rc = parse_string(p, v);
	} else if (c == '{' || c == '[') {
		v->kind = c == '{' ? XB_VALUE_OBJECT : XB_VALUE_ARRAY;
		rc = parse_children(p, v, depth);
	} else {
		rc = parse_word(p, v);
	}
	return rc == 0 ? v : NULL;
}

/* The rows after the first of a file of JSON lines; the root becomes an array of them all. */
static int
parse_rows(struct parser *p, struct xb_value_tree *tree)
{
	struct xb_value *rows = new_value(p, XB_VALUE_ARRAY), *tail = tree->root;

	if (!rows)
		return -1;
	rows->first = tree->root;
	rows->cnt = 1;
	while (p->p < p->end) {
		tail->next = parse_value(p, 0);
		if (!tail->next)
			return -1;
		tail = tail->next;
		rows->cnt++;
		skip_space(p);
	}
	tree->root = rows;
	return 0;
}

int
xb_value_parse(struct xb_value_tree *tree, const char *text, size_t bytes, bool short_form,
               struct xb_err *err)
{
	struct parser p = { .tree = tree,
		            .p = text,
		            .end = text + bytes,
		            .line_start = text,
		            .line = 1,
		            .short_form = short_form,
		            .err = err };
	int rc;

	*tree = (struct xb_value_tree){ 0 };
	skip_space(&p);
	tree->root = parse_value(&p, 0);
	rc = tree->root ? 0 : -1;
	if (rc == 0) {
		skip_space(&p);
		if (p.p < p.end && *p.p == '{' && !short_form &&
		    tree->root->kind == XB_VALUE_OBJECT)
			rc = parse_rows(&p, tree);
		else if (p.p < p.end)
			rc = fail(&p, "more text after the value");
	}
	if (rc != 0)
		xb_value_free(tree);
	return rc;
}

void
xb_value_free(struct xb_value_tree *tree)
{
	while (tree->chunks) {
		struct xb_value_chunk *next = tree->chunks->next;

		free(tree->chunks);
		tree->chunks = next;
	}
	tree->root = NULL;
}

const struct xb_value *
xb_value_member(const struct xb_value *object, const char *key)
{
	if (object->kind != XB_VALUE_OBJECT)
		return NULL;
	for (const struct xb_value *v = object->first; v; v = v->next)
		if (v->key && !strcmp(v->key, key))
			return v;
	return NULL;
}

/* Writes the path that leads from `at` to `v` behind the first `len` bytes; false: it does not. */
static bool
find_path(const struct xb_value *at, const struct xb_value *v, char *path, size_t len)
{
	u32 i = 0;

	if (at == v)
		return true;
	for (const struct xb_value *c = at->first; c; c = c->next, i++) {
		int n = c->key ? snprintf(path + len, PATH_BYTES - len, "%s%s", len ? "." : "",
		                          c->key)
		               : snprintf(path + len, PATH_BYTES - len, "[%u]", i);

		if (n < 0 || (size_t)n >= PATH_BYTES - len)
			n = (int)(PATH_BYTES - len) - 1;
		if (find_path(c, v, path, len + (size_t)n))
			return true;
		path[len] = 0;
	}
	return false;
}

int
xb_value_vfail(const struct xb_value *root, const struct xb_value *v, struct xb_err *err,
               const char *fmt, va_list args)
{
	char path[PATH_BYTES] = "", what[512];

	vsnprintf(what, sizeof(what), fmt, args);
	find_path(root, v, path, 0);
	return xb_err_set(err, XB_ERR_FILE, "line %u, column %u: %s%s%s", v->line, v->col, path,
	                  *path ? ": " : "", what);
}

int
xb_value_fail(const struct xb_value *root, const struct xb_value *v, struct xb_err *err,
              const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	xb_value_vfail(root, v, err, fmt, args);
	va_end(args);
	return -1;
}
