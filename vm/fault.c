/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/fault.h"

#define FAULT_NAME(id, name) [XB_FAULT_##id] = name,
static const char *const names[XB_FAULT_KIND_CNT] = { XB_FAULT_LIST(FAULT_NAME) };

const char *
xb_fault_kind_name(enum xb_fault_kind kind)
{
	return names[kind];
}
