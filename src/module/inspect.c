// SPDX-License-Identifier: GPL-2.0-or-later
#include "module/inspect.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"
#include "convert/rewrite.h"
#include "module/inspect_functions.h"
#include "object/special.h"

static void problem(struct inspection *in, const char *id, enum severity severity,
		    const char *symbol, const char *section, const char *text)
{
	finding_add(&in->findings, id, severity, NULL, symbol, section, "%s", text);
}

/* ---- .modinfo ---- */

const char *section_text(const struct obj_section *s, uint64_t at)
{
	if (!s || !s->data || at >= s->size || !memchr(s->data + at, 0, s->size - at))
		return NULL;
	return (const char *)s->data + at;
}

static void read_modinfo(struct inspection *in)
{
	const struct obj_section *s = object_section(in->object, ".modinfo");
	const char *text;

	for (uint64_t at = 0; (text = section_text(s, at)); at += strlen(text) + 1)
		if (*text)
			str_vec_push(&in->modinfo, (char *)text);
}

static const char *modinfo_value(const struct inspection *in, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < in->modinfo.n; i++)
		if (strncmp(in->modinfo.at[i], key, n) == 0 && in->modinfo.at[i][n] == '=')
			return in->modinfo.at[i] + n + 1;
	return NULL;
}

static void check_modinfo(struct inspection *in)
{
	const char *license = modinfo_value(in, "license");

	if (!modinfo_value(in, "livepatch"))
		problem(in, "B6", SEVERITY_WARNING, NULL, ".modinfo",
			"there is no MODULE_INFO(livepatch, ...): the kernel does not take this "
			"module for a livepatch");
	else if (!license || !strstr(license, "GPL"))
		problem(in, "B6", SEVERITY_WARNING, NULL, ".modinfo",
			"the module's license is not GPL: it cannot use klp_enable_patch()");
}

/* ---- livepatch symbols and relocations ---- */

/* Splits ".klp.sym.OBJECT.SYMBOL,POSITION"; false when it is not of that form. */
static bool split_symbol(const char *name, struct inspect_reloc *r)
{
	struct klp_decision d;

	if (!klp_symbol_parse(name, &d))
		return false;
	r->object = d.object;
	r->symbol = d.name;
	r->position = xasprintf("%u", d.position);
	return true;
}

static void add_reloc(struct inspection *in, struct map *seen, struct str_vec *keys,
		      const char *section, const struct obj_symbol *s)
{
	struct inspect_reloc r = { .count = 1 };
	const char *patched = section + strlen(KLP_RELA_PREFIX), *dot = strchr(patched, '.');
	char *key = xasprintf("%s/%s", section, s->name);
	void **slot = map_slot(seen, key);

	str_vec_push(keys, key);
	if (*slot) {
		in->relocs.at[(uintptr_t)*slot - 1].count++;
		return;
	}
	if (!dot || !split_symbol(s->name, &r)) {
		problem(in, "B5", SEVERITY_WARNING, s->name, section,
			dot ? "a relocation of this section refers to a symbol that is no "
			      "livepatch symbol" : "the section's name has no second part");
		return;
	}
	r.patched = xstrndup(patched, dot - patched);
	r.section = xstrdup(dot + 1);
	inspect_reloc_vec_push(&in->relocs, r);
	*slot = (void *)(uintptr_t)in->relocs.n;
	if (!streq(r.patched, "vmlinux") && streq(r.object, "vmlinux"))
		problem(in, "X10", SEVERITY_WARNING, s->name, section,
			"relocations of a module's section may not refer to vmlinux (since 5.8)");
}

static void read_rela_section(struct inspection *in, const struct obj_section *s,
			      struct map *seen, struct str_vec *keys)
{
	if (!(s->flags & SHF_RELA_LIVEPATCH) || !(s->flags & SHF_ALLOC))
		problem(in, "B5", SEVERITY_WARNING, NULL, s->name,
			"the section lacks the flags SHF_ALLOC and SHF_RELA_LIVEPATCH");
	for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= s->size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela r;

