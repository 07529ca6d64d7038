// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From symbol table and machine code to symbols and edges. The code of each function is decoded once:
 * direct calls and jumps to other functions, operands that are a function's address. In a module the
 * relocations say where they lead; what lies in the same section the assembler resolved itself.
 */
#include <string.h>

#include "base/cleanup.h"
#include "impact/index_build.h"
#include "object/insn.h"

static int by_place(const void *a, const void *b)
{
	const struct index_symbol *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	/* Globals first, then in the order of the symbol table (kept in first_callee until here). */
	if ((x->flags ^ y->flags) & SYMBOL_GLOBAL)
		return x->flags & SYMBOL_GLOBAL ? -1 : 1;
	return x->first_callee < y->first_callee ? -1 : x->first_callee > y->first_callee;
}

/* Retpolines are labels in an array, without type and size (SYM_INNER_LABEL in arch/x86/lib/retpoline.S). */
static bool is_thunk(const struct image_symbol *s)
{
	return s->type == STT_NOTYPE && !s->size && starts_with(s->name, "__x86_indirect_");
}

static bool is_function(const struct image *im, const struct image_symbol *s)
{
	return (s->type == STT_FUNC || is_thunk(s)) && s->section && s->section < im->nsections &&
	       im->sections[s->section].flags & SHF_EXECINSTR;
}

/* Freed after use: include/linux/init.h, free_initmem(); .exit.text of what is built in is never run. */
static bool is_init(const struct image *im, const struct image_symbol *s)
{
	const char *section = image_section_of(im, s);

	return starts_with(section, ".init") || (starts_with(section, ".exit") && !im->module);
}

static uint32_t flags_of(const struct image *im, const struct image_symbol *s)
{
	bool cold = ends_with(s->name, ".cold") || strstr(s->name, ".cold.");

	return (s->bind == STB_LOCAL ? 0 : SYMBOL_GLOBAL) | (cold ? SYMBOL_COLD : 0) |
	       (is_init(im, s) ? SYMBOL_INIT : 0);
}

static void add_symbols(struct index_builder *b, const struct image *im)
{
	b->first_symbol = b->symbols.n;
	for (size_t i = 1; i < im->nsymbols; i++) {
		const struct image_symbol *s = &im->symbols[i];

		if (!is_function(im, s) || !*s->name)
			continue;
		index_symbol_vec_push(&b->symbols, (struct index_symbol){
			.place = s->place, .size = s->size, .object = b->object, .flags = flags_of(im, s),
			.name = index_add_string(b, s->name), .instance = INDEX_NONE,
			.prototype = INDEX_NONE, .forwards = INDEX_NONE, .first_callee = s->index });
	}
	b->end_symbol = b->symbols.n;
	if (b->end_symbol > b->first_symbol)
		qsort(b->symbols.at + b->first_symbol, b->end_symbol - b->first_symbol,
		      sizeof(struct index_symbol), by_place);
	for (uint32_t i = b->first_symbol; i < b->end_symbol; i++) {
		struct index_symbol *s = &b->symbols.at[i];
		bool same = i > b->first_symbol && s[-1].place == s->place;

		s->first_callee = 0;
		s->body = same ? s[-1].body : i;
	}
}

/* Last symbol at or before the place, or INDEX_NONE. */
static uint32_t last_before(const struct index_builder *b, uint64_t place)
{
	uint32_t lo = b->first_symbol, hi = b->end_symbol;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->symbols.at[mid].place <= place)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > b->first_symbol ? lo - 1 : INDEX_NONE;
}

uint32_t index_symbol_begins(const struct index_builder *b, uint64_t place)
{
	uint32_t i = last_before(b, place);

	return i == INDEX_NONE || b->symbols.at[i].place != place ? INDEX_NONE :
	       b->symbols.at[i].body;
}

