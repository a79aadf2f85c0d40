/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_states.c - how the emulator answers for each helper number, those that it has no row for
 * included: only programs that are attached to other things than the network may call these.
 */
#include "emu/helper.h"

#define FOREIGN(helper, file) [BPF_FUNC_##helper] = file ": bpf_" #helper

static const char *const foreign[] = {
	FOREIGN(probe_write_user, "kernel/trace/bpf_trace.c"),
	FOREIGN(override_return, "kernel/trace/bpf_trace.c"),
	FOREIGN(bind, "net/core/filter.c"),
	FOREIGN(rc_repeat, "drivers/media/rc/bpf-lirc.c"),
	FOREIGN(rc_keydown, "drivers/media/rc/bpf-lirc.c"),
	FOREIGN(rc_pointer_rel, "drivers/media/rc/bpf-lirc.c"),
	FOREIGN(sysctl_get_name, "kernel/bpf/cgroup.c"),
	FOREIGN(sysctl_get_current_value, "kernel/bpf/cgroup.c"),
	FOREIGN(sysctl_get_new_value, "kernel/bpf/cgroup.c"),
	FOREIGN(sysctl_set_new_value, "kernel/bpf/cgroup.c"),
	FOREIGN(skb_output, "net/core/filter.c"),
	FOREIGN(xdp_output, "net/core/filter.c"),
	FOREIGN(tcp_send_ack, "net/ipv4/bpf_tcp_ca.c"),
	FOREIGN(seq_printf, "kernel/trace/bpf_trace.c"),
	FOREIGN(seq_write, "kernel/trace/bpf_trace.c"),
	FOREIGN(seq_printf_btf, "kernel/trace/bpf_trace.c"),
	FOREIGN(inode_storage_get, "kernel/bpf/bpf_inode_storage.c"),
	FOREIGN(inode_storage_delete, "kernel/bpf/bpf_inode_storage.c"),
	FOREIGN(bprm_opts_set, "kernel/bpf/bpf_lsm.c"),
	FOREIGN(ima_inode_hash, "kernel/bpf/bpf_lsm.c"),
	FOREIGN(ima_file_hash, "kernel/bpf/bpf_lsm.c"),
	FOREIGN(get_retval, "kernel/bpf/cgroup.c"),
	FOREIGN(set_retval, "kernel/bpf/cgroup.c"),
};

const char *
xb_helper_state_name(enum xb_helper_state state)
{
#define NAME(id, name) [XB_HELPER_##id] = (name),
	static const char *const names[] = { XB_HELPER_STATE_LIST(NAME) };
#undef NAME
	return names[state];
}

enum xb_helper_state
xb_helper_state_of(const struct xb_emu *emu, u32 id, const char **source)
{
	const struct xb_helper *row = xb_helper_find(emu, id, ~0u);

	*source = NULL;
	if (row)
		return row->state;
	if (id < XB_ARRAY_SIZE(foreign) && foreign[id]) {
		*source = foreign[id];
		return XB_HELPER_FOREIGN;
	}
	return XB_HELPER_MISSING;
}
