/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/list.h"

#include "bench/file.h"
#include "bench/say.h"
#include "emu/helper.h"
#include "emu/json.h"
#include "emu/kfunc.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "emu/sk_msg.h"
#include "emu/sock_ops.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX_TYPES 64

/* One thing the emulator may know. */
struct item {
	u32 id;
	const char *name;
	const char *state;
	bool emulated;      /* by itself or from a world */
	u64 prog_types;     /* that may call it; bits XB_PROG_TYPE_BIT */
	const char *source; /* of the kernel, or NULL */
};

struct lister {
	struct xb_emu *emu;
	struct xb_json *json; /* or NULL: text */
	u32 cnt, emulated_cnt;
};

/* "sched_cls,xdp" */
static void
name_types(u64 types, char *text, size_t bytes)
{
	size_t len = 0;

	text[0] = 0;
	for (u32 type = 1; type < LIST_MAX_TYPES && len < bytes; type++)
		if (types & XB_PROG_TYPE_BIT(type))
			len += (size_t)snprintf(text + len, bytes - len, "%s%s", len ? "," : "",
			                        xb_prog_type_name(type));
}

static void
print_item(const struct item *item)
{
	char types[256];

	printf("%4u  %-32s %-24s ", item->id, item->name, item->state);
	if (item->prog_types) {
		name_types(item->prog_types, types, sizeof(types));
		printf("%-23s ", types);
	}
	printf("%s\n", item->source ? item->source : "");
}

static void
write_item(struct xb_json *j, const struct item *item)
{
	xb_json_open_object(j, NULL);
	xb_json_u64(j, "id", item->id);
	xb_json_string(j, "name", item->name);
	xb_json_bool(j, "emulated", item->emulated);
	xb_json_string(j, "state", item->state);
	if (item->prog_types) {
		xb_json_open_array(j, "prog_types");
		for (u32 type = 1; type < LIST_MAX_TYPES; type++)
			if (item->prog_types & XB_PROG_TYPE_BIT(type))
				xb_json_string(j, NULL, xb_prog_type_name(type));
		xb_json_close_array(j);
	}
	if (item->source)
		xb_json_string(j, "source", item->source);
	xb_json_close_object(j);
}

static void
put_item(struct lister *l, const struct item *item)
{
	l->cnt++;
	l->emulated_cnt += item->emulated;
	if (l->json)
		write_item(l->json, item);
	else
		print_item(item);
}

static bool
can_run(const struct xb_emu *emu, u32 type)
{
	const struct xb_prog_type *ops = emu->prog_types[type];

	return ops && (ops->test_run || ops->ctx_access);
}

/* "net/core/filter.c: bpf_redirect; net/core/filter.c: bpf_xdp_redirect": each once. */
static void
add_source(char *text, size_t bytes, const char *source)
{
	size_t len = strlen(text);

	if (source && !strstr(text, source))
		snprintf(text + len, bytes - len, "%s%s", len ? "; " : "", source);
}

static const char *
state_of(bool emulated)
{
	return xb_helper_state_name(emulated ? XB_HELPER_EMULATED : XB_HELPER_MISSING);
}

/* A helper may be another function for each type of program. */
static void
list_helpers(struct lister *l)
{
	for (u32 id = 1; id < XB_EMU_HELPER_MAX; id++) {
		const char *foreign;
		enum xb_helper_state state = xb_helper_state_of(l->emu, id, &foreign);
		struct item item = {
			.id = id,
			.name = xb_helper_name(id),
			.state = xb_helper_state_name(state),
			.emulated = state == XB_HELPER_EMULATED || state == XB_HELPER_WORLD,
		};
		char source[256] = "";

		for (u32 type = 1; type < LIST_MAX_TYPES; type++) {
			const struct xb_helper *row = xb_helper_find(l->emu, id, type);

			if (!row)
				continue;
			item.name = row->name;
			if (can_run(l->emu, type))
				item.prog_types |= XB_PROG_TYPE_BIT(type);
			add_source(source, sizeof(source), row->source);
		}
		item.source = source[0] ? source : foreign;
		if (item.name)
			put_item(l, &item);
	}
}

static void
list_maps(struct lister *l)
{
	for (u32 type = 1; type < LIST_MAX_TYPES; type++) {
		const struct xb_map_ops *ops = xb_map_ops_of(type);
		const struct item item = { .id = type,
			                   .name = xb_map_type_name(type),
			                   .state = state_of(ops != NULL),
			                   .emulated = ops != NULL,
			                   .source = ops ? ops->source : NULL };

		if (item.name)
			put_item(l, &item);
	}
}

static void
list_progs(struct lister *l)
{
	for (u32 type = 1; type < LIST_MAX_TYPES; type++) {
		const struct item item = { .id = type,
			                   .name = xb_prog_type_name(type),
			                   .state = state_of(can_run(l->emu, type)),
			                   .emulated = can_run(l->emu, type) };

		if (item.name)
			put_item(l, &item);
	}
}

/* Of the types that can run, those of SYSCALL alone may sleep. */
static bool
may_call(const struct xb_kfunc *row, u32 type)
{
	return row->call.prog_types & XB_PROG_TYPE_BIT(type) &&
	       (!(row->flags & XB_KF_SLEEPABLE) || type == BPF_PROG_TYPE_SYSCALL);
}

/* They have no numbers of their own: Linux's are different in each build. */
static void
list_kfuncs(struct lister *l)
{
	const struct xb_kfunc *row;

	for (u32 i = 0; (row = xb_kfunc_at(l->emu, i)); i++) {
		struct item item = { .id = i + 1,
			             .name = row->call.name,
			             .state = xb_helper_state_name(row->call.state),
			             .emulated = true,
			             .source = row->call.source };

		for (u32 type = 1; type < LIST_MAX_TYPES; type++)
			if (can_run(l->emu, type) && may_call(row, type))
				item.prog_types |= XB_PROG_TYPE_BIT(type);
		put_item(l, &item);
	}
}

static int
list(const struct xb_opts *cli, struct xb_emu *emu, struct xb_err *err)
{
	static void (*const lists[])(struct lister * l) = {
		[XB_LIST_HELPERS] = list_helpers,
		[XB_LIST_MAPS] = list_maps,
		[XB_LIST_PROGS] = list_progs,
		[XB_LIST_KFUNCS] = list_kfuncs,
	};
	const struct xb_file out = { .name = "standard output", .fd = STDOUT_FILENO };
	struct lister l = { .emu = emu };
	struct xb_json json;
	int rc = 0;

	if (cli->json_out) {
		if (xb_json_init(&json, out.fd, out.name, err) != 0)
			return -1;
		l.json = &json;
		xb_json_open_array(&json, NULL);
	}
	lists[cli->list](&l);
	if (cli->json_out) {
		xb_json_close_array(&json);
		xb_json_newline(&json);
		rc = xb_json_flush(&json, err);
		xb_json_fini(&json);
	} else if (!cli->quiet) {
		printf("%u known, %u emulated\n", l.cnt, l.emulated_cnt);
	}
	return rc;
}

int
xb_list_main(const struct xb_opts *cli)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_emu *emu = xb_emu_new(&(struct xb_emu_opts){ .cpu_cnt = 1 }, &err);
	int rc;

	if (!emu)
		return xb_say_error(&err);
	xb_sock_ops_register(emu);
	xb_xdp_register(emu);
	xb_sk_msg_register(emu);
	xb_skb_register(emu);
	rc = list(cli, emu, &err);
	xb_emu_free(emu);
	return rc == 0 ? XB_EXIT_OK : xb_say_error(&err);
}
