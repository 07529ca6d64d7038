// SPDX-License-Identifier: GPL-2.0-or-later
/* Conversions for tests: modules made by the real compiler and linker, one symbol list. */
#ifndef SUTURE_TESTS_CONVERT_KIT_H
#define SUTURE_TESTS_CONVERT_KIT_H

#include "diff-kit.h"

#include "convert/convert.h"

#define HEADER "#include \"suture/livepatch.h\"\n"
#define MODINFO                                                                                    \
	"__asm__(\".section .modinfo,\\\"a\\\"\\n.asciz \\\"license=GPL\\\"\\n"                    \
	".asciz \\\"livepatch=Y\\\"\\n.previous\");\n"

/* vmlinux, ext4 and jbd2 with unique names, homonyms, exports, init memory and clones. */
extern const char convert_list[];

/* One conversion and what came of it. */
struct run {
	char *in;
	size_t in_size;
	struct symlist list;
	struct finding_vec findings;
	struct convert_result result;
	struct error *err;
};

void run_close(struct run *r);
#define scoped_run SCOPED(run_close)

/* Compiles source text as the kernel would and links it as Kbuild does: r->in. */
void make_module(struct run *r, const char *name, const char *text);
/* Converts r->in with a symbol list of this text. */
void convert_with(struct run *r, const char *list);
/* Both, for a livepatch with this body and convert_list. */
void convert_source(struct run *r, const char *name, const char *body);

void assert_converted(const struct run *r);
/* Exactly one refusal, of this id, whose text contains this. */
const struct finding *assert_refused(const struct run *r, const char *id, const char *text);
/* The livepatch relocations, "SECTION SYMBOL" a line, in file order. */
void assert_relocations(const struct run *r, const char *want);

#endif
