/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/diff_run.h"

#include "bench/say.h"
#include "emu/json.h"

/* Says an error; the first one's exit code stays. */
static void
keep_error(int *code, const struct xb_err *err)
{
	int this_code = xb_say_error(err);

	if (*code == XB_EXIT_OK)
		*code = this_code;
}

/* What is due after the last packet, also where that came too early. */
static int
finish(const struct xb_diff_run_opts *opts, struct xb_diff *diff, const struct xb_stats *stats,
       int code)
{
	struct xb_json *json = opts->diff.json;
	struct xb_err err = XB_ERR_INIT;

	if (xb_diff_maps(diff, &err) != 0)
		keep_error(&code, &err);
	xb_diff_report(diff, stats, opts->text);
	if (json && xb_json_flush(json, &err) != 0)
		keep_error(&code, &err);
	if (code == XB_EXIT_OK && *opts->replay.stop)
		return XB_EXIT_INTERRUPTED;
	return code == XB_EXIT_OK && xb_diff_differs(diff) ? XB_EXIT_FAILED : code;
}

int
xb_diff_run(const struct xb_diff_run_opts *opts, struct xb_stats *stats)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_diff *diff = xb_diff_open(&opts->diff, &err);
	int code = XB_EXIT_OK;

	if (!diff)
		return xb_say_error(&err);
	if (xb_replay(&opts->replay, stats, &err) != 0)
		keep_error(&code, &err);
	if (err.kind != XB_ERR_USAGE)
		code = finish(opts, diff, stats, code);
	xb_diff_close(diff);
	return code;
}
