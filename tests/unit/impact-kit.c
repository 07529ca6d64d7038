// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact-kit.h"

const struct compiler compilers[3] = { { "gcc-11", GCC11 }, { "gcc-12", GCC12 }, { "clang", CLANG } };

static void words(struct str_vec *argv, const char *line)
{
	*argv = (struct str_vec){ 0 };
	assert_true(str_split_shell(line, argv));
}

struct variant_source make_source(const char *cc, const char *text, struct str_vec *argv)
{
	scoped_free char *line = xasprintf("%s -O2 -w -fcf-protection=none", cc);
	struct variant_source s = { .workdir = kit_dir, .text = xstrdup(text), .argv = argv };

	words(argv, line);
	assert_fine(compiler_version(cc, &s.clang, &s.version));
	s.original = kit_compile(cc, "-O2 -fcf-protection=none -ffunction-sections -fdata-sections",
				 "whole.c", text);
	return s;
}

void source_done(struct variant_source *s, struct str_vec *argv)
{
	free((char *)s->original);
	variant_source_free(s);
	str_vec_free_all(argv);
}
