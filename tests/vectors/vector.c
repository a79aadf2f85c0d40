/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/vector.h"

#include "tests/insns.h"
#include "vm/bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KIND_NAME(id, name) [XB_FAULT_##id] = #id,
static const char *const kinds[XB_FAULT_KIND_CNT] = { XB_FAULT_LIST(KIND_NAME) };

/* Cuts blanks off both ends. */
static char *
trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = 0;
	return s;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Pairs of digits; the caller frees *bytes. Room for none, too, so that it is never NULL. */
static bool
read_hex(const char *s, u8 **bytes, u32 *cnt)
{
	size_t n = strlen(s);

	if (n % 2)
		return false;
	*cnt = (u32)(n / 2);
	*bytes = calloc(n / 2 + 1, 1);
	for (size_t i = 0; *bytes && i < n; i++) {
		int digit = hex_digit(s[i]);

		if (digit < 0)
			return false;
		(*bytes)[i / 2] = (u8)((*bytes)[i / 2] << 4 | digit);
	}
	return *bytes != NULL;
}

static bool
read_number(const char *s, u64 *value)
{
	char *end;

	*value = strtoull(s, &end, 0);
	return end != s && *end == 0;
}

/* Takes blanks out. */
static char *
squeeze(char *s)
{
	char *to = s;

	for (const char *from = s; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
	}
	*to = 0;
	return s;
}

static bool
read_program(struct xb_vector *v, char *s)
{
	u8 *bytes = NULL;
	u32 cnt;
	bool ok = read_hex(squeeze(s), &bytes, &cnt) && cnt && cnt % 8 == 0;

	if (ok) {
		v->insn_cnt = cnt / 8;
		v->insns = calloc(v->insn_cnt, sizeof(*v->insns));
		ok = v->insns != NULL;
	}
	for (u32 i = 0; ok && i < v->insn_cnt; i++) {
		const u8 *slot = bytes + 8 * (size_t)i;

		v->insns[i] = XB_INSN(slot[0], slot[1] & 0xf, slot[1] >> 4, xb_ld16(slot + 2),
		                      xb_ld32(slot + 4));
	}
	free(bytes);
	return ok;
}

/* "0x2a", "mem", "mem+5", "mem-1" */
static bool
read_reg(struct xb_vector_reg *reg, const char *s)
{
	reg->given = true;
	reg->of_memory = strncmp(s, "mem", 3) == 0;
	reg->value = 0;
	if (!reg->of_memory)
		return read_number(s, &reg->value);
	return s[3] == 0 || ((s[3] == '+' || s[3] == '-') && read_number(s + 3, &reg->value));
}

static bool
read_input(struct xb_vector *v, const char *key, const char *value)
{
	if (key[0] == 'r' && isdigit((unsigned char)key[1]) && key[2] == 0)
		return read_reg(&v->regs[key[1] - '0'], value);
	if (!strcmp(key, "mem") || !strcmp(key, "rom")) {
		v->has_memory = true;
		v->read_only = key[0] == 'r';
		return !v->memory && read_hex(value, &v->memory, &v->memory_bytes);
	}
	if (!strcmp(key, "pkt")) {
		v->has_packet = true;
		return !v->packet && read_hex(value, &v->packet, &v->packet_bytes);
	}
	snprintf(v->needs, sizeof(v->needs), "%s", key);
	return true;
}

/* "oob_read@3" */
static bool
read_fault(const char *value, enum xb_fault_kind *kind, u32 *slot)
{
	const char *at = strchr(value, '@');
	u64 number;

	if (!at || !read_number(at + 1, &number))
		return false;
	*slot = (u32)number;
	for (u32 i = 1; i < XB_FAULT_KIND_CNT; i++) {
		if (strlen(kinds[i]) == (size_t)(at - value) &&
		    !strncasecmp(kinds[i], value, (size_t)(at - value))) {
			*kind = (enum xb_fault_kind)i;
			return true;
		}
	}
	return false;
}

static bool
read_expected(struct xb_vector *v, const char *key, const char *value)
{
	struct xb_vector_result *e = &v->expected;
	enum xb_fault_kind kind;
	u32 bytes;

	if (!strcmp(key, "r0"))
		return read_number(value, &e->r0);
	if (!strcmp(key, "fault")) {
		e->end = XB_VECTOR_FAULT;
		e->has_slot = true;
		return read_fault(value, &e->kind, &e->slot);
	}
	if (!strcmp(key, "mem"))
		return !e->memory && read_hex(value, &e->memory, &bytes) &&
		       bytes == v->memory_bytes;
	if (!strcmp(key, "strict")) {
		v->has_strict = true;
		return read_fault(value, &kind, &v->strict_slot) && kind == XB_FAULT_UNINIT;
	}
	snprintf(v->needs, sizeof(v->needs), "%s", key);
	return true;
}

