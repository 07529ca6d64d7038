// SPDX-License-Identifier: GPL-2.0-or-later
/* The three text formats of symbol lists. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "convert/symbols.h"

static const char our_magic[] = "suture-symbols ", klp_magic[] = "klp-convert-symbol-data.0.1";

struct reader {
	struct symlist *list;
	const char *name;
	char *next; /* rest of the text */
	size_t line;
	uint32_t object; /* UINT32_MAX: none yet */
};

static struct error *malformed(const struct reader *r, const char *what)
{
	return error_hint(error_new("K10", "%s:%zu: %s", r->name, r->line, what),
			  "make one with 'suture target symbols -o FILE', or give a System.map");
}

static char *next_line(struct reader *r)
{
	char *line = r->next, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	r->next = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	if (end > line && end[-1] == '\r')
		end[-1] = 0;
	r->line++;
	return line;
}

/* Cuts off the first word; *rest is what follows, NULL at the end. */
static char *cut_word(char **rest)
{
	char *word = *rest, *end;

	while (word && (*word == ' ' || *word == '\t'))
		word++;
	if (!word || !*word)
		return NULL;
	end = word;
	while (*end && *end != ' ' && *end != '\t')
		end++;
	*rest = *end ? end + 1 : NULL;
	*end = 0;
	return word;
}

static bool read_hex(const char *text, uint64_t *value)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; text[n]; n++) {
		char c = text[n] | 0x20;
		unsigned int digit = c >= '0' && c <= '9'   ? c - '0'
				     : c >= 'a' && c <= 'f' ? c - 'a' + 10
							    : 16;

		if (digit > 15 || n == 16)
			return false;
		v = v << 4 | digit;
	}
	*value = v;
	return n > 0;
}

static bool object_name_is_fine(const char *name)
{
	return *name && strlen(name) <= 55 && !strpbrk(name, "./,\"\\ \t");
}

static struct error *begin_object(struct reader *r, const char *name)
{
	if (!object_name_is_fine(name))
		return malformed(r, "not the name of a kernel object");
	r->object = symlist_add_object(r->list, name);
	return NULL;
}

/* "[SECTION+]HEX", or "?" for a place that nobody knows. */
static struct error *read_place(struct reader *r, struct sym_entry *e, char *word)
{
	struct sym_place place = { 0 };
	char *plus = strrchr(word, '+'), *number = plus ? plus + 1 : word;

	if (plus == word)
		return malformed(r, "a place without a section's name");
	if (plus) {
		*plus = 0;
		place.section = word;
	}
	place.known = !streq(number, "?");
	if (place.known && !read_hex(number, &place.value))
		return malformed(r, "a place is no hexadecimal number");
	symlist_add_place(r->list, e, place);
	return NULL;
}

static struct error *read_our_line(struct reader *r, char *line)
{
	if (*line == '*')
		return begin_object(r, line + 1);
	if ((*line != '-' && *line != 'E') || line[1] != ' ')
		return malformed(r, "not a line of a symbol list");
	char *rest = line + 2, *name = cut_word(&rest);

	if (!name || r->object == UINT32_MAX)
		return malformed(r, name ? "a symbol before the first object" : "no name");
	struct sym_entry *e = symlist_add(r->list, r->object, name);

	e->exported |= *line == 'E';
	for (char *word; (word = cut_word(&rest));)
		TRY(read_place(r, e, word));
	return NULL;
}

static struct error *read_ours(struct reader *r, const char *header)
{
	const char *version = header + strlen(our_magic);

	if (strncmp(version, "1 ", 2))
		return error_hint(error_new("K10",
					    "%s: symbol list of version %.*s; this program "
					    "knows 1",
					    r->name, (int)strcspn(version, " "), version),
				  "make it anew with 'suture target symbols -o FILE'");
	const char *target = version + 2;
	size_t n = strcspn(target, " ");

	r->list->target = streq(target, "-") ? NULL : xstrndup(target, n);
	if (target[n] && target[n + 1])
		r->list->release = xstrdup(target + n + 1);
	for (char *line; (line = next_line(r));)
		if (*line)
			TRY(read_our_line(r, line));
	return NULL;
}

/*
 * klp-convert's list has names only, and those of modules are of all symbols, undefined ones too.
 * What modules refer to is exported by someone, and exports are recognised by their helper symbols.
 */
