// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/closure_parts.h"

/* NULL where the file has no bytes: zeros. */
const unsigned char *section_bytes(const struct obj_section *s, uint64_t at)
{
	return s->data ? s->data + at : NULL;
}

static struct placed *find_placed(struct closure *c, const struct entity *e)
{
	uintptr_t i = (uintptr_t)map_get_u64(&c->placed_of, e->index);

	return i ? &c->placed.at[i - 1] : NULL;
}

static char *unused_name(struct closure *c, const char *wanted)
{
	char *name = xstrdup(wanted);

	for (unsigned int n = 2; map_has(c->rq->names, name); n++) {
		free(name);
		name = xasprintf("%s.u%u", wanted, n);
	}
	return name;
}

bool is_replacement(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && e->twin && e->change == CHANGED && !e->parent;
}

static unsigned int function_symbol(struct closure *c, struct entity *e, uint64_t offset)
{
	bool global = e->symbol->bind != STB_LOCAL && !e->twin;
	const struct entity *named = e->parent ? e->parent : e;
	scoped_free char *wanted = named->twin ? xasprintf("livepatch_%s", e->name) :
						 xstrdup(e->name);
	char *name = global ? xstrdup(wanted) : unused_name(c, wanted);
	unsigned int symbol = writer_symbol(c->w, name, c->text, offset, e->size, STT_FUNC,
					    global || is_replacement(e) ? STB_GLOBAL : STB_LOCAL);

	map_put(c->rq->names, name, (void *)1);
	str_vec_push(&c->names, name);
	if (is_replacement(e)) {
		const struct resolver *r = c->rq->resolver;
		struct image_symbol *s = r->repro ? reproduced_symbol(r->repro, e->twin) : NULL;

		replaced_vec_push(c->rq->replaced, (struct replaced){
			.kobject = xstrdup(r->kobject),
			.name = xstrdup(s ? s->name : e->name),
			.sympos = s ? image_sympos(r->image, s) : 0,
			.symbol = xstrdup(name),
			.source = xstrdup(c->rq->source),
			.why = xstrdup(e->why),
		});
	}
	return symbol;
}

static void place_function(struct closure *c, struct entity *e, struct placed *p)
{
	const struct obj_section *s = e->section;
	uint64_t start = e->start - e->lead;
	uint64_t at = writer_append(c->w, c->text, section_bytes(s, start), e->lead + e->size,
				    s->align > 16 ? s->align : 16);

	p->section = c->text;
	p->offset = at + e->lead;
	p->symbol = function_symbol(c, e, p->offset);
	if (!e->twin)
		c->stats->functions_new++;
	else if (is_replacement(e))
		c->stats->functions_changed++;
}

/* New data keeps the kind of section it had; numbered and per-symbol names are folded. */
static unsigned int data_section(struct closure *c, const struct obj_section *s)
{
	bool writable = s->flags & SHF_WRITE;

	if (s->type == SHT_NOBITS)
		return writer_section(c->w, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0);
	if (special_find(s->name))
		return writer_section(c->w, s->name, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0);
	if (starts_with(s->name, ".data..ro_after_init"))
		return writer_section(c->w, ".data..ro_after_init", SHT_PROGBITS,
				      SHF_ALLOC | SHF_WRITE, 0);
	return writable ? writer_section(c->w, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0) :
			  writer_section(c->w, ".rodata", SHT_PROGBITS, SHF_ALLOC, 0);
}

static void place_data(struct closure *c, struct entity *e, struct placed *p)
{
	const struct obj_section *s = e->section;
	const unsigned char *bytes = section_bytes(s, e->start);
	bool global = e->symbol && e->symbol->bind != STB_LOCAL && !e->twin;

	p->section = data_section(c, s);
	p->offset = writer_append(c->w, p->section, bytes, e->size, s->align);
	p->symbol = e->symbol ? writer_symbol(c->w, e->name, p->section, p->offset, e->size,
					      STT_OBJECT, global ? STB_GLOBAL : STB_LOCAL) :
				writer_section_symbol(c->w, p->section);
	if (e->symbol)
		c->stats->data_new++;
}

struct placed *closure_place(struct closure *c, struct entity *e)
{
	struct placed *known = find_placed(c, e), p = { .entity = e };

	if (known)
		return known;
	if (e->kind == ENTITY_FUNCTION)
		place_function(c, e, &p);
	else
		place_data(c, e, &p);
	placed_vec_push(&c->placed, p);
	map_put_u64(&c->placed_of, e->index, (void *)(uintptr_t)c->placed.n);
	return &c->placed.at[c->placed.n - 1];
}
