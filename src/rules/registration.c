// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that the shipped code hands to a registrar. The index says who has the address as an
 * operand; the code of that function says what becomes of it: a registrar that is called within the
 * next instructions, and the argument register that the address was put into.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "impact/index.h"
#include "object/insn.h"
#include "rules/graph.h"

enum { WINDOW = 24 }; /* instructions between the address and the call */

/* System V ABI: registers of the first six arguments, by their number in instructions. */
static const unsigned char argument_registers[] = { 7, 6, 2, 1, 8, 9 };

/* Number of the argument that the instruction loads with an address; 0: it is no such load.
 * mov $imm32, r64 (REX.W c7 /0) and lea disp32(%rip), r64 (REX.W 8d): Intel SDM, volume 2. */
static unsigned int loads_argument(const unsigned char *code, const struct insn *k)
{
	const unsigned char *b = code + k->offset;
	unsigned int reg;

	if (k->length != 7 || (b[0] & 0xf8) != 0x48)
		return 0;
	if (b[1] == 0xc7 && (b[2] & 0xf8) == 0xc0)
		reg = (b[2] & 7) + (b[0] & 1 ? 8 : 0);
	else if (b[1] == 0x8d && (b[2] & 0xc7) == 0x05)
		reg = (b[2] >> 3 & 7) + (b[0] & 4 ? 8 : 0);
	else
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(argument_registers); i++)
		if (argument_registers[i] == reg)
			return i + 1;
	return 0;
}

/* mov $imm32, memory (c7 /0): the address goes into a structure, and not to the function called next. */
static bool stores(const unsigned char *code, const struct insn *k)
{
	const unsigned char *b = code + k->offset + ((code[k->offset] & 0xf0) == 0x40);

	return k->imm_size == 4 && b[0] == 0xc7 && (b[1] & 0xc0) != 0xc0;
}

/* mov r64, r64 (REX.W 89 /r) from the register of one argument to that of another? */
static bool copies(const unsigned char *code, const struct insn *k, unsigned int from, unsigned int to)
{
	const unsigned char *b = code + k->offset;

	return k->length == 3 && (b[0] & 0xf8) == 0x48 && b[1] == 0x89 && (b[2] & 0xc0) == 0xc0 &&
	       (b[2] >> 3 & 7) + (b[0] & 4 ? 8 : 0) == argument_registers[from - 1] &&
	       (b[2] & 7) + (b[0] & 1 ? 8 : 0) == argument_registers[to - 1];
}

/* A function of the image while it is read. */
struct reader {
	const struct graph_node *node; /* whose address is looked for */
	const struct image_symbol *in;
	const unsigned char *code;
	struct insn_vec list;
	const struct obj_section *section; /* modules */
};

static const struct obj_reloc *reloc_of(const struct reader *r, const struct insn *k)
{
	uint64_t at = (r->in->place & 0xffffffffffu) + k->offset;
	size_t first;

	if (!r->section || !object_relocs_in((struct obj_section *)r->section, at, at + k->length, &first))
		return NULL;
	return &r->section->relocs[first];
}

/* The place that the operand of an instruction (or a branch) leads to, 0 if there is none. */
static uint64_t leads_to(const struct reader *r, const struct insn *k)
{
	const struct obj_reloc *reloc = reloc_of(r, k);
	int32_t value;

	if (reloc) {
		uint64_t end = (r->in->place & 0xffffffffffu) + k->offset + k->length;

		return reloc->symbol->section ?
			       module_place(reloc->symbol->section->index, reloc->symbol->value +
					    reloc->addend + (reloc_is_pcrel(reloc->type) ? end - reloc->offset : 0)) :
			       0;
	}
	if (k->branch || k->rip_relative)
		return r->in->place + k->target;
	if (r->section || k->imm_size != 4)
		return 0;
	memcpy(&value, r->code + k->offset + k->imm_at, sizeof(value));
	return (uint64_t)(int64_t)value;
}

/* Name of the function that a direct call or jump enters; NULL if it is none. */
static const char *called(const struct reader *r, const struct insn *k)
{
	const struct obj_reloc *reloc = k->branch ? reloc_of(r, k) : NULL;
	uint64_t to = k->branch ? leads_to(r, k) : 0;
	const struct image_symbol *s;

	if (reloc && reloc->symbol->shndx == SHN_UNDEF)
		return reloc->symbol->name;
	s = to ? image_symbol_at(r->node->image, to) : NULL;
	return s && s->place == to ? s->name : NULL;
}

