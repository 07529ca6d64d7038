// SPDX-License-Identifier: GPL-2.0-or-later
#include "module/inspect_resolve.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

struct resolver {
	struct inspection *in;
	const struct symlist *list;
};

/* What the livepatch asks for: occurrence `position` of `name` in `object`. */
struct wanted {
	const char *object, *name;
	unsigned long position;
	const char *section; /* whose relocations; NULL: a function to be replaced */
};

static void refuse(struct resolver *r, const char *id, const struct wanted *w, const char *text)
{
	finding_add(&r->in->findings, id, SEVERITY_WARNING, w->object, w->name, w->section, "%s", text);
}

static char *place_text(const struct sym_place *p)
{
	const char *section = p->section ? p->section : "", *plus = p->section ? "+" : "";

	if (!p->known)
		return NULL; /* the list does not tell */
	return xasprintf("%s%s0x%lx", section, plus, (unsigned long)p->value);
}

/* The occurrence, or NULL when the kernel's loader would not find it (or another one than meant). */
static const struct sym_place *find(struct resolver *r, const struct wanted *w)
{
	const struct sym_entry *e = symlist_find_in(r->list, w->name, w->object);
	scoped_free char *text = NULL;
	const char *id = NULL;

	if (!symlist_has_object(r->list, w->object)) {
		id = "N4";
		text = xasprintf("the kernel has no module %s", w->object);
	} else if (!e || !e->count) {
		id = "N4";
		text = xasprintf("%s has no symbol '%s'", w->object, w->name);
	} else if (!w->position && e->count > 1) {
		id = "N1";
		text = xasprintf("position 0 says that '%s' is unique; %s has %u", w->name, w->object,
				 e->count);
	} else if (w->position > e->count) {
		id = "K3";
		text = xasprintf("position %lu of '%s'; %s has %u", w->position, w->name, w->object,
				 e->count);
	}
	if (id)
		refuse(r, id, w, text);
	return id ? NULL : symlist_place(r->list, e, w->position ? w->position : 1);
}

/* Its place as text, the caller's; NULL: not found, or not known. */
static char *resolve(struct resolver *r, const struct wanted *w)
{
	const struct sym_place *p = find(r, w);

	if (!p)
		return NULL;
	if (sym_place_is_init(p))
		refuse(r, "K8", w, "the symbol is in init memory, which is freed once its object is up");
	return place_text(p);
}


static void resolve_relocs(struct resolver *r)
{
	for (size_t i = 0; i < r->in->relocs.n; i++) {
		struct inspect_reloc *reloc = &r->in->relocs.at[i];
		struct wanted w = { reloc->object, reloc->symbol, strtoul(reloc->position, NULL, 10),
				    reloc->section };

		reloc->address = resolve(r, &w);
	}
}

static void resolve_functions(struct resolver *r)
{
	for (size_t i = 0; i < r->in->functions.n; i++) {
		struct inspect_func *f = &r->in->functions.at[i];
		struct wanted w = { f->kobject, f->name, f->sympos, NULL };

		f->address = resolve(r, &w);
	}
}

static const char *exporter(const struct symlist *list, const char *name)
{
	for (const struct sym_entry *e = symlist_find(list, name); e; e = symlist_next(list, e))
		if (e->exported)
			return e->object;
	return NULL;
}

static bool is_weak(const struct inspection *in, const char *name)
{
	for (size_t i = 1; i < in->object->nsymbols; i++)
		if (in->object->symbols[i].name == name)
			return in->object->symbols[i].bind == STB_WEAK;
	return false;
}

static void resolve_imports(struct resolver *r)
{
	for (size_t i = 0; i < r->in->imports.n; i++) {
		struct inspect_import *import = &r->in->imports.at[i];
		struct wanted w = { NULL, import->name, 0, NULL };

		import->owner = exporter(r->list, import->name);
		if (!import->owner && !streq(import->name, "_GLOBAL_OFFSET_TABLE_") &&
		    !is_weak(r->in, import->name))
			refuse(r, "N4", &w, "nobody exports it, and it is no livepatch symbol: the "
					    "livepatch will not load");
	}
}

void inspect_resolve(struct inspection *in, const struct symlist *list)
{
	struct resolver r = { in, list };

	in->kernel = list->target ? list->target : list->path;
	resolve_relocs(&r);
	resolve_functions(&r);
	resolve_imports(&r);
}
