// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Relocations against a module's symbols are written when the livepatch is enabled, or when that
 * module comes (kernel/livepatch/core.c klp_init_object_loaded()). Sections that the loader uses up
 * before that, or frees, cannot have any.
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

/* The id of the page that says why, NULL when the section can wait. */
static const char *rule_for(const struct obj_section *s)
{
	const struct special_section *row = special_find(s->name);

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

static void refuse(const struct obj_section *s, const struct obj_reloc *r,
		   const struct klp_decision *d, const char *id, struct finding_vec *findings)
{
	scoped_free char *place = xasprintf("%s+0x%lx", s->name, (unsigned long)r->offset);
	struct finding *f = finding_add(
		findings, id, SEVERITY_REFUSAL, d->patched, d->name, place,
		streq(id, "K8") ? "init code or data of the livepatch refers to a symbol "
				  "of %s, and is gone when that is relocated"
				: "the kernel uses this section while the livepatch is "
				  "being loaded; the symbol of %s is relocated later",
		d->object);

	if (streq(id, "K8"))
		finding_way_out(f,
				"move what uses it out of init code, into a callback for instance");
	else if (streq(id, "X1"))
		finding_way_out(f, "use static_key_enabled(), or call through the key's function "
				   "pointer");
}

void convert_check_sections(const struct object *o, const struct klp_decision *decisions,
			    struct finding_vec *findings)
{
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];
		const char *id = (s->flags & SHF_ALLOC) && s->nrelocs ? rule_for(s) : NULL;

		for (size_t k = 0; id && k < s->nrelocs; k++) {
			const struct klp_decision *d = &decisions[s->relocs[k].symbol->index];

			if (d->patched && !streq(d->patched, "vmlinux"))
				refuse(s, &s->relocs[k], d, id, findings);
		}
	}
}
