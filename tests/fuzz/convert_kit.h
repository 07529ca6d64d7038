// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the fuzzers of the conversion share: modules made by the real compiler and linker, one symbol
 * list, and one run of an input through the stage and through the command, held against each other.
 */
#ifndef SUTURE_FUZZ_CONVERT_KIT_H
#define SUTURE_FUZZ_CONVERT_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "convert/convert.h"

#define MODINFO                                                                                    \
	"__asm__(\".section .modinfo,\\\"a\\\"\\n.asciz \\\"livepatch=Y\\\"\\n.previous\");\n"

struct input {
	char *data;
	size_t size;
};

/* What came of one input. Exactly one of the three: a module, an error, refusals. */
struct verdict {
	struct convert_result result;
	struct finding_vec findings;
	struct error *err;
};
void verdict_free(struct verdict *v);

/* A number below `below` (0: 0). fuzz_seed() begins the sequence. */
void fuzz_seed(uint64_t seed);
uint32_t rnd(uint32_t below);

/* Prints and aborts unless fine. */
void check(bool fine, const char *what);

/* The vmlinux and the ext4 of all inputs, in our format. */
extern const char list_text[];

/* Makes the scratch directory and its files, with list_text as the list. One at a time. */
struct error *kit_open(const char *include);
void kit_close(void);
/* Compiles and links; free(in->data). */
struct error *kit_compile(const char *text, struct input *in);

/* The stage alone. */
void run_stage(const struct input *in, const struct symlist *list, struct verdict *v);
/* The command, with files: it says what the stage said, and writes a file when that gave a module. */
void run_command(const struct input *in, const struct verdict *want);
/* Another text for the command's list. */
void set_command_list(const char *text);

#endif
