/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_json.c - a world's JSON as a whole.
 *
 * The sections are read in the order of the table below, which is that of their dependence.
 */
#include "emu/world_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
read_netns_cookie(struct world_reader *r, const struct xb_value *v)
{
	return world_number(r, v, UINT64_MAX, &r->w->netns_cookie);
}

static int
read_syncookies(struct world_reader *r, const struct xb_value *v)
{
	u64 n = 0;

	if (world_number(r, v, 2, &n) != 0)
		return -1;
	r->w->tcp_syncookies = (u8)n;
	return 0;
}

static int
read_secret(struct world_reader *r, const struct xb_value *v, u8 key[16])
{
	if (v->kind != XB_VALUE_STRING || v->bytes != 32 ||
	    strspn(v->text, "0123456789abcdefABCDEF") != 32)
		return world_fail(r, v, "expected 32 hex digits");
	for (u32 k = 0; k < 16; k++) {
		const char pair[] = { v->text[2 * k], v->text[2 * k + 1], 0 };

		key[k] = (u8)strtoul(pair, NULL, 16);
	}
	return 0;
}

/* {"inet": ["HEX", "HEX"], "inet6": ["HEX", "HEX"]} */
static int
read_syncookie_key(struct world_reader *r, const struct xb_value *v)
{
	if (v->kind != XB_VALUE_OBJECT)
		return world_fail(r, v, "expected an object");
	for (const struct xb_value *m = v->first; m; m = m->next) {
		const struct world_name *family = world_find_name(world_families, m->key);
		u32 i = 0;

		if (!family)
			return world_fail(r, m, "there is no such key");
		if (xb_value_member(v, m->key) != m)
			return world_fail(r, m, "given twice");
		if (m->kind != XB_VALUE_ARRAY || m->cnt != 2)
			return world_fail(r, m, "expected an array of two keys");
		for (const struct xb_value *e = m->first; e; e = e->next, i++)
			if (read_secret(r, e, r->w->syncookie_key[family->number == AF_INET6][i]) !=
			    0)
				return -1;
	}
	return 0;
}

/* What is only looked at. */
static int
read_comment(struct world_reader *r, const struct xb_value *v)
{
	(void)r;
	(void)v;
	return 0;
}

/* A key of the JSON, and the file of a live machine that has the same. */
static const struct section {
	const char *name;
	int (*read)(struct world_reader *r, const struct xb_value *v);
	const char *file;                                               /* or NULL */
	int (*read_text)(struct world_reader *r, struct world_text *t); /* NULL: it is JSON too */
} sections[] = {
	{ "comment", read_comment, NULL, NULL },
	{ "tables", world_read_tables, "rt_tables", world_text_tables },
	{ "links", world_read_links, "link.json", NULL },
	{ "addresses", world_read_addresses, "addr.json", NULL },
	{ "netconf", world_read_netconf, "netconf.json", NULL },
	{ "sysctl", world_read_sysctl, "sysctl.txt", world_text_sysctl },
	{ "routes", world_read_routes, "route.json", NULL },
	{ "routes6", world_read_routes6, "route6.json", NULL },
	{ "rules", world_read_rules, "rule.json", NULL },
	{ "rules6", world_read_rules6, "rule6.json", NULL },
	{ "neighbours", world_read_neighbours, "neigh.json", NULL },
	{ "cgroups", world_read_cgroups, "cgroup.txt", world_text_cgroups },
	{ "sockets", world_read_sockets, "ss.txt", world_text_sockets },
	{ "conntrack", world_read_conntrack, "conntrack.txt", world_text_conntrack },
	{ "xfrm", world_read_xfrm, NULL, NULL },
	{ "tunnels", world_read_tunnels, NULL, NULL },
	{ "netns_cookie", read_netns_cookie, NULL, NULL },
	{ "tcp_syncookies", read_syncookies, NULL, NULL },
	{ "syncookie_key", read_syncookie_key, NULL, NULL },
};

#define WHOLE_FILE "world.json" /* all that no other file has */

/* The sections that the names of all others come from are done: what is left of them. */
static int
before_section(struct world_reader *r, const struct section *s)
{
	return s->read == world_read_netconf ? world_finish_links(r) : 0;
}

static int
check_sections(const struct world_reader *r)
{
	if (r->root->kind != XB_VALUE_OBJECT)
		return world_fail(r, r->root, "expected an object");
	for (const struct xb_value *m = r->root->first; m; m = m->next) {
		size_t i = 0;

		while (i < XB_ARRAY_SIZE(sections) && strcmp(sections[i].name, m->key))
			i++;
		if (i == XB_ARRAY_SIZE(sections))
			return world_fail(r, m, "there is no such key");
		if (xb_value_member(r->root, m->key) != m)
			return world_fail(r, m, "given twice");
	}
	return 0;
}