		memcpy(&r, s->data + at, sizeof(r));
		add_reloc(in, seen, keys, s->name, &in->object->symbols[ELF64_R_SYM(r.r_info)]);
	}
}

static void read_relocs(struct inspection *in)
{
	struct map seen = { 0 };
	struct str_vec keys = { 0 };

	for (size_t i = 1; i < in->object->nsections; i++) {
		const struct obj_section *s = &in->object->sections[i];

		if (s->type == SHT_RELA && starts_with(s->name, KLP_RELA_PREFIX))
			read_rela_section(in, s, &seen, &keys);
	}
	map_free(&seen);
	str_vec_free_all(&keys);
}

/* Symbols that relocations refer to, by index. */
static bool *used_symbols(const struct object *o)
{
	bool *used = xcalloc(o->nsymbols, sizeof(*used));

	for (size_t i = 1; i < o->nsections; i++)
		for (size_t k = 0; k < o->sections[i].nrelocs; k++)
			used[o->sections[i].relocs[k].symbol->index] = true;
	return used;
}

/* Of klp-build's modules the symbols ".klp.tombstone.NAME" stay, to which no relocation refers any more. */
static void check_symbols(struct inspection *in)
{
	scoped_free bool *used = used_symbols(in->object);

	for (size_t i = 1; i < in->object->nsymbols; i++) {
		const struct obj_symbol *s = &in->object->symbols[i];
		struct inspect_reloc parts = { 0 };

		if (starts_with(s->name, KLP_SYM_PREFIX) && s->shndx != SHN_LIVEPATCH)
			problem(in, "B5", SEVERITY_WARNING, s->name, NULL,
				"the livepatch symbol does not have the section index SHN_LIVEPATCH");
		else if (s->shndx == SHN_LIVEPATCH && used[i] && !split_symbol(s->name, &parts))
			problem(in, "B5", SEVERITY_WARNING, s->name, NULL,
				"a symbol with the section index SHN_LIVEPATCH has a name that the "
				"kernel cannot read");
		else if (starts_with(s->name, ".klp.ref."))
			problem(in, "B5", SEVERITY_WARNING, s->name, NULL,
				"an unfinished livepatch reference: the last step of the build is "
				"missing");
		free(parts.object);
		free(parts.symbol);
		free(parts.position);
	}
}

/* ---- what it needs ---- */

/* struct modversion_info: unsigned long crc, char name[56] (include/linux/module.h). */
static void read_versions(struct inspection *in, struct map *crcs)
{
	enum { ENTRY = 64, NAME = 8 };
	const struct obj_section *s = object_section(in->object, "__versions");

	for (uint64_t at = 0; s && s->data && at + ENTRY <= s->size; at += ENTRY) {
		const char *name = (const char *)s->data + at + NAME;

		if (memchr(name, 0, ENTRY - NAME))
			map_put(crcs, name, (void *)(s->data + at));
	}
}

static void read_imports(struct inspection *in)
{
	struct map crcs = { 0 };

	read_versions(in, &crcs);
	for (size_t i = 1; i < in->object->nsymbols; i++) {
		const struct obj_symbol *s = &in->object->symbols[i];
		const unsigned char *crc = map_get(&crcs, s->name);
		struct inspect_import import = { .name = s->name, .has_crc = crc };

		if (s->shndx != SHN_UNDEF || !*s->name || starts_with(s->name, KLP_SYM_PREFIX))
			continue;
		if (crc)
			memcpy(&import.crc, crc, sizeof(import.crc));
		inspect_import_vec_push(&in->imports, import);
	}
	map_free(&crcs);
}

/* ---- sections ---- */

