// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/special.h"

#include "base/mem.h"
#include "base/str.h"

/* Kernels 5.10 to 6.12, x86_64. Sizes that changed between releases are 0: found by counting. */
static const struct special_section table[] = {
	/* name, action, entry, relocs, owner, key, source */
	{ ".altinstructions", SPECIAL_COPY, 0, 2, 0, -1, "arch/x86/include/asm/alternative.h" },
	{ ".altinstr_replacement", SPECIAL_SLICE, 0, 0, -1, -1,
	  "arch/x86/include/asm/alternative.h" },
	{ ".altinstr_aux", SPECIAL_SLICE, 0, 0, -1, -1, "arch/x86/include/asm/cpufeature.h" },
	{ ".smp_locks", SPECIAL_COPY, 4, 1, 0, -1, "arch/x86/include/asm/alternative.h" },
	{ ".parainstructions", SPECIAL_COPY, 16, 1, 0, -1,
	  "arch/x86/include/asm/paravirt_types.h (before 6.8)" },
	{ "__jump_table", SPECIAL_COPY, 16, 3, 0, 2, "arch/x86/include/asm/jump_label.h" },
	{ "__bug_table", SPECIAL_COPY, 0, 2, 0, -1, "arch/x86/include/asm/bug.h" },
	{ "__ex_table", SPECIAL_COPY, 12, 2, 0, -1, "arch/x86/include/asm/asm.h" },
	{ "__mcount_loc", SPECIAL_COPY, 8, 1, 0, -1, "gcc -mrecord-mcount" },
	{ "__patchable_function_entries", SPECIAL_COPY, 8, 1, 0, -1,
	  "gcc -fpatchable-function-entry" },
	{ ".static_call_sites", SPECIAL_DROP, 8, 2, 0, 1,
	  "made afresh by objtool when the livepatch is linked" },
	{ ".discard.addressable", SPECIAL_DROP, 8, 1, -1, -1, "include/linux/compiler.h" },
	{ ".discard.sym*", SPECIAL_DROP, 0, 0, -1, -1, "include/linux/compiler.h" },
	{ ".discard.*", SPECIAL_COPY, 0, 1, 0, -1, "include/linux/objtool.h" },
	{ "runtime_ptr_*", SPECIAL_RUNTIME, 4, 1, 0, -1, "arch/x86/include/asm/runtime-const.h" },
	{ "runtime_shift_*", SPECIAL_RUNTIME, 4, 1, 0, -1, "arch/x86/include/asm/runtime-const.h" },
	{ "runtime_mask_*", SPECIAL_RUNTIME, 4, 1, 0, -1, "arch/x86/include/asm/runtime-const.h" },
	{ "__dyndbg", SPECIAL_DESCRIPTOR, 0, 0, -1, -1, "include/linux/dynamic_debug.h" },
	{ "__verbose", SPECIAL_DESCRIPTOR, 0, 0, -1, -1, "include/linux/dynamic_debug.h (5.10)" },
	{ "__dyndbg_classes", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/dynamic_debug.h" },
	{ "alloc_tags", SPECIAL_DESCRIPTOR, 0, 0, -1, -1, "include/linux/alloc_tag.h" },
	{ ".data..percpu*", SPECIAL_PERCPU, 0, 0, -1, -1, "include/linux/percpu-defs.h" },
	{ ".init.*", SPECIAL_INIT, 0, 0, -1, -1, "include/linux/init.h" },
	{ ".exit.*", SPECIAL_EXIT, 0, 0, -1, -1, "include/linux/init.h" },
	{ ".ref.*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/init.h" },
	{ ".initcall*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/init.h" },
	{ ".con_initcall*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/init.h" },
	{ ".exitcall.exit", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/init.h" },
	{ ".modinfo", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/moduleparam.h" },
	{ "__param", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/moduleparam.h" },
	{ "__modver", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/module.h" },
	{ ".export_symbol", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/export.h (6.5)" },
	{ "___ksymtab*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/export-internal.h" },
	{ "__ksymtab*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/export-internal.h" },
	{ "___kcrctab*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/export-internal.h" },
	{ "__kcrctab*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/export-internal.h" },
	{ ".printk_index", SPECIAL_DROP, 0, 0, -1, -1, "include/linux/printk.h" },
	{ "__tracepoints*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/tracepoint.h" },
	{ "__tracepoint_str", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/tracepoint.h" },
	{ "_ftrace_events", SPECIAL_UNIT, 0, 0, -1, -1, "include/trace/trace_events.h" },
	{ "_ftrace_eval_map", SPECIAL_UNIT, 0, 0, -1, -1, "include/trace/stages/init.h" },
	{ "__bpf_raw_tp_map", SPECIAL_UNIT, 0, 0, -1, -1, "include/trace/bpf_probe.h" },
	{ "__trace_printk_fmt", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/trace_printk.h" },
	{ "__syscalls_metadata", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/syscalls.h" },
	{ "_error_injection_whitelist", SPECIAL_UNIT, 0, 0, -1, -1,
	  "include/asm-generic/error-injection.h" },
	{ "_kprobe_blacklist", SPECIAL_UNIT, 0, 0, -1, -1, "include/asm-generic/kprobes.h" },
	{ ".BTF_ids*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/btf_ids.h" },
	{ ".BTF*", SPECIAL_DEBUG, 0, 0, -1, -1, "pahole" },
	{ ".pci_fixup*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/pci.h" },
	{ ".x86_cpu_dev.init", SPECIAL_UNIT, 0, 0, -1, -1, "arch/x86/kernel/cpu/cpu.h" },
	{ "__*_acpi_probe_table", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/acpi.h" },
	{ "__lsm_info*", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/lsm_hooks.h" },
	{ ".lsm_info.init", SPECIAL_UNIT, 0, 0, -1, -1, "include/linux/lsm_hooks.h" },
	{ ".apicdrivers", SPECIAL_UNIT, 0, 0, -1, -1, "arch/x86/include/asm/apic.h" },
	{ ".llvm_addrsig", SPECIAL_DEBUG, 0, 0, -1, -1, "clang" },
	{ ".eh_frame", SPECIAL_DEBUG, 0, 0, -1, -1, "compiler; ORC is made at the link" },
	{ ".debug*", SPECIAL_DEBUG, 0, 0, -1, -1, "DWARF" },
	{ ".comment", SPECIAL_DEBUG, 0, 0, -1, -1, "compiler" },
	{ ".note*", SPECIAL_DEBUG, 0, 0, -1, -1, "compiler and assembler" },
	{ ".orc_*", SPECIAL_DROP, 0, 0, -1, -1, "objtool; made afresh at the link" },
	{ ".retpoline_sites", SPECIAL_DROP, 0, 0, -1, -1, "objtool; made afresh at the link" },
	{ ".return_sites", SPECIAL_DROP, 0, 0, -1, -1, "objtool; made afresh at the link" },
	{ ".call_sites", SPECIAL_DROP, 0, 0, -1, -1, "objtool; made afresh at the link" },
	{ ".ibt_endbr_seal", SPECIAL_DROP, 0, 0, -1, -1, "objtool; made afresh at the link" },
	{ ".cfi_sites", SPECIAL_DROP, 0, 0, -1, -1, "objtool; made afresh at the link" },
};

static bool row_matches(const char *pattern, const char *section)
{
	size_t n = strlen(pattern);
	const char *star = strchr(pattern, '*');

	if (!star)
		return streq(pattern, section);
	if (star == pattern + n - 1)
		return strncmp(pattern, section, n - 1) == 0;
	return strncmp(pattern, section, star - pattern) == 0 && ends_with(section, star + 1);
}

const struct special_section *special_find(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (row_matches(table[i].name, section))
			return &table[i];
	return NULL;
}
