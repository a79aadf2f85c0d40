/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err.h - what stops the bench: the library's struct xb_err, under the name that the inner folders
 * know it by.
 */
#ifndef XB_VM_ERR_H
#define XB_VM_ERR_H

#include "xdpbench/err.h"
#include "vm/types.h"

#endif
