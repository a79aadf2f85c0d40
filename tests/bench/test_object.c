/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_object.c - an object file's programs: which type each is given, which of them is chosen.
 *
 *   test_object SECTIONS_O NEEDS_O
 */
#include "lib/object.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <bpf/libbpf.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_BYTES 65536u

static const char *paths[2];

struct rig {
	struct xb_emu *emu;
	struct xb_object *object;
	void *image;
};

static void
rig_init(struct rig *rig, const char *path, struct xb_object_opts opts)
{
	const struct xb_emu_opts emu_opts = { .cpu_cnt = 1 };
	struct xb_err err = XB_ERR_INIT;
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	rig->emu = xb_emu_new(&emu_opts, &err);
	assert_non_null(rig->emu);
	xb_xdp_register(rig->emu);
	xb_skb_register(rig->emu);
	rig->image = malloc(IMAGE_BYTES);
	assert_non_null(rig->image);
	opts.path = path;
	opts.image = rig->image;
	opts.bytes = fread(rig->image, 1, IMAGE_BYTES, f);
	assert_true(opts.bytes < IMAGE_BYTES);
	fclose(f);
	rig->object = xb_object_open(rig->emu, &opts, &err);
	if (!rig->object)
		fail_msg("%s: %s", path, err.msg);
}

static void
rig_fini(struct rig *rig)
{
	xb_object_free(rig->object);
	xb_emu_free(rig->emu);
	free(rig->image);
}

#define CLS BPF_PROG_TYPE_SCHED_CLS
#define ACT BPF_PROG_TYPE_SCHED_ACT

static const struct type_row {
	const char *name; /* of the program */
	const char *option;
	u32 type, attach;
	bool not_loaded;
} type_rows[] = {
	{ "in_xdp", NULL, BPF_PROG_TYPE_XDP, .attach = BPF_XDP },
	{ "in_xdp", "tc", BPF_PROG_TYPE_XDP, .attach = BPF_XDP },
	{ "in_xdp_any", NULL, BPF_PROG_TYPE_XDP, .attach = BPF_XDP },
	{ "in_xdp_devmap", NULL, BPF_PROG_TYPE_XDP, .attach = BPF_XDP_DEVMAP },
	{ "in_xdp_cpumap", NULL, BPF_PROG_TYPE_XDP, .attach = BPF_XDP_CPUMAP },
	{ "in_tc", NULL, CLS, .attach = 0 },
	{ "in_tc", "tc", CLS, .attach = 0 },
	{ "in_tc", "tcx", CLS, .attach = XB_TCX_INGRESS },
	{ "in_tc", "xdp", CLS, .attach = 0 },
	{ "in_tc_ingress", NULL, CLS, .attach = 0 },
	{ "in_tc_egress", NULL, CLS, .attach = 0 },
	{ "in_tc_egress", "tcx", CLS, .attach = XB_TCX_INGRESS },
	{ "in_tc_any", NULL, CLS, .attach = 0 },
	{ "in_tcx_ingress", NULL, CLS, .attach = XB_TCX_INGRESS },
	{ "in_tcx_ingress", "tc", CLS, .attach = XB_TCX_INGRESS },
	{ "in_tcx_egress", NULL, CLS, .attach = XB_TCX_EGRESS },
	{ "in_tcx_egress", "tcx", CLS, .attach = XB_TCX_EGRESS },
	{ "in_classifier", NULL, CLS, .attach = 0 },
	{ "in_classifier_any", NULL, CLS, .attach = 0 },
	{ "in_netkit_primary", NULL, CLS, .attach = XB_NETKIT_PRIMARY },
	{ "in_netkit_peer", NULL, CLS, .attach = XB_NETKIT_PEER },
	{ "in_action", NULL, ACT, .attach = 0 },
	{ "in_action", "tcx", ACT, .attach = 0 },
	{ "in_action_any", NULL, ACT, .attach = 0 },
	{ "in_act_any", NULL, ACT, .attach = 0 },
	{ "in_tcp_any", NULL, BPF_PROG_TYPE_UNSPEC, .not_loaded = true },
	{ "in_tcp_any", "xdp", BPF_PROG_TYPE_XDP, .attach = BPF_XDP },
	{ "in_tcp_any", "tc", CLS, .attach = 0 },
	{ "in_tcp_any", "tcx", CLS, .attach = XB_TCX_INGRESS },
	{ "in_socket", NULL, BPF_PROG_TYPE_SOCKET_FILTER, .not_loaded = true },
	{ "in_socket", "tc", BPF_PROG_TYPE_SOCKET_FILTER, .not_loaded = true },
};

