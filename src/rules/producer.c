// SPDX-License-Identifier: GPL-2.0-or-later
/* X9: which compiler, and which instrumentation. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "rules/detectors.h"
#include "target/config.h"

/* What instrumented code calls, and the option that the kernel needs for it. */
static const struct {
	const char *prefix, *option, *flag;
} instrumentation[] = {
	{ "__asan_", "KASAN", "-fsanitize=kernel-address" },
	{ "__hwasan_", "KASAN", "-fsanitize=kernel-hwaddress" },
	{ "__tsan_", "KCSAN", "-fsanitize=thread" },
	{ "__msan_", "KMSAN", "-fsanitize=kernel-memory" },
	{ "__ubsan_handle_", "UBSAN", "-fsanitize=..." },
	{ "__sanitizer_cov_", "KCOV", "-fsanitize-coverage" },
	{ "__gcov_", "GCOV_KERNEL", "-fprofile-arcs" },
	{ "__stack_chk_fail", "STACKPROTECTOR", "-fstack-protector" },
	{ "__fentry__", "FUNCTION_TRACER", "-pg -mfentry" },
	{ "__cyg_profile_", "", "-finstrument-functions" },
	{ "mcount", "", "-pg without -mfentry" },
};

static void check_imports(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->imports.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(instrumentation); k++) {
			const char *name = c->in->imports.at[i].name, *option = instrumentation[k].option;

			if (!starts_with(name, instrumentation[k].prefix) ||
			    target_config_is(c->target, option, 'y'))
				continue;
			rule_finding(c, rule, NULL, name, NULL,
				     "compiled with %s; the target's code is not", instrumentation[k].flag);
		}
}

/* "x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14) 12.2.0" → "(Debian 12.2.0-14) 12.2.0" */
static const char *version_part(const char *text)
{
	const char *paren = strchr(text, '(');

	return paren ? paren : text;
}

static bool is_assembler(const char *text)
{
	return !strstr(text, "GCC:") && !strstr(text, "clang");
}

static void check_comment(struct check *c, const struct rule *rule, const char *wanted)
{
	const struct obj_section *s = object_section(c->in->object, ".comment");

	for (uint64_t at = 0; s && s->data && at < s->size;) {
		const char *text = (const char *)s->data + at;
		size_t n = strnlen(text, s->size - at);
		scoped_free char *copy = xstrndup(text, n);

		at += n + 1;
		if (!n || is_assembler(copy) || streq(version_part(copy), version_part(wanted)))
			continue;
		rule_finding(c, rule, NULL, NULL, ".comment",
			     "compiled by '%s', the target by '%s': other inlining, other layout of stack "
			     "frames", copy, wanted);
		return;
	}
}

struct error *rule_instrumentation(struct check *c, const struct rule *rule)
{
	scoped_free char *text = NULL;

	check_imports(c, rule);
	TRY(read_file(c->target->config, &text, NULL));
	scoped_free char *wanted = config_value(text, "CC_VERSION_TEXT");

	if (wanted)
		check_comment(c, rule, wanted);
	return NULL;
}
