// SPDX-License-Identifier: GPL-2.0-or-later
/* Is the file one that can be changed in place, and one that the module loader takes apart from its references? */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/convert.h"

/* ---- the file ---- */

struct extent {
	uint64_t from, to;
};

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static struct error *check_overlap(const struct object *o, const Elf64_Ehdr *eh)
{
	struct extent *all = xcalloc(o->nsections + 2, sizeof(*all));
	size_t n = 0;
	bool overlap = false;

	all[n++] = (struct extent) {0, sizeof(*eh)};
	all[n++] = (struct extent) {eh->e_shoff, eh->e_shoff + o->nsections * sizeof(Elf64_Shdr)};
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];
		uint64_t from = s->data ? s->data - o->map.data : 0;

		if (s->data && s->type != SHT_NULL)
			all[n++] = (struct extent) {from, from + s->size};
	}
	qsort(all, n, sizeof(*all), by_start);
	for (size_t i = 1; i < n; i++)
		overlap |= all[i].from < all[i - 1].to;
	free(all);
	return overlap ? error_new("B3", "%s: sections overlap", o->path) : NULL;
}

static struct error *find_tables(const struct object *o, size_t names, struct klp_tables *tables)
{
	size_t found = 0;

	if (o->sections[names].type != SHT_STRTAB || !o->sections[names].data)
		return error_new("B3", "%s: no section names", o->path);
	for (size_t i = o->nsections; i-- > 1;)
		if (o->sections[i].type == SHT_SYMTAB) {
			tables->symbols = i;
			found++;
		}
	if (found != 1)
		return error_new("B3", "%s: %s", o->path,
				 found ? "several symbol tables" : "no symbol table");
	tables->strings = o->sections[tables->symbols].link;
	tables->names = names;
	return NULL;
}

static struct error *check_relocation_sections(const struct object *o, size_t symbols)
{
	for (size_t i = 1; i < o->nsections; i++)
		if (o->sections[i].type == SHT_RELA &&
		    (o->sections[i].link != symbols ||
		     o->sections[o->sections[i].info].type == SHT_RELA))
			return error_new("B3", "%s: section %s is no usual relocation section",
					 o->path, o->sections[i].name);
	for (size_t i = 1; i < o->nsymbols; i++) {
		const struct obj_symbol *s = &o->symbols[i];

		if (s->section && s->section->type == SHT_RELA && (s->value || s->size))
			return error_new("B3", "%s: symbol %s is in a relocation section", o->path,
					 s->name);
	}
	return NULL;
}

struct error *klp_check_file(const struct object *o, struct klp_tables *tables)
{
	Elf64_Ehdr eh;

	memcpy(&eh, o->map.data, sizeof(eh));
	if (eh.e_shentsize != sizeof(Elf64_Shdr) || eh.e_shoff > o->map.size ||
	    o->nsections > (o->map.size - eh.e_shoff) / sizeof(Elf64_Shdr) ||
	    eh.e_shnum != o->nsections || eh.e_shstrndx >= o->nsections)
		return error_new("B3", "%s: section headers out of place", o->path);
	TRY(check_overlap(o, &eh));
	TRY(find_tables(o, eh.e_shstrndx, tables));
	return check_relocation_sections(o, tables->symbols);
}

/* ---- what the loader takes ---- */

/* arch/x86/kernel/module.c apply_relocate_add(), the same from 5.10 on (docs/convert.md). */
static bool loader_knows(uint32_t type)
{
	static const uint32_t known[] = {R_X86_64_NONE, R_X86_64_64,	R_X86_64_32,  R_X86_64_32S,
					 R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_PC64};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == type)
			return true;
	return false;
}

/* kernel/module/main.c simplify_symbols(): every other index is taken for that of a section. */
static const char *symbol_defect(const struct obj_symbol *s)
{
	if (s->shndx == SHN_COMMON)
		return starts_with(s->name, "__gnu_lto") ? NULL
							 : "the kernel does not load common symbols";
	if (s->shndx >= SHN_LORESERVE && s->shndx != SHN_ABS && s->shndx != SHN_LIVEPATCH)
		return "the kernel takes the symbol's reserved section index for a section";
	return NULL;
}

static void refuse_reloc(const struct obj_section *s, const struct obj_reloc *r,
			 struct finding_vec *findings)
{
	scoped_free char *place = xasprintf("%s+0x%lx", s->name, (unsigned long)r->offset);
	struct finding *f =
		finding_add(findings, "K12", SEVERITY_REFUSAL, NULL, r->symbol->name, place,
			    "the kernel's module loader does not know relocations of type %u (%s)",
			    r->type, reloc_name(r->type));

	finding_way_out(f, "compile with the kernel's own options, that is, with Kbuild");
}

void convert_check_loadable(const struct object *o, struct finding_vec *findings)
{
	for (size_t i = 1; i < o->nsymbols; i++) {
		const char *defect = symbol_defect(&o->symbols[i]);

		if (defect)
			finding_way_out(finding_add(findings, "K12", SEVERITY_REFUSAL, NULL,
						    o->symbols[i].name, NULL, "%s", defect),
					"compile with the kernel's own options, that is, with Kbuild");
	}
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];
		size_t n = s->flags & SHF_ALLOC ? s->nrelocs : 0;

		for (size_t k = 0; k < n; k++)
			if (!loader_knows(s->relocs[k].type))
				refuse_reloc(s, &s->relocs[k], findings);
	}
}