/* "refused", "refused@3" */
static bool
read_refused(struct xb_vector_result *e, const char *word)
{
	u64 slot = 0;

	if (strncmp(word, "refused", 7) != 0)
		return false;
	e->end = XB_VECTOR_REFUSED;
	e->has_slot = word[7] == '@';
	if (e->has_slot && !read_number(word + 8, &slot))
		return false;
	e->slot = (u32)slot;
	return e->has_slot || word[7] == 0;
}

/* Words of one field; false where one is wrong, which is left in *word. */
static bool
read_words(struct xb_vector *v, char *s, bool expected, const char **word)
{
	char *rest = NULL;

	for (char *w = strtok_r(s, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
		char *value = strchr(w, '=');

		*word = w;
		if (!value) {
			if (!expected || !read_refused(&v->expected, w))
				return false;
			continue;
		}
		*value++ = 0;
		if (!(expected ? read_expected(v, w, value) : read_input(v, w, value)))
			return false;
	}
	return true;
}

/* What is so where nothing is said. */
static bool
settle(struct xb_vector *v)
{
	if (!v->regs[1].given)
		v->regs[1] = (struct xb_vector_reg){ .given = true, .of_memory = v->has_memory };
	if (!v->regs[2].given)
		v->regs[2] = (struct xb_vector_reg){ .given = true, .value = v->memory_bytes };
	if (!v->memory)
		v->memory = calloc(1, 1);
	if (!v->expected.memory) {
		v->expected.memory = calloc(v->memory_bytes + 1, 1);
		if (v->expected.memory && v->memory)
			memcpy(v->expected.memory, v->memory, v->memory_bytes);
	}
	return v->memory && v->expected.memory;
}

int
xb_vector_read(struct xb_vector *v, char *line, char *why, size_t why_bytes)
{
	char *fields[4], *rest = trim(line);
	const char *word = "";
	u32 cnt = 0;

	if (*rest == 0 || *rest == '#')
		return 0;
	*v = (struct xb_vector){ .name = NULL };
	for (char *f; cnt < 4 && (f = strsep(&rest, "|"));)
		fields[cnt++] = trim(f);
	if (cnt != 4 || rest) {
		snprintf(why, why_bytes, "expected NAME | PROGRAM | INPUTS | EXPECTED");
		return -1;
	}
	v->name = strdup(fields[0]);
	if (v->name && read_program(v, fields[1]) && read_words(v, fields[2], false, &word) &&
	    read_words(v, fields[3], true, &word) && settle(v))
		return 1;
	snprintf(why, why_bytes, "%s: %s%s", fields[0],
	         v->insns ? "cannot be read at " : "the program is no hex of whole slots", word);
	xb_vector_free(v);
	return -1;
}

void
xb_vector_free(struct xb_vector *v)
{
	free(v->name);
	free(v->insns);
	free(v->memory);
	free(v->packet);
	free(v->expected.memory);
}

/* The kind as in files. */
static void
kind_text(enum xb_fault_kind kind, char *buf, size_t bytes)
{
	size_t i;

	for (i = 0; kinds[kind][i] && i + 1 < bytes; i++)
		buf[i] = (char)tolower((unsigned char)kinds[kind][i]);
	buf[i] = 0;
}

void
xb_vector_result_text(const struct xb_vector_result *r, const u8 *before, u32 bytes, char *buf,
                      size_t buf_bytes)
{
	char kind[32];
	size_t n = 0;

	if (r->end == XB_VECTOR_R0)
		n = (size_t)snprintf(buf, buf_bytes, "r0=0x%llx", (unsigned long long)r->r0);
	else if (r->end == XB_VECTOR_FAULT) {
		kind_text(r->kind, kind, sizeof(kind));
		n = (size_t)snprintf(buf, buf_bytes, "fault=%s@%u", kind, r->slot);
	} else if (r->has_slot)
		n = (size_t)snprintf(buf, buf_bytes, "refused@%u", r->slot);
	else
		n = (size_t)snprintf(buf, buf_bytes, "refused");
	if (r->end == XB_VECTOR_REFUSED || !bytes || !memcmp(r->memory, before, bytes))
		return;
	n += (size_t)snprintf(buf + n, buf_bytes - n, " mem=");
	for (u32 i = 0; i < bytes && n + 3 < buf_bytes; i++)
		n += (size_t)snprintf(buf + n, buf_bytes - n, "%02x", r->memory[i]);
}