static struct error *read_klp_line(struct reader *r, char *line)
{
	static const char *const markers[] = {"__ksymtab_", "__export_symbol_"};

	if (*line == '*')
		return begin_object(r, line + 1);
	if (r->object == UINT32_MAX)
		return malformed(r, "a symbol before the first object");
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++) {
		if (!starts_with(line, markers[i]))
			continue;
		symlist_add(r->list, r->object, line + strlen(markers[i]))->exported = true;
		return NULL;
	}
	if (!symlist_leaves_out(line))
		symlist_add_place(r->list, symlist_add(r->list, r->object, line),
				  (struct sym_place) {0});
	return NULL;
}

static struct error *read_klp(struct reader *r)
{
	for (char *line; (line = next_line(r));)
		if (*line)
			TRY(read_klp_line(r, line));
	return NULL;
}

/* ---- System.map, nm ---- */

struct map_line {
	const char *name;
	uint64_t value;
	size_t line;
};
DEFINE_VEC(map_line_vec, struct map_line)

static int by_address(const void *a, const void *b)
{
	const struct map_line *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->line < y->line ? -1 : 1;
}

/* "ADDRESS TYPE NAME"; undefined and debugging symbols are left out, as in scripts/mksysmap. */
static struct error *read_map_line(struct reader *r, char *line, struct map_line_vec *lines)
{
	char *rest = line, *address = cut_word(&rest), *type = cut_word(&rest),
	     *name = cut_word(&rest);
	uint64_t value;

	if (address && type && !name && strchr("Uwv", *address) && !address[1])
		return NULL;
	if (!name || cut_word(&rest) || strlen(type) != 1 || !read_hex(address, &value))
		return malformed(r, "not 'ADDRESS TYPE NAME'");
	if (strchr("aNUw", *type) || strchr(name, '*') == name)
		return NULL;
	map_line_vec_push(lines, (struct map_line) {name, value, r->line});
	return NULL;
}

static uint64_t value_of(const struct map_line_vec *lines, const char *name)
{
	for (size_t i = 0; i < lines->n; i++)
		if (streq(lines->at[i].name, name))
			return lines->at[i].value;
	return 0;
}

static void add_map_lines(struct reader *r, struct map_line_vec *lines)
{
	static const char prefix[] = "__ksymtab_";
	uint64_t init = value_of(lines, "__init_begin"), end = value_of(lines, "__init_end");

	if (lines->n)
		qsort(lines->at, lines->n, sizeof(*lines->at), by_address);
	for (size_t i = 0; i < lines->n; i++) {
		const struct map_line *m = &lines->at[i];
		bool gone = m->value >= init && m->value < end;

		if (starts_with(m->name, prefix))
			symlist_add(r->list, r->object, m->name + strlen(prefix))->exported = true;
		else if (!symlist_leaves_out(m->name))
			symlist_add_place(r->list, symlist_add(r->list, r->object, m->name),
					  (struct sym_place) {.value = m->value,
							      .known = true,
							      .section = gone ? ".init" : NULL});
	}
}

static struct error *read_map(struct reader *r, char *first)
{
	struct map_line_vec lines = { 0 };
	struct error *err = NULL;

	r->object = symlist_add_object(r->list, "vmlinux");
	for (char *line = first; line && !err; line = next_line(r))
		if (*line)
			err = read_map_line(r, line, &lines);
	if (!err && !lines.n)
		err = malformed(r, "no symbols");
	if (!err)
		add_map_lines(r, &lines);
	map_line_vec_free(&lines);
	return err;
}

/* ---- all of them ---- */

struct error *symlist_parse(const char *name, char *text, struct symlist *list)
{
	struct reader r = {.list = list, .name = name, .next = text, .object = UINT32_MAX};
	char *first;
	struct error *err;

	*list = (struct symlist) {.path = xstrdup(name)};
	first = next_line(&r);
	if (!first)
		err = malformed(&r, "empty");
	else if (starts_with(first, our_magic))
		err = read_ours(&r, first);
	else if (starts_with(first, klp_magic))
		err = read_klp(&r);
	else
		err = read_map(&r, first);
	if (!err && !list->objects.n)
		err = malformed(&r, "no kernel object in it");
	if (err)
		symlist_free(list);
	return err;
}

struct error *symlist_read(const char *path, struct symlist *list)
{
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	TRY(symlist_parse(path, text, list));
	list->text = take(text);
	return NULL;
}
