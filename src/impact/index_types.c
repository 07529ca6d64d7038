// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/index_types.h"

#include <dwarf.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/debug.h"

/* A damaged file may have a type that is made of itself, perhaps twice. MAX_TYPES: in one prototype. */
enum { MAX_HOPS = 40, MAX_CHILDREN = 20000, MAX_TYPES = 400 };

/* The type of an entry, without typedefs and qualifiers. */
struct resolved {
	Dwarf_Die die;
	int tag;             /* 0: void, or damaged */
	bool is_const, is_volatile;
	const char *typedef_name; /* the last one on the way */
};

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type);
}

static struct resolved stripped(Dwarf_Die *type)
{
	struct resolved r = { .die = *type };

	for (int i = 0; i < MAX_HOPS; i++) {
		int tag = dwarf_tag(&r.die);

		if (tag == DW_TAG_typedef)
			r.typedef_name = dwarf_diename(&r.die);
		else if (tag == DW_TAG_const_type)
			r.is_const = true;
		else if (tag == DW_TAG_volatile_type)
			r.is_volatile = true;
		else if (tag != DW_TAG_restrict_type && tag != DW_TAG_atomic_type) {
			r.tag = tag;
			return r;
		}
		if (!type_of(&r.die, &r.die))
			break;
	}
	return r;
}

static struct resolved resolve(Dwarf_Die *of)
{
	Dwarf_Die type;

	return type_of(of, &type) ? stripped(&type) : (struct resolved){ 0 };
}

/* ---- as text ---- */

/* Names of gcc for what C and clang call otherwise. */
static const char *const base_names[][2] = {
	{ "long int", "long" },
	{ "long unsigned int", "unsigned long" },
	{ "long long int", "long long" },
	{ "long long unsigned int", "unsigned long long" },
	{ "short int", "short" },
	{ "short unsigned int", "unsigned short" },
};

static const char *base_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(base_names); i++)
		if (streq(name, base_names[i][0]))
			return base_names[i][1];
	return name;
}

/* "struct timer_list"; NULL: it has no name. The caller's. */
static char *name_of(const struct resolved *r)
{
	const char *name = dwarf_diename((Dwarf_Die *)&r->die);

	if (name)
		return xasprintf("%s%s", debug_keyword(r->tag), r->tag == DW_TAG_base_type ? base_name(name) : name);
	return r->typedef_name ? xstrdup(r->typedef_name) : NULL;
}

static char *text_of(Dwarf_Die *of, const char *declared, bool qualified, int *left);

static char *parameters(Dwarf_Die *function, int *left)
{
	struct str out = { 0 };
	Dwarf_Die die;
	int more = dwarf_child(function, &die);

	str_add(&out, "(");
	for (int n = 0; more == 0 && n < MAX_CHILDREN; more = dwarf_siblingof(&die, &die), n++) {
		int tag = dwarf_tag(&die);
		scoped_free char *text = tag == DW_TAG_formal_parameter ? text_of(&die, "", false, left) :
					 tag == DW_TAG_unspecified_parameters ? xstrdup("...") : NULL;

		if (text)
			str_add(&out, "%s%s", out.n > 1 ? ", " : "", text);
	}
	str_add(&out, "%s)", out.n > 1 ? "" : dwarf_hasattr_integrate(function, DW_AT_prototyped) ? "void" : "");
	return out.s;
}

static char *dimensions(Dwarf_Die *array, const char *declared)
{
	struct str out = { 0 };
	Dwarf_Die die;
	int more = dwarf_child(array, &die);

	str_add(&out, "%s", declared);
	for (int n = 0; more == 0 && n < MAX_HOPS; more = dwarf_siblingof(&die, &die), n++) {
		uint64_t count = 0;

		if (debug_number(&die, DW_AT_upper_bound, &count))
			count++;
		else
			debug_number(&die, DW_AT_count, &count);
		str_add(&out, "[%llu]", (unsigned long long)count);
	}
	return out.s;
}