static void
test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(type_rows); i++) {
		const struct type_row *row = &type_rows[i];
		const struct bpf_program *prog;
		struct xb_err err = XB_ERR_INIT;
		struct rig rig;
		u32 type, attach;

		rig_init(&rig, paths[0], (struct xb_object_opts){ .type = row->option });
		prog = xb_object_find_prog(rig.object, row->name);
		assert_non_null(prog);
		type = bpf_program__type(prog);
		attach = bpf_program__expected_attach_type(prog);
		if (type != row->type || attach != row->attach)
			fail_msg("'%s', --type %s: type %u, not %u, attach type %u, not %u",
			         row->name, row->option, type, row->type, attach, row->attach);
		if (xb_object_load(rig.object, &err) != 0)
			fail_msg("'%s', --type %s: %s", row->name, row->option, err.msg);
		if (!xb_object_prog(rig.object, prog) != row->not_loaded)
			fail_msg("'%s', --type %s: loaded, or not", row->name, row->option);
		rig_fini(&rig);
	}
}

#define OPTS(...)               .opts = { __VA_ARGS__ }
#define CHOOSES(name)           .chosen = (name)
#define CHOOSES_TC(name, mode_) .chosen = (name), .mode = XB_TC_##mode_
#define USAGE(text)             .error = XB_ERR_USAGE, .says = (text)
#define NOT_RUN(text)           .error = XB_ERR_LOAD, .says = (text)

static const struct choice_row {
	const char *name;
	u32 object; /* of `paths` */
	struct xb_object_opts opts;
	const char *chosen; /* or: */
	enum xb_err_kind error;
	const char *says;
	enum xb_tc_mode mode;
} choice_rows[] = {
	{ "several of either kind", 0, OPTS(.want = XB_WANT_ANY),
	  USAGE("more than one XDP or TC program; choose one with -p: 'in_xdp' (section 'xdp'), "
	        "*") },
	{ "several for XDP", 0, OPTS(.want = XB_WANT_XDP),
	  USAGE("more than one XDP program; choose one with FILE:NAME: *") },
	{ "several for TC", 0, OPTS(.want = XB_WANT_TC),
	  USAGE("more than one TC program; choose one with FILE:NAME: *") },
	{ "the only one for TC", 1, OPTS(.want = XB_WANT_TC), CHOOSES("needs_tc") },
	{ "one for XDP", 0, OPTS(.prog = "xdp", .want = XB_WANT_XDP), CHOOSES("in_xdp") },
	{ "one for XDP, wanted for TC", 0, OPTS(.prog = "xdp", .want = XB_WANT_TC),
	  USAGE("prog 'in_xdp': expected a TC program, found one of type xdp") },
	{ "classifier for TC", 0, OPTS(.prog = "tc", .want = XB_WANT_TC), CHOOSES("in_tc") },
	{ "action for TC", 0, OPTS(.prog = "action", .want = XB_WANT_TC),
	  CHOOSES_TC("in_action", ACTION) },
	{ "classifier, wanted for XDP", 0, OPTS(.prog = "tc", .want = XB_WANT_XDP),
	  USAGE("prog 'in_tc': expected an XDP program, found one of type sched_cls") },
	{ "action, wanted for XDP", 0, OPTS(.prog = "action", .want = XB_WANT_XDP),
	  USAGE("prog 'in_action': expected an XDP program, found one of type sched_act") },
	{ "of no device", 0, OPTS(.prog = "socket"), CHOOSES_TC("in_socket", SOCKET_FILTER) },
	{ "of no device, wanted for TC", 0, OPTS(.prog = "socket", .want = XB_WANT_TC),
	  USAGE("prog 'in_socket': expected a TC program, found one of type socket_filter") },
	{ "no kind", 0, OPTS(.prog = "in_kprobe"),
	  NOT_RUN("prog 'in_kprobe': programs of type kprobe cannot be run in this version") },
	{ "no kind, wanted for TC", 0, OPTS(.prog = "in_kprobe", .want = XB_WANT_TC),
	  NOT_RUN("prog 'in_kprobe': programs of type kprobe cannot be run*") },
	{ "type not told", 0, OPTS(.prog = "tcp_any", .want = XB_WANT_TC),
	  USAGE("prog 'in_tcp_any': section 'tcp_any' does not tell its type; say --type xdp, tc "
	        "or tcx") },
	{ "type given", 0, OPTS(.prog = "tcp_any", .want = XB_WANT_TC, .type = "tc"),
	  CHOOSES("in_tcp_any") },
	{ "type given, tcx", 0, OPTS(.prog = "tcp_any", .type = "tcx"),
	  CHOOSES_TC("in_tcp_any", TCX) },
	{ "tcx by section", 0, OPTS(.prog = "tcx/egress"), CHOOSES_TC("in_tcx_egress", TCX) },
	{ "tcx by pin name", 0, OPTS(.prog = "tcx_ingress"), CHOOSES_TC("in_tcx_ingress", TCX) },
	{ "netkit", 0, OPTS(.prog = "netkit_peer"), CHOOSES_TC("in_netkit_peer", NETKIT) },
	{ "tc made tcx", 0, OPTS(.prog = "classifier", .type = "tcx"),
	  CHOOSES_TC("in_classifier", TCX) },
	{ "XDP is none", 0, OPTS(.prog = "xdp", .type = "tcx"), CHOOSES("in_xdp") },
	{ "chosen for a map's slots", 0, OPTS(.prog = "xdp_devmap"), CHOOSES("in_xdp_devmap") },
};