static int
reader_init(struct world_reader *r, struct xb_err *err)
{
	*r = (struct world_reader){ .err = err };
	r->w = xb_world_new(err);
	if (!r->w)
		return -1;
	r->w->link_cnt = 0; /* its loopback comes back where no file has one */
	r->w->given = true;
	return 0;
}

static int
finish(struct world_reader *r)
{
	if (world_finish_links(r) != 0 || world_finish_rules(r) != 0 ||
	    world_finish_cgroups(r) != 0 || world_finish_routes(r) != 0)
		return -1;
	world_finish_sockets(r);
	return 0;
}

/* The world, where nothing failed. */
static struct xb_world *
reader_end(struct world_reader *r, bool failed)
{
	struct xb_world *w = r->w;

	world_free_tables(r);
	free(r->seen);
	if (!failed)
		return w;
	xb_world_free(w);
	return NULL;
}

static int
read_sections(struct world_reader *r)
{
	if (check_sections(r) != 0)
		return -1;
	for (size_t i = 0; i < XB_ARRAY_SIZE(sections); i++) {
		const struct xb_value *v = xb_value_member(r->root, sections[i].name);

		if (before_section(r, &sections[i]) != 0 || (v && sections[i].read(r, v) != 0))
			return -1;
	}
	return 0;
}

struct xb_world *
xb_world_parse(const char *text, size_t bytes, struct xb_err *err)
{
	struct xb_value_tree tree;
	struct world_reader r;
	int rc;

	if (xb_value_parse(&tree, text, bytes, false, err) != 0)
		return NULL;
	if (reader_init(&r, err) != 0) {
		xb_value_free(&tree);
		return NULL;
	}
	r.root = tree.root;
	rc = read_sections(&r);
	if (rc == 0)
		rc = finish(&r);
	xb_value_free(&tree);
	return reader_end(&r, rc != 0);
}

const char *
xb_world_file_name(u32 i)
{
	if (i == 0)
		return WHOLE_FILE;
	for (size_t k = 0; k < XB_ARRAY_SIZE(sections); k++)
		if (sections[k].file && --i == 0)
			return sections[k].file;
	return NULL;
}

static const struct xb_world_file *
find_file(const struct xb_world_file *files, u32 cnt, const char *name)
{
	for (u32 i = 0; i < cnt; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

/* A file that has one section. An empty one is what ip prints where there is nothing to print. */
static int
read_file(struct world_reader *r, const struct section *s, const struct xb_world_file *file)
{
	struct xb_value_tree tree;
	struct world_text text;
	int rc;

	if (strspn(file->text, " \t\r\n") == file->bytes)
		return 0;
	if (s->read_text) {
		world_text_init(&text, file->text, file->bytes, r->err);
		rc = s->read_text(r, &text);
	} else {
		rc = xb_value_parse(&tree, file->text, file->bytes, false, r->err);
		if (rc == 0) {
			r->root = tree.root;
			rc = s->read(r, tree.root);
			xb_value_free(&tree);
		}
	}
	return rc == 0 ? 0 : xb_err_prefix(r->err, "%s", file->name);
}

static int
read_files(struct world_reader *r, const struct xb_world_file *files, u32 cnt,
           const struct xb_value *whole)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(sections); i++) {
		const struct section *s = &sections[i];
		const struct xb_world_file *file = s->file ? find_file(files, cnt, s->file) : NULL;
		const struct xb_value *v = whole ? xb_value_member(whole, s->name) : NULL;

		if (before_section(r, s) != 0)
			return -1;
		if (file && read_file(r, s, file) != 0)
			return -1;
		r->root = whole;
		if (v && s->read(r, v) != 0)
			return xb_err_prefix(r->err, WHOLE_FILE);
	}
	return finish(r);
}

static int
read_whole(struct world_reader *r, const struct xb_world_file *file, struct xb_value_tree *tree)
{
	if (xb_value_parse(tree, file->text, file->bytes, false, r->err) != 0)
		return xb_err_prefix(r->err, WHOLE_FILE);
	r->root = tree->root;
	return check_sections(r) == 0 ? 0 : xb_err_prefix(r->err, WHOLE_FILE);
}

struct xb_world *
xb_world_parse_files(const struct xb_world_file *files, u32 cnt, struct xb_err *err)
{
	const struct xb_world_file *whole = find_file(files, cnt, WHOLE_FILE);
	struct xb_value_tree tree = { 0 };
	struct world_reader r;
	int rc = 0;

	if (reader_init(&r, err) != 0)
		return NULL;
	if (whole)
		rc = read_whole(&r, whole, &tree);
	if (rc == 0)
		rc = read_files(&r, files, cnt, tree.root);
	xb_value_free(&tree);
	return reader_end(&r, rc != 0);
}
