// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cleanup.h"
#include "base/str.h"
#include "driver/source.h"

/* Words that name files, places or the unit itself: the livepatch has its own. */
static bool is_own(const char *word)
{
	static const char *const prefixes[] = { "-I", "-include", "-DKBUILD_", "-D__KBUILD", "-DMODULE",
						"-o", "-c", "-nostdinc", "-isystem", "-Wp,", "-fmacro-prefix",
						"-ffile-prefix", "-DGCC_PLUGINS", "-ffunction-sections",
						"-fdata-sections" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(word, prefixes[i]))
			return true;
	return word[0] != '-';
}

static bool has(const struct command *c, const char *word)
{
	for (size_t i = 0; i < c->argv.n; i++)
		if (streq(c->argv.at[i], word))
			return true;
	return false;
}

static void add_missing(const struct command *from, const struct command *in, struct str *out)
{
	for (size_t i = 1; i < from->argv.n; i++)
		if (!is_own(from->argv.at[i]) && !has(in, from->argv.at[i]))
			str_add(out, " %s", from->argv.at[i]);
}

char *patch_source_flags(const struct command *unit, const struct command *ordinary, const char *object)
{
	scoped_str struct str more = { 0 }, less = { 0 };
	struct str out = { 0 };

	add_missing(unit, ordinary, &more);
	add_missing(ordinary, unit, &less);
	str_add(&out, "%s", "");
	if (more.n)
		str_add(&out, "CFLAGS_%s :=%s\n", object, more.s);
	if (less.n)
		str_add(&out, "CFLAGS_REMOVE_%s :=%s\n", object, less.s);
	return out.s;
}
