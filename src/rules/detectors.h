// SPDX-License-Identifier: GPL-2.0-or-later
/* The detectors of all families, for the table. Each reports what its id's page describes. */
#ifndef SUTURE_RULES_DETECTORS_H
#define SUTURE_RULES_DETECTORS_H

#include "rules/check.h"

/* what the inspection of the file alone has found, with the severity of the row */
rule_detector rule_inspected;

/* names.c */
rule_detector rule_ambiguous_name, rule_foreign_position, rule_changed_position, rule_missing_symbol,
	rule_name_form;
/* needs.c */
rule_detector rule_new_dependency, rule_crc, rule_namespace, rule_plain_export, rule_vermagic;
/* functions.c */
rule_detector rule_no_ftrace, rule_livepatch_core, rule_on_stack, rule_never_returns,
	rule_interrupt, rule_alias, rule_idle;
/* cold.c, consistency.c */
rule_detector rule_cold_part, rule_system_call;
/* running.c */
rule_detector rule_loaded_patch, rule_other_hooks, rule_booted_preempt;
/* data.c */
rule_detector rule_init, rule_copied_variable, rule_escaping_data, rule_once, rule_percpu,
	rule_copied_ops, rule_lock_class;
/* toolchain.c */
rule_detector rule_static_key, rule_tracepoint, rule_cut_entry, rule_alternative, rule_sealed_target,
	rule_orc, rule_switch_table, rule_thunks;
/* producer.c */
rule_detector rule_instrumentation;
/* lifecycle.c */
rule_detector rule_overlap, rule_dropped_state, rule_callback_pairs, rule_shadow, rule_module_callback,
	rule_outlives, rule_reliable_stack, rule_preemption;

#endif
