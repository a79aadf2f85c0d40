/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/stage.h"

const char *
xb_stage_name(enum xb_stage_kind kind)
{
	static const char *const names[XB_STAGE_CNT] = {
		[XB_STAGE_XDP] = "xdp",
		[XB_STAGE_TC] = "tc",
		[XB_STAGE_TC_EGRESS] = "tc-egress",
	};

	return names[kind];
}