/* The function that a branch to this place enters, not necessarily at its start. */
static uint32_t symbol_around(const struct index_builder *b, uint64_t place)
{
	uint32_t i = last_before(b, place);

	if (i == INDEX_NONE)
		return INDEX_NONE;
	const struct index_symbol *s = &b->symbols.at[b->symbols.at[i].body];

	return place == s->place || place - s->place < s->size ? s->body : INDEX_NONE;
}

static uint32_t extern_symbol(struct index_builder *b, const char *name)
{
	uint32_t string = index_add_string(b, name);
	void **slot = map_slot_u64(&b->externs, string);

	if (!*slot) {
		uint32_t i = b->symbols.n;

		*slot = (void *)((uintptr_t)i + 1);
		index_symbol_vec_push(&b->symbols, (struct index_symbol){
			.name = string, .object = INDEX_NONE, .flags = SYMBOL_EXTERN,
			.instance = INDEX_NONE, .prototype = INDEX_NONE, .body = i,
			.forwards = INDEX_NONE });
	}
	return (uint32_t)((uintptr_t)*slot - 1);
}

/* One function's code while it is looked at. */
struct scan {
	struct index_builder *b;
	const struct image *image;
	const unsigned char *code;
	const struct obj_section *section; /* modules: for the relocations */
	uint32_t from;
	uint64_t place, size;
	size_t first_edge;
};

static void add_edge(struct scan *s, uint32_t to, enum index_edge_kind kind)
{
	struct index_symbol *from = &s->b->symbols.at[s->from];

	if (to == INDEX_NONE || to == s->from)
		return;
	if (kind == EDGE_JUMP && ((s->b->symbols.at[to].flags ^ from->flags) & SYMBOL_COLD))
		kind = EDGE_PART;
	for (size_t i = s->b->edges.n; i-- > s->first_edge;) {
		struct index_edge *e = &s->b->edges.at[i];

		if (e->to == to && e->kind == kind) {
			e->sites++;
			return;
		}
		if (s->b->edges.n - i > 64)
			break; /* a double is found when edges are sorted */
	}
	index_edge_vec_push(&s->b->edges,
			    (struct index_edge){ .from = s->from, .to = to, .kind = kind, .sites = 1 });
}

static bool is_call(const struct scan *s, const struct insn *i)
{
	return s->code[i->offset + i->length - i->imm_size - 1] == 0xe8;
}

/* The relocation of an instruction, NULL when there is none. */
static const struct obj_reloc *reloc_of(const struct scan *s, const struct insn *i)
{
	uint64_t at = (s->place & 0xffffffffffu) + i->offset;
	size_t first;

	if (!s->section || !object_relocs_in(s->section, at, at + i->length, &first))
		return NULL;
	return &s->section->relocs[first];
}

static uint32_t reloc_target(struct scan *s, const struct obj_reloc *r, const struct insn *i)
{
	const struct obj_symbol *symbol = r->symbol;
	uint64_t end = (s->place & 0xffffffffffu) + i->offset + i->length;

	if (symbol->shndx == SHN_UNDEF)
		return symbol->type == STT_OBJECT || !*symbol->name ? INDEX_NONE :
		       extern_symbol(s->b, symbol->name);
	if (!symbol->section || !(symbol->section->flags & SHF_EXECINSTR))
		return INDEX_NONE;
	int64_t at = symbol->value + r->addend + (reloc_is_pcrel(r->type) ? end - r->offset : 0);
	uint64_t place = module_place(symbol->section->index, at);

	return i->branch ? symbol_around(s->b, place) : index_symbol_begins(s->b, place);
}

/* An operand without relocation that is the address of a function. */
static uint32_t operand_target(const struct scan *s, const struct insn *i)
{
	int32_t value;

	if (i->rip_relative)
		return index_symbol_begins(s->b, s->place + i->target);
	if (s->section || i->imm_size != 4)
		return INDEX_NONE;
	memcpy(&value, s->code + i->offset + i->imm_at, 4);
	return value < 0 ? index_symbol_begins(s->b, (uint64_t)(int64_t)value) : INDEX_NONE;
}

