/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_choose.c - which of the object's programs is run.
 */
#include "lib/object_priv.h"

#include <bpf/libbpf.h>
#include <string.h>

static const char *const kinds[] = {
	[XB_WANT_ANY] = "XDP or TC", [XB_WANT_XDP] = "XDP",    [XB_WANT_TC] = "TC",
	[XB_WANT_SKB] = "packet",    [XB_WANT_BARE] = "other",
};

static bool
is_candidate(enum xb_object_want want, const struct bpf_program *prog)
{
	enum bpf_attach_type attach = bpf_program__expected_attach_type(prog);
	enum xb_object_want kind = object_kind(prog);

	if (want == XB_WANT_BARE)
		return true;
	if (want == XB_WANT_ANY ? kind != XB_WANT_XDP && kind != XB_WANT_TC : want != kind)
		return false;
	return kind != XB_WANT_XDP || (attach != BPF_XDP_DEVMAP && attach != BPF_XDP_CPUMAP);
}

/* "'xdp_a' (xdp), 'xdp_b' (xdp)": every program with its section. */
static void
list_programs(const struct xb_object *o, char *text, size_t bytes)
{
	struct bpf_program *prog;
	size_t len = 0;

	text[0] = 0;
	bpf_object__for_each_program(prog, o->bpf)
	{
		int n = snprintf(text + len, bytes - len, "%s'%s' (section '%s')", len ? ", " : "",
		                 bpf_program__name(prog), bpf_program__section_name(prog));

		if (n < 0 || (size_t)n >= bytes - len) {
			memcpy(text + bytes - 4, "...", 4);
			return;
		}
		len += (size_t)n;
	}
}

/* The pin's name is the section's, with '_' for '/' (cf. libbpf: __bpf_program__pin_name). */
static bool
is_pin_name(const char *section, const char *name)
{
	for (; *section && *name; section++, name++)
		if (*name != (*section == '/' ? '_' : *section))
			return false;
	return *section == *name;
}

static int
choose_named(struct xb_object *o, struct xb_err *err)
{
	const char *name = o->opts.prog;
	struct bpf_program *prog;
	char names[512];
	u32 found = 0;

	o->chosen = xb_object_find_prog(o, name);
	if (o->chosen)
		return 0;
	bpf_object__for_each_program(prog, o->bpf)
	{
		const char *section = bpf_program__section_name(prog);

		if (strcmp(section, name) && !is_pin_name(section, name))
			continue;
		o->chosen = prog;
		found++;
	}
	if (found == 1)
		return 0;
	list_programs(o, names, sizeof(names));
	return xb_err_set(err, XB_ERR_USAGE,
	                  found ? "more than one program in section '%.64s'; there are %s"
	                        : "no program '%.64s'; there are %s",
	                  name, names);
}

/* How many there are of the kind; the last one is chosen. */
static u32
choose_of(struct xb_object *o, enum xb_object_want want)
{
	struct bpf_program *prog;
	u32 found = 0;

	bpf_object__for_each_program(prog, o->bpf)
	{
		if (!is_candidate(want, prog))
			continue;
		o->chosen = prog;
		found++;
	}
	return found;
}

/* Of all kinds, XDP and TC go first. */
static int
choose_only(struct xb_object *o, struct xb_err *err)
{
	enum xb_object_want want = o->opts.want;
	u32 found = choose_of(o, want);
	char names[512];

	if (found == 0 && want == XB_WANT_ANY)
		found = choose_of(o, want = XB_WANT_SKB);
	if (found == 1)
		return 0;
	list_programs(o, names, sizeof(names));
	if (found)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "more than one %s program; choose one with %s: %s", kinds[want],
		                  o->opts.want == XB_WANT_ANY || o->opts.want == XB_WANT_BARE
		                          ? "-p"
		                          : "FILE:NAME",
		                  names);
	return xb_err_set(err, XB_ERR_LOAD, "no %s program; there are %s", kinds[o->opts.want],
	                  names);
}

/* Whether the chosen program is one that can be run, where it is wanted. */
static int
check_kind(const struct xb_object *o, struct xb_err *err)
{
	enum xb_object_want kind = object_kind(o->chosen);
	const char *name = bpf_program__name(o->chosen);
	enum bpf_prog_type type = bpf_program__type(o->chosen);
	const char *type_name = xb_prog_type_name(type);

	if (type == BPF_PROG_TYPE_UNSPEC)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "prog '%s': section '%s' does not tell its type; say --type xdp, "
		                  "tc or tcx",
		                  name, bpf_program__section_name(o->chosen));
	if (!type_name)
		type_name = "(unknown)";
	if (o->opts.want == XB_WANT_BARE)
		return 0;
	if (kind == XB_WANT_ANY)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "prog '%s': programs of type %s cannot be run in this version",
		                  name, type_name);
	if (o->opts.want != XB_WANT_ANY && o->opts.want != kind)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "prog '%s': expected %s program, found one of type %s", name,
		                  o->opts.want == XB_WANT_XDP ? "an XDP" : "a TC", type_name);
	return 0;
}

/* The chosen one may call programs of its own type; those of XDP and TC are loaded anyway. */
static void
load_others(struct xb_object *o)
{
	struct bpf_program *prog;

	if (object_kind(o->chosen) != XB_WANT_SKB)
		return;
	bpf_object__for_each_program(prog, o->bpf)
	{
		if (!object_is_left_out(o, prog) &&
		    bpf_program__type(prog) == bpf_program__type(o->chosen) &&
		    bpf_program__expected_attach_type(prog) ==
		            bpf_program__expected_attach_type(o->chosen))
			bpf_program__set_autoload(prog, true);
	}
}

int
xb_object_choose(struct xb_object *o, struct xb_err *err)
{
	if ((o->opts.prog ? choose_named(o, err) : choose_only(o, err)) != 0)
		return -1;
	if (check_kind(o, err) != 0)
		return -1;
	load_others(o);
	bpf_program__set_autoload(o->chosen, true);
	return 0;
}