static void
test_choice(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(choice_rows); i++) {
		const struct choice_row *row = &choice_rows[i];
		struct xb_err err = XB_ERR_INIT;
		struct rig rig;
		int rc;

		rig_init(&rig, paths[row->object], row->opts);
		rc = xb_object_choose(rig.object, &err);
		if ((rc == 0) != (row->chosen != NULL))
			fail_msg("%s: %d: %s", row->name, rc, err.msg);
		if (row->chosen && strcmp(bpf_program__name(rig.object->chosen), row->chosen))
			fail_msg("%s: '%s'", row->name, bpf_program__name(rig.object->chosen));
		if (row->chosen && xb_object_tc_mode(rig.object) != row->mode)
			fail_msg("%s: mode %d", row->name, (int)xb_object_tc_mode(rig.object));
		if (!row->chosen && (err.kind != row->error || fnmatch(row->says, err.msg, 0)))
			fail_msg("%s: %s", row->name, err.msg);
		rig_fini(&rig);
	}
}

/* One program cannot be loaded, and another was chosen: what the caller does then. */
static void
test_left_out(void **state)
{
	static char *const without[] = { "needs_helper" };
	struct xb_object_opts opts = { .prog = "needs_tc", .without = without };
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	rig_init(&rig, paths[1], opts);
	assert_int_equal(xb_object_choose(rig.object, &err), 0);
	assert_int_equal(xb_object_load(rig.object, &err), -1);
	assert_string_equal(rig.object->other_failed, "needs_helper");
	rig_fini(&rig);
	opts.without_cnt = 1;
	rig_init(&rig, paths[1], opts);
	assert_int_equal(xb_object_choose(rig.object, &err), 0);
	assert_int_equal(xb_object_load(rig.object, &err), 0);
	assert_null(rig.object->other_failed);
	rig_fini(&rig);
}

static void
test_alone(void **state)
{
	struct xb_object_opts opts = { .prog = "needs_tc", .alone = true };
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	rig_init(&rig, paths[1], opts);
	assert_int_equal(xb_object_choose(rig.object, &err), 0);
	assert_int_equal(xb_object_load(rig.object, &err), 0);
	assert_non_null(rig.object->prog);
	assert_int_equal(rig.object->prog->type, CLS);
	rig_fini(&rig);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_alone),
	};

	if (argc != 3)
		return 2;
	paths[0] = argv[1];
	paths[1] = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
