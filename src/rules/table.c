// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of rules, in the order of their report. docs/check.md says what the other ids are. */
#include "base/mem.h"
#include "rules/detectors.h"

const struct rule rules[] = {
	{ "B5", SEVERITY_REFUSAL, 0, rule_inspected },
	{ "B6", SEVERITY_WARNING, 0, rule_inspected },
	{ "X10", SEVERITY_REFUSAL, 0, rule_inspected },
	{ "E6", SEVERITY_WARNING, 0, rule_inspected },
	{ "E7", SEVERITY_NOTE, 0, rule_inspected },

	{ "N1", SEVERITY_REFUSAL, NEEDS_TARGET, rule_ambiguous_name },
	{ "N2", SEVERITY_WARNING, NEEDS_TARGET, rule_foreign_position },
	{ "N3", SEVERITY_WARNING, NEEDS_PREVIOUS, rule_changed_position },
	{ "N4", SEVERITY_REFUSAL, NEEDS_TARGET, rule_missing_symbol },
	{ "N5", SEVERITY_REFUSAL, 0, rule_name_form },

	{ "E1", SEVERITY_WARNING, NEEDS_TARGET, rule_new_dependency },
	{ "E2", SEVERITY_REFUSAL, NEEDS_TARGET, rule_crc },
	{ "E3", SEVERITY_REFUSAL, NEEDS_TARGET, rule_namespace },
	{ "E4", SEVERITY_WARNING, NEEDS_TARGET, rule_plain_export },
	{ "E5", SEVERITY_REFUSAL, NEEDS_TARGET, rule_vermagic },

	{ "F1", SEVERITY_REFUSAL, NEEDS_TARGET, rule_no_ftrace },
	{ "F3", SEVERITY_REFUSAL, 0, rule_livepatch_core },
	{ "F4", SEVERITY_WARNING, NEEDS_TARGET, rule_on_stack },
	{ "F5", SEVERITY_WARNING, 0, rule_never_returns },
	{ "F6", SEVERITY_NOTE, NEEDS_TARGET, rule_interrupt },
	{ "F7", SEVERITY_NOTE, NEEDS_TARGET, rule_cold_part },
	{ "F10", SEVERITY_NOTE, NEEDS_TARGET, rule_alias },
	{ "C12", SEVERITY_WARNING, 0, rule_idle },

	{ "S1", SEVERITY_REFUSAL, NEEDS_TARGET, rule_init },
	{ "S6", SEVERITY_WARNING, NEEDS_TARGET, rule_copied_variable },
	{ "S8", SEVERITY_WARNING, 0, rule_escaping_data },
	{ "S9", SEVERITY_WARNING, 0, rule_once },
	{ "S10", SEVERITY_WARNING, 0, rule_percpu },
	{ "S11", SEVERITY_WARNING, NEEDS_TARGET, rule_copied_ops },
	{ "S12", SEVERITY_NOTE, 0, rule_lock_class },

	{ "X1", SEVERITY_REFUSAL, 0, rule_static_key },
	{ "X2", SEVERITY_WARNING, 0, rule_tracepoint },
	{ "X3", SEVERITY_REFUSAL, 0, rule_cut_entry },
	{ "X4", SEVERITY_REFUSAL, 0, rule_alternative },
	{ "X5", SEVERITY_WARNING, NEEDS_TARGET, rule_thunks },
	{ "X6", SEVERITY_WARNING, NEEDS_TARGET, rule_sealed_target },
	{ "X7", SEVERITY_WARNING, NEEDS_TARGET, rule_orc },
	{ "X8", SEVERITY_REFUSAL, NEEDS_TARGET, rule_switch_table },
	{ "X9", SEVERITY_WARNING, NEEDS_TARGET, rule_instrumentation },

	{ "C2", SEVERITY_WARNING, NEEDS_PREVIOUS, rule_overlap },
	{ "C2", SEVERITY_WARNING, NEEDS_RUNNING, rule_loaded_patch },
	{ "C3", SEVERITY_REFUSAL, NEEDS_PREVIOUS, rule_dropped_state },
	{ "C4", SEVERITY_WARNING, 0, rule_callback_pairs },
	{ "C5", SEVERITY_WARNING, 0, rule_shadow },
	{ "C6", SEVERITY_NOTE, 0, rule_module_callback },
	{ "C7", SEVERITY_WARNING, 0, rule_outlives },
	{ "C9", SEVERITY_WARNING, NEEDS_TARGET, rule_reliable_stack },
	{ "C10", SEVERITY_REFUSAL, NEEDS_RUNNING, rule_other_hooks },
	{ "C14", SEVERITY_WARNING, NEEDS_TARGET, rule_preemption },
	{ "C14", SEVERITY_WARNING, NEEDS_RUNNING, rule_booted_preempt },
	{ "C15", SEVERITY_NOTE, 0, rule_system_call },
};
const size_t rule_count = ARRAY_SIZE(rules);
