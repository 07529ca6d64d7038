// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/code.h"

#include <dwarf.h>
#include <gelf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "object/debug.h"

enum { MAX_DEPTH = 1000 };

/* --- symbols --- */

static int by_address(const void *a, const void *b)
{
	const struct code_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->size > y->size ? -1 : x->size < y->size;
}

/* "f.cold" and "f.cold.7" belong to f. */
static char *without_cold(const char *name)
{
	const char *cold = strstr(name, ".cold");

	return cold && (!cold[5] || cold[5] == '.') ? xstrndup(name, cold - name) : NULL;
}

static void find_bases(struct code *c)
{
	struct map by_name = {0};

	for (size_t i = 0; i < c->symbols.n; i++)
		map_put(&by_name, c->symbols.at[i].name, (void *)(uintptr_t)(i + 1));
	for (size_t i = 0; i < c->symbols.n; i++) {
		scoped_free char *name = without_cold(c->symbols.at[i].name);
		uintptr_t base = name ? (uintptr_t)map_get(&by_name, name) : 0;

		c->symbols.at[i].base = base ? base - 1 : i;
	}
	map_free(&by_name);
}

static void read_symbols(struct code *c, Dwfl_Module *mod)
{
	int n = dwfl_module_getsymtab(mod);

	for (int i = 1; i < n; i++) {
		GElf_Sym sym;
		GElf_Addr address;
		const char *name =
			dwfl_module_getsym_info(mod, i, &sym, &address, NULL, NULL, NULL);

		if (name && GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_size)
			code_symbol_vec_push(&c->symbols, (struct code_symbol) {.address = address,
										.size = sym.st_size,
										.name = name});
	}
	if (c->symbols.n)
		qsort(c->symbols.at, c->symbols.n, sizeof(*c->symbols.at), by_address);
	find_bases(c);
}

/* Index + 1 of the first symbol that covers the address, the function of a .cold part; 0: none. */
static size_t symbol_at(const struct code *c, uint64_t address)
{
	size_t low = 0, high = c->symbols.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (c->symbols.at[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return 0;
	const struct code_symbol *s = &c->symbols.at[low - 1];

	while (s > c->symbols.at && s[-1].address == s->address)
		s--;
	return address - s->address < s->size ? s->base + 1 : 0;
}

/* --- files --- */

/* Is `name` the file `path` of the source tree, wherever that lies? */
static bool names_file(const char *name, const char *path)
{
	size_t n = strlen(name), m = strlen(path);

	return n >= m && streq(name + n - m, path) && (n == m || name[n - m - 1] == '/');
}

/* Index in files, or -1. Names are looked at once: libdw hands out the same string each time. */
static long file_index(struct code *c, const char *name)
{
	if (!name)
		return -1;
	void **slot = map_slot_u64(&c->file_of, (uintptr_t)name);

	if (!*slot) {
		long found = -1;

		for (size_t i = 0; found < 0 && i < c->files->n; i++)
			if (names_file(name, c->files->at[i].path))
				found = i + 1;
		*slot = (void *)found;
	}
	return (long)*slot < 0 ? -1 : (long)*slot - 1;
}

/* --- lines --- */

static bool first_time(struct code *c, uint64_t a, uint64_t b, uint64_t d)
{
	uint64_t key = a << 40 ^ b << 22 ^ d;

	if (map_has_u64(&c->seen, key))
		return false;
	map_put_u64(&c->seen, key, (void *)1);
	return true;
}

static void add_row(struct code *c, long file, int line, Dwarf_Addr address)
{
	const struct code_file *f = &c->files->at[file];

	if (line <= 0 || (size_t)line >= f->n)
		return;
	f->has_code[line] = true;
	if (!f->touched[line])
		return;
	size_t symbol = symbol_at(c, address);

	if (symbol && first_time(c, symbol, file, line))
		code_row_vec_push(&c->rows, (struct code_row) {symbol - 1, file, line});
}

static struct error *read_lines(struct code *c, Dwarf_Die *cu)
{
	Dwarf_Lines *lines;
	size_t n;

	if (!dwarf_hasattr(cu, DW_AT_stmt_list))
		return NULL;
	if (dwarf_getsrclines(cu, &lines, &n))
		return error_new("D2", "%s: line table: %s", c->path, dwarf_errmsg(-1));
	for (size_t i = 0; i < n; i++) {
		Dwarf_Line *row = dwarf_onesrcline(lines, i);
		long file = file_index(c, dwarf_linesrc(row, NULL, NULL));
		Dwarf_Addr address;
		bool end = false;
		int line;

		if (file < 0 || dwarf_lineendsequence(row, &end) || end ||
		    dwarf_lineno(row, &line) || dwarf_lineaddr(row, &address))
			continue;
		add_row(c, file, line, address);
	}
	return NULL;
}

/* --- functions --- */

/* The abstract instance of a concrete or inlined one, or the DIE itself. */
static Dwarf_Die origin_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die origin = *die, next;

	for (unsigned int i = 0; i < 4; i++) {
		if (!dwarf_attr(&origin, DW_AT_abstract_origin, &attr) ||
		    !dwarf_formref_die(&attr, &next))
			break;
		origin = next;
	}
	return origin;
}

/* Index of the function in functions, or -1 when no file of interest declares it. */
static long function_index(struct code *c, Dwarf_Die *die)
{
	Dwarf_Die origin = origin_of(die);
	void **slot = map_slot_u64(&c->function_at, dwarf_dieoffset(&origin));

	if (!*slot) {
		long file = file_index(c, dwarf_decl_file(&origin));
		const char *name = dwarf_diename(&origin);
		int line = 0;

		*slot = (void *)-1L;
		if (file >= 0 && name && !dwarf_decl_line(&origin, &line) && line > 0) {
			code_function_vec_push(&c->functions,
					       (struct code_function) {name, file, line});
			*slot = (void *)(uintptr_t)c->functions.n;
		}
	}
	return (long)*slot < 0 ? -1 : (long)*slot - 1;
}

static void add_part(struct code *c, uint32_t symbol, Dwarf_Die *die, bool inlined)
{
	long function = function_index(c, die);

	/* Rows have a file where parts have this mark. */
	if (function >= 0 && first_time(c, symbol + 1, 0x3ffff - inlined, function))
		code_part_vec_push(&c->parts, (struct code_part) {symbol, function, inlined});
}

static struct error *walk_inlined(struct code *c, uint32_t symbol, Dwarf_Die *parent,
				  unsigned int depth)
{
	Dwarf_Die die;
	int more = dwarf_child(parent, &die);

	if (depth > MAX_DEPTH)
		return error_new("D2", "%s: debug entry 0x%llx: nested too deeply", c->path,
				 (unsigned long long)dwarf_dieoffset(parent));
	while (more == 0) {
		uint64_t here = dwarf_dieoffset(&die);
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine)
			add_part(c, symbol, &die, true);
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
			TRY(walk_inlined(c, symbol, &die, depth + 1));
		more = tag == DW_TAG_invalid ? -1 : dwarf_siblingof(&die, &die);
		if (more == 0 && dwarf_dieoffset(&die) <= here)
			more = -1;
	}
	return more < 0 ? error_new("D2", "%s: debug information is damaged", c->path) : NULL;
}

