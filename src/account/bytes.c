// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/bytes.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

static const struct obj_symbol *find_function(const struct object *o, const char *name)
{
	for (size_t i = 1; i < o->nsymbols; i++)
		if (symbol_is_function(&o->symbols[i]) && streq(o->symbols[i].name, name))
			return &o->symbols[i];
	return NULL;
}

/* Equal when digits, wherever they stand, are left out. */
static bool same_but_digits(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
}

static bool same_string(const struct obj_section *s, int64_t i, const struct obj_section *t,
			int64_t k)
{
	if (!s->data || !t->data || i < 0 || k < 0 || (uint64_t)i >= s->size ||
	    (uint64_t)k >= t->size)
		return true; /* the place is beyond what a relocation's addend says by itself */
	size_t room = s->size - i < t->size - k ? s->size - i : t->size - k;

	return strncmp((const char *)s->data + i, (const char *)t->data + k, room) == 0;
}

static bool is_strings(const struct obj_section *s)
{
	return (s->flags & (SHF_MERGE | SHF_STRINGS)) == (SHF_MERGE | SHF_STRINGS);
}

static bool same_reloc(const struct obj_reloc *x, const struct obj_reloc *y)
{
	struct obj_section *s = x->symbol->section, *t = y->symbol->section;
	bool by_section = x->symbol->type == STT_SECTION;

	if (x->type != y->type || by_section != (y->symbol->type == STT_SECTION))
		return false;
	if (!by_section)
		return x->addend == y->addend && same_but_digits(x->symbol->name, y->symbol->name);
	if (!s || !t || !same_but_digits(s->name, t->name))
		return false;
	unsigned int bias = reloc_is_pcrel(x->type) ? 4 : 0;

	return !is_strings(s) || same_string(s, x->addend + bias, t, y->addend + bias);
}

bool bytes_same_function(const struct object *a, const char *name_a, const struct object *b,
			 const char *name_b)
{
	const struct obj_symbol *x = find_function(a, name_a), *y = find_function(b, name_b);
	size_t i, k;

	if (!x || !y || x->size != y->size || !x->section->data || !y->section->data)
		return false;
	if (memcmp(x->section->data + x->value, y->section->data + y->value, x->size) != 0)
		return false;
	size_t n = object_relocs_in(x->section, x->value, x->value + x->size, &i);

	if (n != object_relocs_in(y->section, y->value, y->value + y->size, &k))
		return false;
	for (; n; n--, i++, k++) {
		const struct obj_reloc *p = &x->section->relocs[i], *q = &y->section->relocs[k];

		if (p->offset - x->value != q->offset - y->value || !same_reloc(p, q))
			return false;
	}
	return true;
}
