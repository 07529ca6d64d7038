// SPDX-License-Identifier: GPL-2.0-or-later
/* The cases of guest.sh: each holds what was read in the guest against what must come out. */
#ifndef SUTURE_TESTS_KERNEL_CONVERT_CASES_H
#define SUTURE_TESTS_KERNEL_CONVERT_CASES_H

/* cases-references.c */
void automatic(void **state);
void positions(void **state);
void homonyms(void **state);
void one_symbol_from_many_sections(void **state);
void pointers(void **state);
void keys_and_calls(void **state);
void indirect_calls(void **state);

/* cases-life.c */
void loaded_before(void **state);
void loaded_after(void **state);
void never_loaded(void **state);
void unloaded_and_loaded_again(void **state);
void refused_then_loaded(void **state);
void callbacks(void **state);
void shadow_variables(void **state);
void stacked(void **state);
void atomic_replace(void **state);
void somebody_sleeps(void **state);
void reversed(void **state);
void fifty_rounds(void **state);

#endif
