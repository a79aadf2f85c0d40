/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/world_read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const struct world_name world_families[] = { { "inet", AF_INET },
	                                     { "inet6", AF_INET6 },
	                                     { NULL, 0 } };

const struct world_name world_groups[] = { { "default", 0 }, { NULL, 0 } };

const struct world_name world_scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE }, { "site", RT_SCOPE_SITE },       { "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },       { "nowhere", RT_SCOPE_NOWHERE }, { NULL, 0 }
};

int
world_fail(const struct world_reader *r, const struct xb_value *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	xb_value_vfail(r->root, v, r->err, fmt, args);
	va_end(args);
	return -1;
}

/* What is quoted of a value in a message. */
static const char *
shown(const struct xb_value *v, char *buf, size_t bytes)
{
	snprintf(buf, bytes, "'%.40s'", v->text);
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = '?';
	return buf;
}

int
world_number(const struct world_reader *r, const struct xb_value *v, u64 max, u64 *number)
{
	unsigned long long n;
	char *end;

	if ((v->kind != XB_VALUE_NUMBER && v->kind != XB_VALUE_STRING) ||
	    !isdigit((unsigned char)v->text[0]))
		return world_fail(r, v, "expected a number");
	errno = 0;
	n = strtoull(v->text, &end, xb_value_base(v->text));
	if (*end)
		return world_fail(r, v, "expected a number");
	if (errno || n > max)
		return world_fail(r, v, "%.40s is more than %llu", v->text,
		                  (unsigned long long)max);
	*number = n;
	return 0;
}

int
world_bool(const struct world_reader *r, const struct xb_value *v, bool *truth)
{
	bool zero = !strcmp(v->text, "0");

	if (v->kind == XB_VALUE_NULL)
		*truth = true;
	else if (v->kind == XB_VALUE_BOOL)
		*truth = v->truth;
	else if (v->kind == XB_VALUE_NUMBER && (zero || !strcmp(v->text, "1")))
		*truth = !zero;
	else
		return world_fail(r, v, "expected true or false");
	return 0;
}

int
world_text(const struct world_reader *r, const struct xb_value *v, char *to, size_t bytes)
{
	if (v->kind != XB_VALUE_STRING || strlen(v->text) != v->bytes)
		return world_fail(r, v, "expected a string");
	if (v->bytes >= bytes)
		return world_fail(r, v, "%zu bytes are more than %zu", v->bytes, bytes - 1);
	memcpy(to, v->text, v->bytes + 1);
	return 0;
}

const struct world_name *
world_find_name(const struct world_name *names, const char *name)
{
	for (; names->name; names++)
		if (!strcmp(names->name, name))
			return names;
	return NULL;
}

int
world_named(const struct world_reader *r, const struct xb_value *v, const struct world_name *names,
            u64 max, u32 *number)
{
	const struct world_name *row;
	char buf[64];
	u64 n = 0;

	row = v->kind == XB_VALUE_STRING ? world_find_name(names, v->text) : NULL;
	if (row) {
		*number = row->number;
		return 0;
	}
	if (v->kind == XB_VALUE_STRING && !isdigit((unsigned char)v->text[0]))
		return world_fail(r, v, "%s is not known", shown(v, buf, sizeof(buf)));
	if (world_number(r, v, max, &n) != 0)
		return -1;
	*number = (u32)n;
	return 0;
}

bool
world_address_text(const char *text, bool prefix, struct xb_world_addr *to)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct xb_world_addr a = { 0 };
	unsigned long bits;
	char host[64], *end;

	if (len >= sizeof(host) || (slash && !prefix))
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	a.family = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, host, a.bytes) != 1)
		return false;
	a.prefix = world_family_bits(a.family);
	if (slash) {
		if (!isdigit((unsigned char)slash[1]))
			return false;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > a.prefix)
			return false;
		a.prefix = (u8)bits;
	}
	*to = a;
	return true;
}

int
world_address(const struct world_reader *r, const struct xb_value *v, bool prefix,
              struct xb_world_addr *to)
{
	char buf[64];

	if (v->kind != XB_VALUE_STRING)
		return world_fail(r, v, "expected an address");
	if (!world_address_text(v->text, prefix, to))
		return world_fail(r, v, "%s is no address%s", shown(v, buf, sizeof(buf)),
		                  prefix ? " or prefix" : "");
	return 0;
}