/* Sizes of entries that the linked module has and the compiler's object does not: by objtool. */
static const struct {
	const char *name;
	unsigned int entry;
} linked_sections[] = {
	{ ".orc_unwind", 6 },	    { ".orc_unwind_ip", 4 }, { ".retpoline_sites", 4 },
	{ ".return_sites", 4 },	    { ".call_sites", 4 },    { ".ibt_endbr_seal", 4 },
	{ ".cfi_sites", 4 },	    { "__versions", 64 },    { ".static_call_sites", 8 },
};

static size_t count_entries(const struct obj_section *s, const struct special_section *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(linked_sections); i++)
		if (streq(s->name, linked_sections[i].name))
			return s->size / linked_sections[i].entry;
	if (row && row->entry)
		return s->size / row->entry;
	return row && row->relocs ? s->nrelocs / row->relocs : 0;
}

static void read_specials(struct inspection *in)
{
	for (size_t i = 1; i < in->object->nsections; i++) {
		const struct obj_section *s = &in->object->sections[i];
		const struct special_section *row = special_find(s->name);
		size_t n = (s->flags & SHF_ALLOC) && s->type == SHT_PROGBITS ?
				   count_entries(s, row) : 0;

		if (n)
			inspect_special_vec_push(&in->specials,
						 (struct inspect_special){ s->name, s->size, n });
	}
}

static void check_file(struct inspection *in)
{
	static const char magic[] = "~Module signature appended~\n";
	const struct mapping *map = &in->object->map;
	size_t n = sizeof(magic) - 1;

	if (object_section(in->object, ".BTF"))
		problem(in, "E6", SEVERITY_WARNING, NULL, ".BTF",
			"type information was generated; the kernel drops or refuses it where its "
			"own differs");
	if (map->size > n && memcmp(map->data + map->size - n, magic, n) == 0)
		problem(in, "E7", SEVERITY_NOTE, NULL, NULL,
			"the module is signed: any change of the file makes the signature invalid");
}

/* ---- the whole ---- */

static void read_parts(struct inspection *in)
{
	read_modinfo(in);
	inspect_functions(in);
	read_relocs(in);
	read_imports(in);
	read_specials(in);
	check_modinfo(in);
	check_symbols(in);
	check_file(in);
	if (!in->functions.n && modinfo_value(in, "livepatch"))
		problem(in, "B6", SEVERITY_NOTE, NULL, NULL,
			"no list of replaced functions was found: it may be built at run time");
}

static struct error *finish(struct inspection *in, struct error *err, struct inspection **inspection)
{
	if (err) {
		inspection_free(in);
		return err;
	}
	read_parts(in);
	*inspection = in;
	return NULL;
}

struct error *inspect_memory(const char *name, void *data, size_t size,
			     struct inspection **inspection)
{
	struct inspection *in = xcalloc(1, sizeof(*in));

	return finish(in, object_read_memory(name, data, size, &in->object), inspection);
}

struct error *inspect_file(const char *path, struct inspection **inspection)
{
	struct inspection *in = xcalloc(1, sizeof(*in));

	return finish(in, object_read(path, &in->object), inspection);
}

void inspection_free(struct inspection *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->relocs.n; i++) {
		free(in->relocs.at[i].patched);
		free(in->relocs.at[i].section);
		free(in->relocs.at[i].object);
		free(in->relocs.at[i].symbol);
		free(in->relocs.at[i].position);
		free(in->relocs.at[i].address);
	}
	for (size_t i = 0; i < in->functions.n; i++)
		free(in->functions.at[i].address);
	inspect_func_vec_free(&in->functions);
	inspect_object_vec_free(&in->objects);
	inspect_state_vec_free(&in->states);
	inspect_reloc_vec_free(&in->relocs);
	inspect_import_vec_free(&in->imports);
	inspect_special_vec_free(&in->specials);
	str_vec_free(&in->modinfo);
	findings_free(&in->findings);
	object_free(in->object);
	free(in);
}