static void scan_insn(struct scan *s, const struct insn *i)
{
	const struct obj_reloc *r = reloc_of(s, i);
	bool inside = i->branch && i->target >= 0 && (uint64_t)i->target < s->size;

	if (r)
		add_edge(s, reloc_target(s, r, i),
			 !i->branch ? EDGE_ADDRESS : is_call(s, i) ? EDGE_CALL : EDGE_JUMP);
	else if (i->branch && !inside)
		add_edge(s, symbol_around(s->b, s->place + i->target),
			 is_call(s, i) ? EDGE_CALL : EDGE_JUMP);
	else if (!i->branch)
		add_edge(s, operand_target(s, i), EDGE_ADDRESS);
}

/* A call of the entry hook, or what stands in its place. */
static bool is_entry_hook(struct scan *s, const struct insn *i)
{
	const struct obj_reloc *r = i->branch ? reloc_of(s, i) : NULL;
	uint32_t to = !i->branch || !is_call(s, i) ? INDEX_NONE :
		      r ? reloc_target(s, r, i) : symbol_around(s->b, s->place + i->target);

	return to != INDEX_NONE && streq(s->b->text.s + s->b->symbols.at[to].name, "__fentry__");
}

static bool is_endbr(const struct scan *s, const struct insn *i)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	return i->length == 4 && !memcmp(s->code + i->offset, endbr64, 4);
}

/* Nothing but a jump to another function (behind what every function begins with)? */
static void find_forward(struct scan *s, const struct insn_vec *insns)
{
	size_t i = 0;

	while (i < insns->n && (insns->at[i].nop || is_endbr(s, &insns->at[i]) ||
				is_entry_hook(s, &insns->at[i])))
		i++;
	if (i >= insns->n || !insns->at[i].branch || !insns->at[i].ends)
		return;
	const struct insn *jump = &insns->at[i];
	const struct obj_reloc *r = reloc_of(s, jump);
	uint32_t to = r ? reloc_target(s, r, jump) :
			  index_symbol_begins(s->b, s->place + jump->target);

	if (to != INDEX_NONE && to != s->from && !(s->b->symbols.at[to].flags & SYMBOL_COLD))
		s->b->symbols.at[s->from].forwards = to;
}

static void scan_function(struct scan *s)
{
	struct insn_vec insns;

	insn_decode(s->code, s->size, &insns);
	s->first_edge = s->b->edges.n;
	for (size_t i = 0; i < insns.n; i++)
		scan_insn(s, &insns.at[i]);
	find_forward(s, &insns);
	insn_vec_free(&insns);
}

static void add_edges(struct index_builder *b, const struct image *im)
{
	for (uint32_t i = b->first_symbol; i < b->end_symbol; i++) {
		const struct index_symbol *s = &b->symbols.at[i];
		uint32_t section = s->place >> 40;
		struct scan scan = { .b = b, .image = im, .from = i, .place = s->place,
				     .size = s->size };

		if (s->body != i || !s->size)
			continue;
		if (im->module && im->object && section < im->object->nsections)
			scan.section = &im->object->sections[section];
		scan.code = image_bytes(im, s->place, s->size);
		if (scan.code)
			scan_function(&scan);
	}
}

void index_add_object(struct index_builder *b, const struct image *image)
{
	b->object = b->objects.n;
	index_object_vec_push(&b->objects,
			      (struct index_object){ index_add_string(b, image->kobject), 0 });
	add_symbols(b, image);
	struct index_ground ground = { .first_symbol = b->first_symbol, .end_symbol = b->end_symbol,
				       .module = image->module };

	for (size_t i = 0; image->module && i < image->nsections; i++)
		str_vec_push(&ground.sections, xstrdup(image->sections[i].name ?
						       image->sections[i].name : ""));
	index_add_pointers(b, image, &ground);
	index_ground_vec_push(&b->grounds, ground);
	add_edges(b, image);
}
