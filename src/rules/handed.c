// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/handed.h"

#include <string.h>

#include "base/str.h"
#include "object/insn.h"

/* Relocations between loading an argument and the call. */
enum { WINDOW = 6 };

static bool is_call(const struct obj_reloc *r)
{
	return r->type == R_X86_64_PLT32;
}

/*
 * Does the instruction take the address (and not read or write what is there)? mov $address, reg
 * (c7 /0, b8+r) or lea address(%rip), reg (8d): Intel SDM, volume 2.
 */
static bool takes_address(const struct obj_section *s, const struct obj_reloc *r)
{
	const unsigned char *field = r->offset >= 2 && s->data ? s->data + r->offset : NULL;

	if (!field)
		return false;
	if (r->type == R_X86_64_PC32)
		return field[-2] == 0x8d && (field[-1] & 0xc7) == 0x05;
	if (r->type == R_X86_64_32S && field[-2] == 0xc7)
		return (field[-1] & 0xf8) == 0xc0;
	return (field[-1] & 0xf8) == 0xb8;
}

/* mov $address, memory (c7 /0): a function's address goes into a structure, as INIT_WORK() puts it there. */
static bool is_stored(const struct obj_section *s, const struct obj_reloc *r)
{
	struct obj_ref in = object_locate((struct obj_section *)s, r->offset);
	struct insn_vec list = { 0 };
	bool found = false;

	if (r->type != R_X86_64_32S || !in.symbol || !s->data || in.symbol->value + in.symbol->size > s->size)
		return false;
	const unsigned char *code = s->data + in.symbol->value;

	insn_decode(code, in.symbol->size, &list);
	for (size_t i = 0; i < list.n && !found; i++) {
		const struct insn *k = &list.at[i];
		const unsigned char *b = code + k->offset + ((code[k->offset] & 0xf0) == 0x40);

		found = k->imm_size == 4 && in.symbol->value + k->offset + k->imm_at == r->offset &&
			b[0] == 0xc7 && (b[1] & 0xc0) != 0xc0;
	}
	insn_vec_free(&list);
	return found;
}

/* The function or variable of the module whose address the relocation gives; NULL if none. */
static const struct obj_symbol *taken(const struct obj_section *s, const struct obj_reloc *r)
{
	struct obj_ref ref = object_reloc_ref(r, 4);

	if (is_call(r) || !ref.symbol || !ref.symbol->section || ref.offset ||
	    (ref.symbol->type != STT_OBJECT && ref.symbol->type != STT_FUNC) ||
	    streq(ref.symbol->name, "__this_module"))
		return NULL;
	if (!takes_address(s, r) && !(ref.symbol->type == STT_FUNC && is_stored(s, r)))
		return NULL;
	if (ref.symbol->type == STT_OBJECT && !(ref.symbol->section->flags & SHF_WRITE))
		return NULL;
	return ref.symbol;
}

static bool points_to_code(const struct obj_symbol *s)
{
	size_t first, n;

	if (s->type == STT_FUNC)
		return true;
	n = object_relocs_in(s->section, s->value, s->value + s->size, &first);
	for (size_t i = first; i < first + n; i++) {
		const struct obj_section *to = s->section->relocs[i].symbol->section;

		if (to && (to->flags & SHF_EXECINSTR))
			return true;
	}
	return false;
}

/* "unregister_*" fits any function of that beginning; the first n bytes of pattern. */
static bool calls_one(const struct object *o, const char *pattern, size_t n)
{
	bool prefix = n && pattern[n - 1] == '*';

	n -= prefix;
	for (size_t i = 1; i < o->nsymbols; i++)
		if (o->symbols[i].shndx == SHN_UNDEF && strncmp(o->symbols[i].name, pattern, n) == 0 &&
		    (prefix || !o->symbols[i].name[n]))
			return true;
	return false;
}

/* Alternatives are separated by '|'. */
static bool calls(const struct object *o, const char *patterns)
{
	for (const char *p = patterns; *p;) {
		size_t n = strcspn(p, "|");

		if (calls_one(o, p, n))
			return true;
		p += n + (p[n] == '|');
	}
	return false;
}

static void visit_call(const struct object *o, const struct obj_section *s, size_t from,
		       const struct obj_symbol *what, handed_visit *visit, void *arg)
{
	struct obj_ref in = object_locate((struct obj_section *)s, s->relocs[from].offset);

	for (size_t i = from + 1; i < s->nrelocs && i < from + WINDOW; i++) {
		const struct obj_reloc *r = &s->relocs[i];
		const struct registrar *to = is_call(r) ? registrar_find(r->symbol->name) : NULL;

		if (object_locate((struct obj_section *)s, r->offset).symbol != in.symbol)
			return;
		if (!to)
			continue;
		visit(arg, &(struct handed){ what, in.symbol, to, r->symbol->name, points_to_code(what),
					     to->undo && calls(o, to->undo) });
		return;
	}
}

void handed_each(const struct object *o, handed_visit *visit, void *arg)
{
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];

		if (!(s->flags & SHF_EXECINSTR))
			continue;
		for (size_t k = 0; k < s->nrelocs; k++) {
			const struct obj_symbol *what = taken(s, &s->relocs[k]);

			if (what)
				visit_call(o, s, k, what, visit, arg);
		}
	}
}
