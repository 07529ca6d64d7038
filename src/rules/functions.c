// SPDX-License-Identifier: GPL-2.0-or-later
/* Family F: can the function be replaced where it runs, and what happens at the transition? */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rules/detectors.h"
#include "rules/shipped.h"

/* ---- F1 ---- */

struct error *rule_no_ftrace(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->replaced.n; i++) {
		const struct replaced_symbol *r = &c->replaced.at[i];

		if (r->symbol && !shipped_has_ftrace(r->image, r->symbol))
			rule_finding(c, rule, r->func->kobject, r->func->name,
				     image_section_of(r->image, r->symbol),
				     "no ftrace entry in the shipped %s: the livepatch core refuses the whole "
				     "livepatch", r->image->kobject);
	}
	return NULL;
}

/* ---- F10 ---- */

/* Names that the kernel gives on purpose to what is one function: arch/x86/include/asm/
 * syscall_wrapper.h, and the padding's own name (objtool, 6.2). */
static bool is_family(const char *a, const char *b)
{
	static const char *const prefixes[] = { "__x64_", "__ia32_", "__se_", "__do_", "__pfx_", "__",
						"sys_", "compat_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(a, prefixes[i], n) == 0)
			a += n;
		if (strncmp(b, prefixes[i], n) == 0)
			b += n;
	}
	return streq(a, b);
}

static void check_aliases(struct check *c, const struct rule *rule, const struct replaced_symbol *r)
{
	for (size_t k = 0; k < r->image->nby_place; k++) {
		const struct image_symbol *s = r->image->by_place[k];

		if (s->place != r->symbol->place || s == r->symbol || s->type != STT_FUNC ||
		    streq(s->name, r->symbol->name) || is_family(s->name, r->symbol->name))
			continue;
		rule_finding(c, rule, r->func->kobject, r->func->name, NULL,
			     "%s is at the same address: callers of both get the replacement", s->name);
	}
}

struct error *rule_alias(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->replaced.n; i++)
		if (c->replaced.at[i].symbol)
			check_aliases(c, rule, &c->replaced.at[i]);
	return NULL;
}