/* "TYPE DECLARED" of the type that an entry has, as C writes it. left: so many types more. */
static char *text_of(Dwarf_Die *of, const char *declared, bool qualified, int *left)
{
	struct resolved r = resolve(of);
	const char *is_const = qualified && r.is_const ? "const " : "";
	const char *is_volatile = qualified && r.is_volatile ? "volatile " : "";
	scoped_free char *inner = NULL;

	if (--*left < 0)
		return xstrdup("...");
	if (r.tag == DW_TAG_pointer_type) {
		int to = resolve(&r.die).tag;
		bool group = to == DW_TAG_subroutine_type || to == DW_TAG_array_type;

		inner = xasprintf("%s*%s%s%s%s", group ? "(" : "", is_const, is_volatile, declared,
				  group ? ")" : "");
		return text_of(&r.die, inner, true, left);
	}
	if (r.tag == DW_TAG_subroutine_type) {
		scoped_free char *list = parameters(&r.die, left);

		inner = xasprintf("%s%s", declared, list);
		return text_of(&r.die, inner, false, left);
	}
	if (r.tag == DW_TAG_array_type) {
		inner = dimensions(&r.die, declared);
		return text_of(&r.die, inner, true, left);
	}
	inner = r.tag ? name_of(&r) : xstrdup("void");
	return xasprintf("%s%s%s%s%s", is_const, is_volatile, inner ? inner : "{}", *declared ? " " : "", declared);
}

uint32_t types_prototype(struct index_builder *b, Dwarf_Die *function)
{
	int left = MAX_TYPES;
	scoped_free char *list = parameters(function, &left);
	scoped_free char *text = text_of(function, list, false, &left);

	return index_add_string(b, text);
}

/* ---- members ---- */

bool types_of_variable(Dwarf_Die *variable, Dwarf_Die *type, uint64_t *size)
{
	Dwarf_Word bytes;

	if (!type_of(variable, type) || dwarf_aggregate_size(type, &bytes))
		return false;
	*size = bytes;
	return true;
}

/* The member that has the byte at the offset, which becomes that in the member. */
static bool member_around(Dwarf_Die *aggregate, uint64_t *offset, Dwarf_Die *member)
{
	int more = dwarf_child(aggregate, member);

	for (int n = 0; more == 0 && n < MAX_CHILDREN; more = dwarf_siblingof(member, member), n++) {
		uint64_t at = 0, size;
		Dwarf_Die type;

		if (dwarf_tag(member) != DW_TAG_member || dwarf_hasattr(member, DW_AT_bit_size))
			continue;
		debug_number(member, DW_AT_data_member_location, &at);
		if (*offset < at || !types_of_variable(member, &type, &size) || *offset - at >= size)
			continue;
		*offset -= at;
		return true;
	}
	return false;
}

static uint64_t size_of_element(Dwarf_Die *array)
{
	Dwarf_Die type;
	uint64_t size = 0;

	return types_of_variable(array, &type, &size) ? size : 0;
}

static void find_member(struct index_builder *b, Dwarf_Die *type, uint64_t offset, uint32_t *name,
			uint32_t *member)
{
	scoped_free char *owner = NULL;
	scoped_str struct str path = { 0 };
	struct resolved r = stripped(type);
	const char *named = NULL;

	for (int i = 0; i < MAX_HOPS; i++) {
		if (r.tag == DW_TAG_union_type && named)
			break; /* which of its members it is, nobody says */
		if (r.tag == DW_TAG_structure_type || r.tag == DW_TAG_union_type) {
			scoped_free char *own = name_of(&r);
			Dwarf_Die found;

			if (own) {
				free(owner);
				owner = take(own);
				path.n = 0;
			}
			if (!member_around(&r.die, &offset, &found))
				break;
			named = dwarf_diename(&found);
			if (named)
				str_add(&path, "%s%s", path.n ? "." : "", named);
			r = resolve(&found);
		} else if (r.tag == DW_TAG_array_type) {
			uint64_t size = size_of_element(&r.die);

			if (!size)
				break;
			offset %= size;
			r = resolve(&r.die);
		} else {
			break;
		}
	}
	/* Any other than a whole scalar: the type does not fit what lies there. */
	bool fits = offset == 0 && r.tag != DW_TAG_structure_type && owner && path.n;

	*name = index_add_string(b, fits ? owner : "");
	*member = index_add_string(b, fits ? path.s : "");
}

void types_member(struct index_builder *b, struct map *memo, Dwarf_Die *type, uint64_t offset,
		  uint32_t *name, uint32_t *member)
{
	uint64_t key[2] = { dwarf_dieoffset(type), offset };
	void **slot = map_slot_u64(memo, hash_bytes(key, sizeof(key), 0));

	if (!*slot) {
		find_member(b, type, offset, name, member);
		*slot = (void *)((uintptr_t)*name << 32 | *member | (uintptr_t)1 << 63);
	}
	*name = (uintptr_t)*slot >> 32 & INT32_MAX;
	*member = (uint32_t)(uintptr_t)*slot;
}