void
world_mask(struct xb_world_addr *a)
{
	for (u32 i = 0; i < sizeof(a->bytes); i++) {
		u32 bits = a->prefix > 8 * i ? a->prefix - 8 * i : 0;

		if (bits < 8)
			a->bytes[i] &= (u8)(0xff00 >> bits);
	}
}

/* Bytes in hex with colons between; what is behind the sixth is left out. -1: it is none. */
static int
hex_bytes(const char *text, u8 mac[6])
{
	u32 i = 0;

	for (;; i++, text++) {
		unsigned int byte;

		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    sscanf(text, "%2x", &byte) != 1)
			return -1;
		if (i < 6)
			mac[i] = (u8)byte;
		text += 2;
		if (*text != ':')
			break;
	}
	return *text || i + 1 > 32 ? -1 : 0;
}

/* Interfaces of tunnels have an IP address there. */
int
world_mac(const struct world_reader *r, const struct xb_value *v, u8 mac[6])
{
	struct xb_world_addr a;
	u8 bytes[6] = { 0 };
	char buf[64];

	if (v->kind != XB_VALUE_STRING)
		return world_fail(r, v, "expected a MAC address");
	if (hex_bytes(v->text, bytes) == 0) {
		memcpy(mac, bytes, sizeof(bytes));
		return 0;
	}
	if (!world_address_text(v->text, false, &a))
		return world_fail(r, v, "%s is no MAC address", shown(v, buf, sizeof(buf)));
	memset(mac, 0, sizeof(bytes));
	memcpy(mac, a.bytes, a.family == AF_INET ? 4 : sizeof(bytes));
	return 0;
}

int
world_dsfield(const struct world_reader *r, const struct xb_value *v, u8 *tos)
{
	static const struct world_name names[] = {
		{ "default", 0x00 }, { "AF11", 0x28 }, { "AF12", 0x30 }, { "AF13", 0x38 },
		{ "AF21", 0x48 },    { "AF22", 0x50 }, { "AF23", 0x58 }, { "AF31", 0x68 },
		{ "AF32", 0x70 },    { "AF33", 0x78 }, { "AF41", 0x88 }, { "AF42", 0x90 },
		{ "AF43", 0x98 },    { "CS1", 0x20 },  { "CS2", 0x40 },  { "CS3", 0x60 },
		{ "CS4", 0x80 },     { "CS5", 0xa0 },  { "CS6", 0xc0 },  { "CS7", 0xe0 },
		{ "EF", 0xb8 },      { NULL, 0 },
	};
	u32 n = 0;

	if (world_named(r, v, names, UINT8_MAX, &n) != 0)
		return -1;
	*tos = (u8)n;
	return 0;
}

int
world_dev(const struct world_reader *r, const struct xb_value *v, u32 *ifindex)
{
	const struct xb_world_link *link;
	char buf[64];

	if (v->kind != XB_VALUE_STRING)
		return world_fail(r, v, "expected the name of an interface");
	link = xb_world_link_named(r->w, v->text);
	if (!link)
		return world_fail(r, v, "there is no interface %s", shown(v, buf, sizeof(buf)));
	*ifindex = link->ifindex;
	return 0;
}

static void
put(u8 *to, size_t bytes, u64 n)
{
	memcpy(to, &n, bytes); /* little-endian */
}

static int
read_key(struct world_reader *r, const struct xb_value *v, const struct world_key *key, void *to)
{
	u8 *field = (u8 *)to + key->off;
	u64 n = 0;
	u32 number = 0;

	switch (key->kind) {
	case WORLD_KEY_IGNORED:
		return 0;
	case WORLD_KEY_REFUSED:
		return world_fail(r, v, "is not emulated");
	case WORLD_KEY_NUMBER:
		if (world_number(r, v, key->max, &n) != 0)
			return -1;
		put(field, key->bytes, n);
		return 0;
	case WORLD_KEY_BOOL:
		return world_bool(r, v, (bool *)field);
	case WORLD_KEY_TEXT:
		return world_text(r, v, (char *)field, key->bytes);
	case WORLD_KEY_NAME:
		if (world_named(r, v, key->names, key->max, &number) != 0)
			return -1;
		put(field, key->bytes, number);
		return 0;
	case WORLD_KEY_ADDR:
		return world_address(r, v, false, (struct xb_world_addr *)(void *)field);
	case WORLD_KEY_PREFIX:
		return world_address(r, v, true, (struct xb_world_addr *)(void *)field);
	case WORLD_KEY_MAC:
		return world_mac(r, v, field);
	case WORLD_KEY_DEV:
		return world_dev(r, v, (u32 *)(void *)field);
	case WORLD_KEY_CALL:
		return key->read(r, v, to);
	}
	return -1;
}

