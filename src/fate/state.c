// SPDX-License-Identifier: GPL-2.0-or-later
#include "fate/state.h"

#include <fnmatch.h>

#include "base/mem.h"

#define AGAIN "is a copy of its own in the livepatch, "

static const struct state_rule rules[] = {
	/* name, section, empty_only, fate, id, severity, what, source */
	{ "___done", NULL, false, FATE_REFUSE, "M23", SEVERITY_REFUSAL,
	  "would begin anew: what is done once would be done a second time", "include/linux/once.h" },
	{ "___once_key", NULL, false, FATE_REFUSE, "M23", SEVERITY_REFUSAL,
	  "would begin anew: what is done once would be done a second time", "include/linux/once.h" },
	{ NULL, ".data.once*", false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and its message may be printed once more", "include/linux/once_lite.h" },
	{ NULL, ".data..once*", false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and its message may be printed once more", "include/linux/once_lite.h (6.13)" },
	{ "__already_done", NULL, false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and its message may be printed once more", "include/linux/once_lite.h" },
	{ "__warned", NULL, false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and its message may be printed once more", "include/linux/rcupdate.h" },
	{ "_rs", NULL, false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and its limit counts from the start", "include/linux/printk.h" },
	{ "*__key*", NULL, true, FATE_COPY, NULL, SEVERITY_NOTE,
	  "has no size without lockdep", "include/linux/lockdep_types.h" },
	{ "*__key*", NULL, false, FATE_REFUSE, "M22", SEVERITY_REFUSAL,
	  "is a lock class: a second one splits what lockdep knows, and dies with the module",
	  "include/linux/lockdep_types.h" },
	{ "__UNIQUE_ID_ddebug*", NULL, false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and is switched under the name of the livepatch", "include/linux/dynamic_debug.h" },
	{ NULL, "__dyndbg", false, FATE_COPY, "M21", SEVERITY_NOTE,
	  AGAIN "and is switched under the name of the livepatch", "include/linux/dynamic_debug.h" },
	{ "__UNIQUE_ID___addressable*", NULL, false, FATE_COPY, NULL, SEVERITY_NOTE,
	  "only says that a symbol is needed", "include/linux/compiler.h" },
	{ NULL, ".printk_index", false, FATE_COPY, NULL, SEVERITY_NOTE,
	  "is an index of messages", "include/linux/printk.h" },
	{ NULL, "alloc_tags", false, FATE_COPY, NULL, SEVERITY_NOTE,
	  "counts the allocations of this place alone", "include/linux/alloc_tag.h" },
	{ NULL, NULL, true, FATE_COPY, NULL, SEVERITY_NOTE, "has no size, or the compiler kept none of it: there is no state", "the unit" },
	{ NULL, NULL, false, FATE_REFUSE, "M22", SEVERITY_REFUSAL,
	  "is state whose declaration the livepatch's text cannot change: a copy of it would begin anew", "the unit" },
};

static bool fits(const char *pattern, const char *text)
{
	return !pattern || (text && fnmatch(pattern, text, 0) == 0);
}

const struct state_rule *state_rule_find(const char *name, const struct entity *e, bool empty)
{
	for (size_t i = 0;; i++) {
		const struct state_rule *r = &rules[i];
		bool last = i + 1 == ARRAY_SIZE(rules);

		if (last || (fits(r->name, name) && fits(r->section, e ? e->section->name : NULL) &&
			     (!r->empty_only || empty)))
			return r;
	}
}
