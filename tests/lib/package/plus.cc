// SPDX-License-Identifier: BSD-2-Clause
// A user's program in C++.
#include <cstdio>
#include <xdpbench/context.h>
#include <xdpbench/emulator.h>
#include <xdpbench/linux.h>
#include <xdpbench/pool.h>

int
main()
{
	xb_err err = XB_ERR_INIT;
	xb_machine_opts opts{};

	opts.size = sizeof(opts);
	xb_machine *machine = xb_machine_new(&opts, &err);
	if (!machine) {
		std::printf("%s\n", err.msg);
		return 1;
	}
	std::printf("%u, %s\n", xb_machine_vcpu_cnt(machine),
	            xb_fault_kind_name(XB_FAULT_NULL_POINTER));
	xb_machine_free(machine);
	return 0;
}
