// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/str.h"
#include "module/module.h"
#include "object/object.h"

/* Sites that objtool lists for the kernel to patch (tools/objtool/check.c, create_*_sections()). */
static const struct site_list {
	const char *symbol;  /* prefix of what the code refers to there */
	const char *section; /* entries of four bytes */
} site_lists[] = {
	{ "__x86_return_thunk", ".return_sites" },
	{ "__x86_indirect_thunk_", ".retpoline_sites" },
};

static size_t count_refs(const struct object *o, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];

		if (!(s->flags & SHF_EXECINSTR) || !starts_with(s->name, ".text"))
			continue;
		for (size_t k = 0; k < s->nrelocs; k++)
			n += starts_with(s->relocs[k].symbol->name, prefix);
	}
	return n;
}

/*
 * The new functions are entered by the return of ftrace's trampoline, never by an indirect branch:
 * they need no ENDBR of their own, though klp_func points to them.
 */
static bool is_harmless(const char *message, size_t n)
{
	return memmem(message, n, "data relocation to !ENDBR: livepatch_", 37) != NULL;
}

/* The words of objtool, without the paths in front. */
static void add_messages(const char *output, enum severity severity, struct finding_vec *findings)
{
	for (const char *p = output; (p = strstr(p, "objtool: "));) {
		size_t n = strcspn(p, "\n");

		if (is_harmless(p, n)) {
			p += n;
			continue;
		}
		finding_add(findings, severity == SEVERITY_REFUSAL ? "B2" : "B4", severity, NULL,
			    NULL, NULL, "%.*s", (int)n, p);
		p += n;
	}
}

static bool check_sites(const struct object *o, struct finding_vec *findings)
{
	bool complete = true;

	for (size_t i = 0; i < ARRAY_SIZE(site_lists); i++) {
		const struct obj_section *s = object_section(o, site_lists[i].section);
		size_t refs = count_refs(o, site_lists[i].symbol), sites = s ? s->size / 4 : 0;

		if (refs <= sites)
			continue;
		complete = false;
		finding_add(findings, "B2", SEVERITY_REFUSAL, NULL, NULL, site_lists[i].section,
			    "%zu places refer to %s*, %s has %zu entries: objtool did not finish",
			    refs, site_lists[i].symbol, site_lists[i].section, sites);
	}
	return complete;
}

struct error *module_check_objtool(const char *ko, const char *output, struct finding_vec *findings)
{
	scoped_object struct object *o = NULL;

	TRY(object_read(ko, &o));
	bool complete = check_sites(o, findings);

	if (object_section(o, ".text") && strstr(output, "objtool: ") &&
	    !object_section(o, ".orc_unwind_ip")) {
		finding_add(findings, "B2", SEVERITY_REFUSAL, NULL, NULL, ".orc_unwind_ip",
			    "the module has no ORC: its functions would have no reliable stack trace");
		complete = false;
	}
	add_messages(output, complete ? SEVERITY_WARNING : SEVERITY_REFUSAL, findings);
	return NULL;
}
