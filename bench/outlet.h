/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet.h - a packet's result on its way out: messages, -w, --json, --trace.
 *
 * Everything is called in the order of the input.
 */
#ifndef XB_BENCH_OUTLET_H
#define XB_BENCH_OUTLET_H

#include "emu/json.h"
#include "bench/opts.h"
#include "bench/output.h"
#include "bench/path.h"
#include "bench/result.h"
#include "bench/session.h"

#include <stdio.h>

struct xb_outlet {
	const struct xb_opts *cli;
	const struct xb_session *session;
	const char *capture;      /* its name, for messages */
	struct xb_output *output; /* or NULL */
	struct xb_json *json;     /* or NULL */
	FILE *trace;              /* or NULL: a line for each packet */
	u32 said;                 /* of what is said once; 0 at the start */
};

/* Whether somebody wants what programs print; the records that they put out; the bytes. */
bool xb_outlet_wants_text(const struct xb_outlet *o);
bool xb_outlet_wants_events(const struct xb_outlet *o);
bool xb_outlet_wants_data(const struct xb_outlet *o);

/* One fault of the packet's run. */
void xb_outlet_fault(const struct xb_outlet *o, const struct xb_result *r,
                     const struct xb_fault *fault);

/* What left while the run was going on; in front of the result. -1 and err where -w fails. */
int xb_outlet_send(const struct xb_outlet *o, const struct xb_result *r,
                   const struct xb_path_send *send, struct xb_err *err);

/* All that came of a packet, whether it ran or not. -1 and err where an output fails. */
int xb_outlet_result(struct xb_outlet *o, const struct xb_result *r, struct xb_err *err);

#endif
