// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert/annotations.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/rewrite.h"
#include "convert/versions.h"
#include "diff/resolve.h"

enum { RECORD_VERSION = 1, RECORD_STRINGS = 16, KLP_ENTRY = 12, POSITION = 8 };

struct reader {
	const struct object *object;
	struct annotations *a;
	struct finding_vec *findings;
};

static void refuse(struct reader *r, const char *symbol, const char *section, uint64_t at,
		   const char *text)
{
	scoped_free char *place =
		section ? xasprintf("%s+0x%lx", section, (unsigned long)at) : NULL;

	finding_add(r->findings, "K4", SEVERITY_REFUSAL, NULL, symbol, place, "%s", text);
}

static void annotation_clear(struct annotation *a)
{
	free(a->object);
	free(a->name);
	free(a->patched);
	*a = (struct annotation) {0};
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static bool same(const struct annotation *a, const struct annotation *b)
{
	return streq(a->object, b->object) && streq(a->name, b->name) &&
	       same_text(a->patched, b->patched) && a->position == b->position;
}

/* The kernel reads object names up to the first dot, names up to the first comma. */
static const char *defect(const struct annotation *a)
{
	if (!*a->object || strlen(a->object) >= KLP_OBJECT_NAME_LEN || strpbrk(a->object, "./, \t"))
		return "the annotation does not name a kernel object";
	if (a->patched &&
	    (!*a->patched || strlen(a->patched) >= KLP_OBJECT_NAME_LEN || strpbrk(a->patched, "./, \t")))
		return "the annotation does not name a patched object";
	if (!*a->name || strlen(a->name) >= klp_release_newest()->symbol_name_len || strchr(a->name, ','))
		return "the annotation has no usable symbol name";
	return NULL;
}

static void underscores(char *name)
{
	for (; name && *name; name++)
		if (*name == '-')
			*name = '_';
}

/* Takes over what `a` owns. */
static void note(struct reader *r, const struct obj_symbol *s, struct annotation a,
		 const char *section, uint64_t at)
{
	struct annotation *slot = &r->a->at[s->index];
	const char *wrong = defect(&a);

	if (!wrong && s->shndx != SHN_UNDEF)
		wrong = "the annotated symbol is defined in the livepatch itself";
	underscores(a.object);
	underscores(a.patched);
	if (!wrong && slot->object && !same(slot, &a))
		wrong = "a second annotation of this symbol says something else";
	if (wrong)
		refuse(r, s->name, section, at, wrong);
	if (wrong || slot->object)
		annotation_clear(&a);
	else
		*slot = a;
}

/* The symbol that a record at this place of an annotation section refers to, or NULL. */
static const struct obj_symbol *record_symbol(const struct obj_section *s, uint64_t at)
{
	size_t first;

	if (object_relocs_in(s, at, at + 8, &first) != 1)
		return NULL;
	const struct obj_reloc *reloc = &s->relocs[first];
	bool fine = reloc->offset == at && reloc->type == R_X86_64_64 && !reloc->addend;

	return fine && reloc->symbol->index ? reloc->symbol : NULL;
}

static uint32_t read_u32(const struct obj_section *s, uint64_t at)
{
	uint32_t v;

	memcpy(&v, s->data + at, sizeof(v));
	return v;
}

/* ---- .klp.module_relocs.OBJECT: { u64 symbol; u32 position } packed (klp-convert v7) ---- */

static void read_module_relocs(struct reader *r, const struct obj_section *s)
{
	const char *object = s->name + strlen(KLP_MODULE_RELOCS);

	if (s->size % KLP_ENTRY)
		refuse(r, NULL, s->name, s->size, "the size is no multiple of an entry's 12 bytes");
	for (uint64_t at = 0; s->data && at + KLP_ENTRY <= s->size; at += KLP_ENTRY) {
		const struct obj_symbol *symbol = record_symbol(s, at);

		if (!symbol)
			refuse(r, NULL, s->name, at, "the entry does not refer to a symbol");
		else
			note(r, symbol,
			     (struct annotation) {.object = xstrdup(object),
						  .name = xstrdup(symbol->name),
						  .position = read_u32(s, at + POSITION)},
			     s->name, at);
	}
}

/* ---- .suture.klp: include/suture/livepatch.h ---- */

/* The string at *at, NULL when it has no end; *at is then behind it. */
static const char *cut_string(const struct obj_section *s, uint64_t *at)
{
	const char *text = (const char *)s->data + *at;
	const char *end = *at < s->size ? memchr(text, 0, s->size - *at) : NULL;

	if (end)
		*at += end - text + 1;
	return end ? text : NULL;
}

/* Returns where the next record begins, 0 when this one is damaged. */
static uint64_t read_record(struct reader *r, const struct obj_section *s, uint64_t at)
{
	const struct obj_symbol *symbol = record_symbol(s, at);
	const char *object, *name, *patched;
	uint64_t end = at + RECORD_STRINGS;

	if (s->size - at < RECORD_STRINGS + 3 || !symbol ||
	    read_u32(s, at + POSITION + 4) != RECORD_VERSION)
		return 0;
	object = cut_string(s, &end);
	name = object ? cut_string(s, &end) : NULL;
	patched = name ? cut_string(s, &end) : NULL;
	if (!patched)
		return 0;
	note(r, symbol,
	     (struct annotation) {.object = xstrdup(object),
				  .name = xstrdup(*name ? name : symbol->name),
				  .patched = *patched ? xstrdup(patched) : NULL,
				  .position = read_u32(s, at + POSITION)},
	     s->name, at);
	return (end + 7) & ~7ull;
}

static void read_records(struct reader *r, const struct obj_section *s)
{
	uint64_t next;

	for (uint64_t at = 0; s->data && at < s->size; at = next) {
		next = read_record(r, s, at);
		if (!next) {
			refuse(r, NULL, s->name, at, "damaged record, or of a newer version");
			return;
		}
	}
}

/* ---- in the symbol's name ---- */

/* "PATCHED.OBJECT.NAME,POSITION", also with a dot before the position (klp-convert, minimal v3). */
static bool parse_alias(const char *text, struct annotation *a)
{
	const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	const char *last = second ? strrchr(second + 1, ',') : NULL;

	if (second && !last)
		last = strrchr(second + 1, '.');
	if (!last || !last[1] || strlen(last + 1) > 9 ||
	    strspn(last + 1, "0123456789") != strlen(last + 1))
		return false;
	*a = (struct annotation) {.patched = xstrndup(text, first - text),
				  .object = xstrndup(first + 1, second - first - 1),
				  .name = xstrndup(second + 1, last - second - 1),
				  .position = strtoul(last + 1, NULL, 10)};
	return true;
}

static bool parse_reference(const char *text, struct annotation *a)
{
	struct klp_decision d;

	if (!klp_decision_parse(text, &d))
		return false;
	*a = (struct annotation) {d.object, d.name, d.patched, d.position};
	return true;
}

static void read_name(struct reader *r, const struct obj_symbol *s)
{
	bool alias = starts_with(s->name, KLP_SYM_RELA);
	struct annotation a;

	if (s->shndx != SHN_UNDEF || (!alias && !starts_with(s->name, KLP_REF_PREFIX)))
		return;
	if (alias ? parse_alias(s->name + strlen(KLP_SYM_RELA), &a)
		  : parse_reference(s->name + strlen(KLP_REF_PREFIX), &a))
		note(r, s, a, NULL, 0);
	else
		refuse(r, s->name, NULL, 0, "the name is no well-formed annotation");
}

/* ---- all ---- */

/* Something that stays must not need what goes. */
static void check_users(struct reader *r)
{
	for (size_t i = 1; i < r->object->nsections; i++) {
		const struct obj_section *s = &r->object->sections[i];

		if (!(s->flags & SHF_ALLOC) || r->a->drop[i])
			continue;
		for (size_t k = 0; k < s->nrelocs; k++) {
			const struct obj_symbol *symbol = s->relocs[k].symbol;

			if (symbol->section && r->a->drop[symbol->section->index])
				refuse(r, symbol->name, s->name, s->relocs[k].offset,
				       "the code refers to the annotation, which is removed");
		}
	}
}

void annotations_read(const struct object *o, struct annotations *a, struct finding_vec *findings)
{
	struct reader r = {o, a, findings};

	*a = (struct annotations) {.at = xcalloc(o->nsymbols, sizeof(*a->at)),
				   .n = o->nsymbols,
				   .drop = xcalloc(o->nsections, sizeof(bool))};
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];
		bool ours = streq(s->name, SUTURE_KLP_SECTION);

		if ((!ours && !starts_with(s->name, KLP_MODULE_RELOCS)) || s->type == SHT_NULL)
			continue;
		if (s->type != SHT_PROGBITS && s->type != SHT_NOTE)
			refuse(&r, NULL, s->name, 0, "the section of annotations has another type");
		a->drop[i] = true;
		(ours ? read_records : read_module_relocs)(&r, s);
	}
	for (size_t i = 1; i < o->nsymbols; i++)
		read_name(&r, &o->symbols[i]);
	check_users(&r);
}

void annotations_free(struct annotations *a)
{
	for (size_t i = 0; i < a->n; i++)
		annotation_clear(&a->at[i]);
	free(a->at);
	free(a->drop);
	*a = (struct annotations) {0};
}