static struct error *read_function(struct code *c, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;

	if (dwarf_ranges(die, 0, &base, &start, &end) <= 0)
		return NULL;
	size_t symbol = symbol_at(c, start);

	if (!symbol)
		return NULL;
	add_part(c, symbol - 1, die, false);
	return walk_inlined(c, symbol - 1, die, 0);
}

static struct error *read_functions(struct code *c, Dwarf_Die *cu)
{
	Dwarf_Die die;
	int more = dwarf_child(cu, &die);

	while (more == 0) {
		uint64_t here = dwarf_dieoffset(&die);

		if (dwarf_tag(&die) == DW_TAG_subprogram)
			TRY(read_function(c, &die));
		more = dwarf_siblingof(&die, &die);
		if (more == 0 && dwarf_dieoffset(&die) <= here)
			more = -1;
	}
	return more < 0 ? error_new("D2", "%s: debug information is damaged", c->path) : NULL;
}

struct error *code_read(const char *path, const struct code_file_vec *files, struct code *c)
{
	Dwfl_Module *mod = NULL;
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int more = 1;

	*c = (struct code) {.path = path, .files = files};
	TRY(debug_open(c->path, &c->dwfl, &mod, &c->dwarf));
	read_symbols(c, mod);
	if (!c->dwarf)
		return NULL;
	while ((more = dwarf_get_units(c->dwarf, cu, &cu, NULL, NULL, &die, NULL)) == 0) {
		if (dwarf_tag(&die) != DW_TAG_compile_unit)
			continue;
		TRY(read_lines(c, &die));
		TRY(read_functions(c, &die));
	}
	return more < 0 ? error_new("D2", "%s: debug information: %s", path, dwarf_errmsg(-1))
			: NULL;
}

void code_free(struct code *c)
{
	code_symbol_vec_free(&c->symbols);
	code_function_vec_free(&c->functions);
	code_row_vec_free(&c->rows);
	code_part_vec_free(&c->parts);
	map_free(&c->file_of);
	map_free(&c->function_at);
	map_free(&c->seen);
	if (c->dwfl)
		dwfl_end(c->dwfl);
}
