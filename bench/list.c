/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/list.h"

#include "bench/json.h"
#include "bench/say.h"
#include "emu/helper.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "xdp/xdp.h"

#include <stdio.h>
#include <unistd.h>

#define LIST_MAX_TYPES 64

/* One thing the emulator may know. */
struct item {
	u32 id;
	const char *name;
	bool emulated;
	const char *source; /* of the kernel, or NULL */
};

struct lister {
	struct xb_emu *emu;
	struct xb_json *json; /* or NULL: text */
	u32 cnt, emulated_cnt;
};

static void
put_item(struct lister *l, const struct item *item)
{
	l->cnt++;
	l->emulated_cnt += item->emulated;
	if (!l->json) {
		printf("%4u  %-28s %-13s %s\n", item->id, item->name,
		       item->emulated ? "emulated" : "not emulated",
		       item->source ? item->source : "");
		return;
	}
	xb_json_open_object(l->json, NULL);
	xb_json_u64(l->json, "id", item->id);
	xb_json_string(l->json, "name", item->name);
	xb_json_bool(l->json, "emulated", item->emulated);
	if (item->source)
		xb_json_string(l->json, "source", item->source);
	xb_json_close_object(l->json);
}

static void
list_helpers(struct lister *l)
{
	for (u32 id = 1; id < XB_EMU_HELPER_MAX; id++) {
		const struct xb_helper *row = xb_helper_find(l->emu, id, BPF_PROG_TYPE_XDP);
		struct item item = { .id = id, .name = xb_helper_name(id) };

		if (!row)
			row = xb_helper_find(l->emu, id, ~0u);
		if (!item.name && !row)
			continue;
		if (row)
			item = (struct item){ id, row->name, true, row->source };
		put_item(l, &item);
	}
}

static void
list_maps(struct lister *l)
{
	for (u32 type = 1; type < LIST_MAX_TYPES; type++) {
		const struct xb_map_ops *ops = xb_map_ops_of(type);
		const struct item item = { type, xb_map_type_name(type), ops != NULL,
			                   ops ? ops->source : NULL };

		if (item.name)
			put_item(l, &item);
	}
}

static void
list_progs(struct lister *l)
{
	for (u32 type = 1; type < LIST_MAX_TYPES; type++) {
		const struct item item = { type, xb_prog_type_name(type),
			                   l->emu->prog_types[type] &&
			                           l->emu->prog_types[type]->test_run,
			                   NULL };

		if (item.name)
			put_item(l, &item);
	}
}

/* There are none yet: weak kfuncs resolve to 0. */
static void
list_kfuncs(struct lister *l)
{
	(void)l;
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
		if (xb_json_init(&json, &out, err) != 0)
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
	xb_xdp_register(emu);
	rc = list(cli, emu, &err);
	xb_emu_free(emu);
	return rc == 0 ? XB_EXIT_OK : xb_say_error(&err);
}
