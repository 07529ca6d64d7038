// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * F7: code that the compiler has split off a replaced function (NAME.cold). The livepatch core compares
 * return addresses with the old function's symbol and its size (klp_check_stack_func() in kernel/
 * livepatch/transition.c); a task that sleeps below the part stands outside of that.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "object/insn.h"
#include "rules/detectors.h"

/* What cold code calls and never sleeps in: reports, and what does not return. */
static const char *const harmless[] = {
	"_printk",	  "__warn_printk",   "panic",		"__stack_chk_fail", "_dev_*",
	"__dynamic_*",	  "netdev_*",	     "__ubsan_*",	"usercopy_abort",   "__x86_*",
	"dump_stack",	  "add_taint",	     "__SCT__*",	"fortify_panic",    "__fortify_*",
	"_printk_deferred", "printk_*",	     "warn_slowpath_*", "rcu_read_unlock_*", "lockdep_*",
};

static bool is_harmless(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		size_t n = strcspn(harmless[i], "*");

		if (harmless[i][n] ? strncmp(name, harmless[i], n) == 0 : streq(name, harmless[i]))
			return true;
	}
	return false;
}

/* Name of the first function that the part calls and that may sleep; NULL if there is none. */
static const char *sleeper(const struct image *im, const struct image_symbol *part)
{
	enum { CALL_REL32 = 0xe8 };
	const unsigned char *code = image_bytes(im, part->place, part->size);
	struct insn_vec list = { 0 };
	const char *found = NULL;

	if (!code)
		return NULL;
	insn_decode(code, part->size, &list);
	for (size_t i = 0; i < list.n && !found; i++) {
		const struct image_symbol *to = list.at[i].branch && code[list.at[i].offset] == CALL_REL32 ?
						image_symbol_at(im, part->place + list.at[i].target) : NULL;

		if (to && !is_harmless(to->name))
			found = to->name;
	}
	insn_vec_free(&list);
	return found;
}

/* A global function has no file; its part is local all the same. */
static bool is_part_of(const struct image_symbol *s, const struct image_symbol *function, size_t n)
{
	return s->type == STT_FUNC && (function->file < 0 || s->file == function->file) &&
	       strncmp(s->name, function->name, n) == 0 && starts_with(s->name + n, ".cold");
}

static void check_parts(struct check *c, const struct rule *rule, const struct replaced_symbol *r)
{
	size_t n = strlen(r->symbol->name);

	for (size_t i = 0; i < r->image->nby_place; i++) {
		const struct image_symbol *s = r->image->by_place[i];
		const char *callee = is_part_of(s, r->symbol, n) ? sleeper(r->image, s) : NULL;

		if (callee)
			rule_finding(c, rule, r->func->kobject, r->func->name, s->name,
				     "%s is not part of the symbol's size, and calls %s: a task that sleeps "
				     "there is taken for one that is not in the function", s->name, callee);
	}
}

struct error *rule_cold_part(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->replaced.n; i++)
		if (c->replaced.at[i].symbol && !c->replaced.at[i].image->module)
			check_parts(c, rule, &c->replaced.at[i]);
	return NULL;
}
