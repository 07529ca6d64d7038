// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatch symbols and relocations that the module has already, because it was converted before, or by
 * another tool. They stay as they are; what the kernel would not take, or would not find, is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/convert.h"
#include "convert/versions.h"

struct checker {
	const struct object *object;
	const struct symlist *list;
	struct finding_vec *findings;
	bool *judged; /* by symbol: its name was looked at */
	bool *seen;   /* by symbol: its place in the section in hand was */
};

static void refuse(struct checker *c, const char *id, const char *object, const char *symbol,
		   const char *section, const char *text)
{
	static const char again[] = "convert the module once, as the linker made it, with the symbols of the "
				    "kernel that it is for";

	finding_way_out(finding_add(c->findings, id, SEVERITY_REFUSAL, object, symbol, section, "%s",
				    text),
			"%s", again);
}

/* ---- symbols ---- */

static void check_against_list(struct checker *c, const struct obj_symbol *s,
			       const struct klp_decision *d)
{
	const struct sym_entry *e = symlist_find_in(c->list, d->name, d->object);
	unsigned int n = e ? e->count : 0;
	scoped_free char *text = NULL;

	if (!symlist_has_object(c->list, d->object))
		text = xasprintf("the livepatch symbol is of '%s', of which %s knows nothing",
				 d->object, c->list->path);
	else if (!n)
		text = xasprintf("%s has no symbol '%s'", d->object, d->name);
	else if (!d->position && n > 1)
		text = xasprintf("position 0 says that '%s' is unique; %s has %u", d->name, d->object, n);
	else if (d->position > n)
		text = xasprintf("position %u of '%s'; %s has %u", d->position, d->name, d->object, n);
	if (text)
		refuse(c, "K3", d->object, s->name, NULL, text);
}

/* Its name is read when a livepatch relocation needs it, and not before. */
static void check_symbol(struct checker *c, const struct obj_symbol *s)
{
	SCOPED(klp_decision_free) struct klp_decision d = { 0 };

	if (c->judged[s->index])
		return;
	c->judged[s->index] = true;
	if (!klp_symbol_parse(s->name, &d)) {
		refuse(c, "B5", NULL, s->name, NULL,
		       "the kernel cannot read the name of the livepatch symbol");
		return;
	}
	convert_check_names(c->list, &d, s->name, c->findings);
	check_against_list(c, s, &d);
}

/* ---- sections ---- */

/* "OBJECT" of ".klp.rela.OBJECT.SECTION", the caller's; NULL: the kernel does not read it. */
static char *patched_object(const char *section)
{
	const char *object = section + strlen(KLP_RELA_PREFIX);
	size_t n = strcspn(object, ".");

	return n && n < KLP_OBJECT_NAME_LEN ? xstrndup(object, n) : NULL;
}

static void check_reloc(struct checker *c, const struct obj_section *rela, const char *patched,
			const struct obj_symbol *s)
{
	if (c->seen[s->index])
		return;
	c->seen[s->index] = true;
	if (s->shndx != SHN_LIVEPATCH) {
		refuse(c, "B5", NULL, s->name, rela->name,
		       "a livepatch relocation refers to a symbol that is no livepatch symbol");
		return;
	}
	if (!streq(patched, "vmlinux") && starts_with(s->name, KLP_SYM_PREFIX "vmlinux."))
		refuse(c, "X10", "vmlinux", s->name, rela->name,
		       "livepatch relocations of a module's section may not refer to vmlinux");
	check_symbol(c, s);
}

static const struct obj_symbol *reloc_symbol(struct checker *c, const struct obj_section *rela,
					     size_t i, uint32_t *type)
{
	Elf64_Rela r;

	memcpy(&r, rela->data + i * sizeof(r), sizeof(r));
	*type = ELF64_R_TYPE(r.r_info);
	return &c->object->symbols[ELF64_R_SYM(r.r_info)];
}

static void check_klp_section(struct checker *c, const struct obj_section *rela)
{
	bool named = starts_with(rela->name, KLP_RELA_PREFIX);
	uint32_t type;
	scoped_free char *patched = named ? patched_object(rela->name) : NULL;

	if (!(rela->flags & SHF_RELA_LIVEPATCH) || !(rela->flags & SHF_ALLOC)) {
		refuse(c, "B5", NULL, NULL, rela->name,
		       "the section of livepatch relocations lacks SHF_ALLOC or SHF_RELA_LIVEPATCH");
		return;
	}
	if (!patched) {
		refuse(c, "B5", NULL, NULL, rela->name,
		       "the name of the section does not say whose relocations it has");
		return;
	}
	if (!symlist_has_object(c->list, patched)) {
		scoped_free char *text =
			xasprintf("the section is for '%s', of which %s knows nothing", patched,
				  c->list->path);

		refuse(c, "K3", patched, NULL, rela->name, text);
	}
	for (size_t i = 0; i < rela->size / sizeof(Elf64_Rela); i++)
		check_reloc(c, rela, patched, reloc_symbol(c, rela, i, &type));
}

/* The loader applies these at once, when no livepatch symbol has an address. Relocations that do nothing are
 * what objtool's klp post-link leaves of those that it has moved, beside its records of them. */
static void check_ordinary_section(struct checker *c, const struct obj_section *rela)
{
	if (starts_with(c->object->sections[rela->info].name, "__klp_relocs."))
		return;
	for (size_t i = 0; i < rela->size / sizeof(Elf64_Rela); i++) {
		uint32_t type;
		const struct obj_symbol *s = reloc_symbol(c, rela, i, &type);

		if (s->shndx != SHN_LIVEPATCH || type == R_X86_64_NONE || c->seen[s->index])
			continue;
		c->seen[s->index] = true;
		refuse(c, "B5", NULL, s->name, rela->name,
		       "an ordinary relocation refers to a livepatch symbol, which has no address then");
	}
}

void convert_check_existing(const struct object *o, const struct convert_request *rq)
{
	struct checker c = {o, rq->symbols, rq->findings, xcalloc(o->nsymbols, sizeof(bool)),
			    xcalloc(o->nsymbols, sizeof(bool))};

	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];

		if (s->type != SHT_RELA)
			continue;
		memset(c.seen, 0, o->nsymbols);
		if (starts_with(s->name, KLP_RELA_PREFIX) || s->flags & SHF_RELA_LIVEPATCH)
			check_klp_section(&c, s);
		else if (o->sections[s->info].flags & SHF_ALLOC)
			check_ordinary_section(&c, s);
	}
	free(c.judged);
	free(c.seen);
}