static const struct registrar *registrar_after(const struct reader *r, size_t from, enum known_kind kind,
					       size_t *call, const char **callee)
{
	for (size_t i = from + 1; i < r->list.n && i <= from + WINDOW; i++) {
		const char *name = called(r, &r->list.at[i]);
		const struct registrar *to = name ? registrar_find(name) : NULL;

		if (to && to->kind == kind) {
			*call = i;
			*callee = name;
			return to;
		}
		if (r->list.at[i].ends)
			return NULL;
	}
	return NULL;
}

/* The constant string in that argument of a call of vmlinux' code. */
static void constant_name(const struct reader *r, size_t call, unsigned int argument, char *out, size_t room)
{
	const struct image *im = r->node->image;

	for (size_t i = call; argument && !r->section && i-- > 0 && call - i <= WINDOW;) {
		const struct insn *k = &r->list.at[i];
		const char *text;

		if (loads_argument(r->code, k) != argument)
			continue;
		text = (const char *)image_bytes(im, leads_to(r, k), room);
		if (text && memchr(text, 0, room) && strspn(text, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+/:.%#[]") == strlen(text))
			snprintf(out, room, "%s", text);
		return;
	}
}

/* mov memory, r64 (REX.W 8b /r) into the register of that argument? */
static bool loads_from_memory(const unsigned char *code, const struct insn *k, unsigned int argument)
{
	const unsigned char *b = code + k->offset;

	return k->length > 3 && (b[0] & 0xf8) == 0x48 && b[1] == 0x8b && (b[2] & 0xc0) != 0xc0 &&
	       (b[2] >> 3 & 7) + (b[0] & 4 ? 8 : 0) == argument_registers[argument - 1];
}

/* Is the address, which instruction i has, in the argument that the registrar calls? What goes there by
 * way of a register that calls leave alone is taken for it, and what is stored when the argument then comes
 * from memory. */
static bool is_argument(const struct reader *r, size_t i, size_t call, const struct registrar *to)
{
	const struct insn *k = &r->list.at[i];
	unsigned int argument = loads_argument(r->code, k);

	if (!to->argument || argument == to->argument)
		return true;
	if (!argument && !stores(r->code, k))
		return true;
	for (size_t m = i + 1; m < call; m++)
		if (argument ? copies(r->code, &r->list.at[m], argument, to->argument) :
			       loads_from_memory(r->code, &r->list.at[m], to->argument))
			return true;
	return false;
}

static bool read_registration(const struct reader *r, enum known_kind kind, struct registration *where)
{
	uint64_t wanted = index_symbol(r->node->part, r->node->symbol)->place;
	size_t call;

	for (size_t i = 0; i < r->list.n; i++) {
		const struct insn *k = &r->list.at[i];

		if (k->branch || leads_to(r, k) != wanted)
			continue;
		where->registrar = registrar_after(r, i, kind, &call, &where->callee);
		if (!where->registrar || !is_argument(r, i, call, where->registrar))
			continue;
		where->offset = k->offset;
		where->name[0] = 0;
		constant_name(r, call, where->registrar->name_argument, where->name, sizeof(where->name));
		return true;
	}
	return false;
}

static bool read_caller(const struct graph_node *node, uint32_t from, enum known_kind kind,
			struct registration *where)
{
	struct graph_node caller = { node->image, node->part, node->object, from };
	struct reader r = { .node = node, .in = graph_image_symbol(&caller) };
	uint32_t section;
	bool found;

	r.code = r.in ? image_bytes(node->image, r.in->place, r.in->size) : NULL;
	if (!r.code)
		return false;
	section = r.in->place >> 40;
	if (node->image->module && section < node->image->object->nsections)
		r.section = &node->image->object->sections[section];
	insn_decode(r.code, r.in->size, &r.list);
	found = read_registration(&r, kind, where);
	insn_vec_free(&r.list);
	where->in = graph_name(&caller);
	return found;
}

bool graph_registration(const struct graph_node *node, enum known_kind kind, struct registration *where)
{
	const struct index_symbol *s = index_symbol(node->part, node->symbol);
	struct index_range callers = index_callers(node->part, s);

	*where = (struct registration){ 0 };
	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(node->part, index_caller(node->part, callers.first + i));

		if (e && e->kind == EDGE_ADDRESS && read_caller(node, e->from, kind, where))
			return true;
	}
	where->registrar = NULL;
	return false;
}