static const struct world_key *
find_key(const struct world_key *keys, size_t key_cnt, const char *name)
{
	for (size_t i = 0; i < key_cnt; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

int
world_member(struct world_reader *r, const struct xb_value *m, const struct world_key *keys,
             size_t key_cnt, void *to)
{
	const struct world_key *key = find_key(keys, key_cnt, m->key);

	return key ? read_key(r, m, key, to) : world_fail(r, m, "there is no such key");
}

int
world_object(struct world_reader *r, const struct xb_value *v, const struct world_key *keys,
             size_t key_cnt, void *to)
{
	if (v->kind != XB_VALUE_OBJECT)
		return world_fail(r, v, "expected an object");
	for (const struct xb_value *m = v->first; m; m = m->next) {
		const struct world_key *key = find_key(keys, key_cnt, m->key);

		if (xb_value_member(v, m->key) != m && key && key->kind != WORLD_KEY_IGNORED)
			return world_fail(r, m, "given twice");
		if (world_member(r, m, keys, key_cnt, to) != 0)
			return -1;
	}
	return 0;
}

int
world_each(struct world_reader *r, const struct xb_value *v,
           int (*fn)(struct world_reader *r, const struct xb_value *v))
{
	if (v->kind != XB_VALUE_ARRAY)
		return world_fail(r, v, "expected an array");
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (!(e->kind == XB_VALUE_OBJECT && e->cnt == 0) && fn(r, e) != 0)
			return -1;
	return 0;
}

int
world_require(const struct world_reader *r, const struct xb_value *object, const char *key)
{
	if (xb_value_member(object, key))
		return 0;
	return world_fail(r, object, "there is no \"%s\"", key);
}

void *
world_add(struct world_reader *r, void *array, u32 *cnt, size_t bytes)
{
	void **at = array;
	u8 *grown = *at;

	/* It grows when it holds a power of two. */
	if ((*cnt & (*cnt - 1)) == 0) {
		grown = reallocarray(*at, *cnt ? 2 * (size_t)*cnt : 1, bytes);
		if (!grown) {
			xb_err_errno(r->err, ENOMEM, "world");
			return NULL;
		}
		*at = grown;
	}
	grown += *cnt * bytes;
	memset(grown, 0, bytes);
	++*cnt;
	return grown;
}

static u64
hash(u64 h, const void *key, size_t bytes)
{
	const u8 *p = key;

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ p[i]) * 0x100000001b3ull; /* FNV-1a */
	return h;
}

static void
put_seen(u64 *seen, u32 cap, u64 h)
{
	u32 i = (u32)h & (cap - 1);

	while (seen[i])
		i = (i + 1) & (cap - 1);
	seen[i] = h;
}

static int
grow_seen(struct world_reader *r)
{
	u32 cap = r->seen_cap ? 2 * r->seen_cap : 256;
	u64 *seen = calloc(cap, sizeof(*seen));

	if (!seen)
		return xb_err_errno(r->err, ENOMEM, "world");
	for (u32 i = 0; i < r->seen_cap; i++)
		if (r->seen[i])
			put_seen(seen, cap, r->seen[i]);
	free(r->seen);
	r->seen = seen;
	r->seen_cap = cap;
	return 0;
}

int
world_seen(struct world_reader *r, const char *what, const void *key, size_t bytes)
{
	u64 h = hash(hash(0xcbf29ce484222325ull, what, strlen(what) + 1), key, bytes) | 1;

	if (2 * r->seen_cnt >= r->seen_cap && grow_seen(r) != 0)
		return -1;
	for (u32 i = (u32)h & (r->seen_cap - 1); r->seen[i]; i = (i + 1) & (r->seen_cap - 1))
		if (r->seen[i] == h)
			return 1;
	put_seen(r->seen, r->seen_cap, h);
	r->seen_cnt++;
	return 0;
}
