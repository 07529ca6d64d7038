// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Relocations against a module's symbols are written when the livepatch is enabled, or when that
 * module comes (kernel/livepatch/core.c klp_init_object_loaded()). Sections that the loader uses up
 * before that, or frees, cannot have any. Per-cpu data loses SHF_ALLOC before relocations
 * are applied (kernel/module/main.c layout_and_allocate(), apply_relocations()): it can have none at all.
 */
#include "base/cleanup.h"
#include "base/str.h"
#include "convert/convert.h"
#include "object/special.h"

/* Sections that the table of special sections knows and that are ordinary code all the same. */
static bool is_plain_code(const char *section)
{
	return streq(section, ".altinstr_aux") || starts_with(section, ".ref.");
}

/* Which rule a relocation of this section against a symbol of `patched` breaks; NULL: none. */
static const char *rule_for(const struct obj_section *s, const char *patched)
{
	const struct special_section *row = special_find(s->name);

	if (row && row->action == SPECIAL_PERCPU)
		return "K7"; /* never applied, whoever's the symbol is */
	if (streq(patched, "vmlinux"))
		return NULL; /* applied before anything else */
	if (streq(s->name, "__jump_table") || streq(s->name, ".static_call_sites"))
		return "X1";
	if (!row || is_plain_code(s->name))
		return NULL;
	switch (row->action) {
	case SPECIAL_INIT:
		return "K8";
	case SPECIAL_EXIT:
	case SPECIAL_DEBUG:
		return NULL;
	default:
		return "X4";
	}
}

/* What goes wrong, and what helps. %s: the object of the symbol. */
static const struct {
	const char *id, *text, *way_out;
} rules[] = {
	{"K7", "the kernel applies no relocation to per-cpu data: this would be NULL, not the address "
	       "in %s", "assign it in a callback or where it is used"},
	{"K8", "init code or data of the livepatch refers to a symbol of %s, and is gone when that is "
	       "relocated", "move what uses it out of init code, into a callback for instance"},
	{"X1", "the kernel uses this section while the livepatch is being loaded; the symbol of %s is "
	       "relocated later",
	 "use static_key_enabled(), or call through the key's function pointer"},
	{"X4", "the kernel uses this section while the livepatch is being loaded; the symbol of %s is "
	       "relocated later",
	 "read the symbol into a local variable first, outside of the construct that makes this "
	 "section (suture explain X4)"},
};

static void refuse(const struct obj_section *s, const struct obj_reloc *r,
		   const struct klp_decision *d, const char *id, struct finding_vec *findings)
{
	scoped_free char *place = xasprintf("%s+0x%lx", s->name, (unsigned long)r->offset);

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (streq(rules[i].id, id))
			finding_way_out(finding_add(findings, id, SEVERITY_REFUSAL, d->patched, d->name,
						    place, rules[i].text, d->object),
					"%s", rules[i].way_out);
}

void convert_check_sections(const struct object *o, const struct klp_decision *decisions,
			    struct finding_vec *findings)
{
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];
		size_t n = s->flags & SHF_ALLOC ? s->nrelocs : 0;

		for (size_t k = 0; k < n; k++) {
			const struct klp_decision *d = &decisions[s->relocs[k].symbol->index];

			const char *id = d->patched ? rule_for(s, d->patched) : NULL;

			if (id)
				refuse(s, &s->relocs[k], d, id, findings);
		}
	}
}
