// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/print.h"

#include <string.h>

#include "base/cleanup.h"

enum { LINE_WIDTH = 96 };

void print_tokens(const struct tu *tu, uint32_t first, uint32_t end, struct str *out)
{
	uint32_t behind = 0;

	for (uint32_t i = first; i < end; i++) {
		const struct token *t = tu_token(tu, i);
		uint32_t n = tu_token_length(tu, i);

		if (i > first && t->at != behind)
			str_add(out, memchr(tu->text + behind, '\n', t->at - behind) ? "\n" : " ");
		str_add_bytes(out, tu->text + t->at, n);
		behind = t->at + n;
	}
}

/* ---- attributes ---- */

/* Attributes that say something about uses of a function or variable rather than about its
 * definition; the others are left out of declarations. */
static const char *const kept_attributes[] = {
	"noreturn",
	"aligned",
	"packed",
	"format",
	"const",
	"pure",
	"malloc",
	"regparm",
	"mode",
	"warn_unused_result",
	"may_alias",
	"nonnull",
	"returns_nonnull",
	"cdecl",
	"alloc_size",
	"transparent_union",
	"address_space",
	"vector_size",
	"error",
	"warning",
};

static bool is_kept(const struct tu *tu, uint32_t i)
{
	const char *p = tu->text + tu_token(tu, i)->at;
	size_t n = tu_token_length(tu, i);

	if (n > 4 && memcmp(p, "__", 2) == 0 && memcmp(p + n - 2, "__", 2) == 0) {
		p += 2;
		n -= 4;
	}
	for (size_t k = 0; k < ARRAY_SIZE(kept_attributes); k++)
		if (strlen(kept_attributes[k]) == n && memcmp(kept_attributes[k], p, n) == 0)
			return true;
	return false;
}

/* Does a declaration keep this __attribute__((...))? Only when all of its words are kept ones. */
static bool keeps_attribute(const struct tu *tu, uint32_t i)
{
	uint32_t end = tu_skip_group(tu, i + 1);

	if (!tu_is_punct(tu, i + 1, '(') || !tu_is_punct(tu, i + 2, '('))
		return true; /* _Alignas(...) */
	for (i += 3; i < end - 2; i = tu_opens(tu, i) ? tu_skip_group(tu, i) : i + 1)
		if (tu_token(tu, i)->kind == LEX_NAME && !is_kept(tu, i))
			return false;
	return true;
}

/* ---- one line, and its breaking ---- */

/* Appends the tokens as one line, without storage class words and dropped attributes; the token
 * `name` is written as `instead`. */
static void add_flat(const struct tu *tu, uint32_t first, uint32_t end, uint32_t name,
		     const char *instead, struct str *out)
{
	uint32_t behind = 0;

	for (uint32_t i = first; i < end; i++) {
		const struct token *t = tu_token(tu, i);
		enum word_class c = tu_class(tu, i);
		uint32_t n = tu_token_length(tu, i);

		if (c == WORD_EXTERN || c == WORD_STATIC || c == WORD_INLINE)
			continue;
		if (c == WORD_ATTRIBUTE && !keeps_attribute(tu, i)) {
			i = tu_skip_group(tu, i + 1) - 1;
			continue;
		}
		if (i > first && t->at != behind && out->n && out->s[out->n - 1] != ' ')
			str_add(out, " ");
		if (i == name)
			str_add(out, "%s", instead);
		else
			str_add_bytes(out, tu->text + t->at, n);
		behind = t->at + n;
	}
}

/* Appends a long declaration with line breaks behind commas. */
static void add_broken(const char *line, struct str *out)
{
	while (strlen(line) > LINE_WIDTH) {
		size_t n = LINE_WIDTH;

		while (n && !(line[n] == ' ' && line[n - 1] == ','))
			n--;
		if (!n)
			break;
		str_add_bytes(out, line, n);
		str_add(out, "\n\t\t");
		line += n + 1;
	}
	str_add(out, "%s", line);
}

/* ---- extern ---- */

/* The body of a tag is printed apart, where the tag has a name. */
static void add_specifiers(const struct tu *tu, const struct extern_parts *p, struct str *out)
{
	struct specifiers s;

	tu_read_specifiers(tu, p->first, p->specifiers, &s);
	if (s.tag && s.tag_body) {
		uint32_t behind = tu_skip_group(tu, s.tag_body);

		add_flat(tu, p->first, s.tag_body, 0, NULL, out);
		str_add(out, "%s", behind < p->specifiers ? " " : "");
		add_flat(tu, behind, p->specifiers, 0, NULL, out);
	} else {
		add_flat(tu, p->first, p->specifiers, 0, NULL, out);
	}
	if (out->n && out->s[out->n - 1] != ' ')
		str_add(out, " ");
}

/* Elements of an initialiser in braces: their number, or, if some are designated, a list from which
 * the compiler takes the number: "sizeof((char []){[A] = 0, 0, [B] = 0})". */
static void add_list_size(const struct tu *tu, uint32_t open, struct str *out)
{
	scoped_str struct str list = {0};
	uint32_t end = tu_token(tu, open)->name, n = 0;
	bool designated = false;

	for (uint32_t i = open + 1; i < end; n++) {
		str_add(&list, "%s", n ? ", " : "");
		if (tu_is_punct(tu, i, '[')) {
			designated = true;
			add_flat(tu, i, tu_skip_group(tu, i), 0, NULL, &list);
			str_add(&list, " = ");
		}
		str_add(&list, "0");
		i = tu_skip_initialiser(tu, i, end);
		i += i < end;
	}
	if (designated)
		str_add(out, "sizeof((char []){%s})", list.s);
	else if (n)
		str_add(out, "%u", n);
}

/* What stands between the brackets of "x[] = …". */
static void add_size(const struct tu *tu, uint32_t init, struct str *out)
{
	uint32_t i = init + 1;

	if (tu_is_punct(tu, i, '{') && tu_token(tu, i)->name) {
		add_list_size(tu, i, out);
	} else if (tu_token(tu, i)->kind == LEX_STRING) {
		str_add(out, "sizeof(");
		while (tu_token(tu, i + 1)->kind == LEX_STRING)
			i++;
		print_tokens(tu, init + 1, i + 1, out);
		str_add(out, ")");
	}
}

uint32_t print_open_size(const struct tu *tu, const struct extern_parts *p)
{
	uint32_t i = p->token + 1, init = p->end;

	while (tu_class(tu, init) == WORD_ATTRIBUTE)
		init = tu_skip_group(tu, init + 1);
	return tu_is_punct(tu, i, '[') && tu_is_punct(tu, i + 1, ']') && tu_is_punct(tu, init, '=')
		       ? init
		       : 0;
}

static void add_declarator(const struct tu *tu, const struct extern_parts *p, const char *name,
			   struct str *out)
{
	uint32_t init = print_open_size(tu, p), size = p->token + 1;

	if (!init) {
		add_flat(tu, p->start, p->end, p->token, name, out);
		return;
	}
	add_flat(tu, p->start, size + 1, p->token, name, out);
	add_size(tu, init, out);
	add_flat(tu, size + 1, p->end, 0, NULL, out);
}

struct extern_parts extern_parts(const struct tu *tu, const struct declared *d)
{
	const struct declaration *from = &tu->declarations.at[d->declaration];

	return (struct extern_parts) {.first = from->first,
				      .specifiers = from->specifiers,
				      .token = d->token,
				      .start = d->start,
				      .end = d->end};
}

void print_declarator(const struct tu *tu, const struct extern_parts *p, const char *name,
		      const char *link_name, struct str *out)
{
	scoped_free char *same = name_string(&tu->names, tu_token(tu, p->token)->name);

	add_specifiers(tu, p, out);
	add_declarator(tu, p, name ? name : same, out);
	if (link_name)
		str_add(out, " __asm__(\"%s\")", link_name);
	for (uint32_t i = p->end; tu_class(tu, i) == WORD_ATTRIBUTE; i = tu_skip_group(tu, i + 1))
		if (keeps_attribute(tu, i)) {
			str_add(out, " ");
			add_flat(tu, i, tu_skip_group(tu, i + 1), 0, NULL, out);
		}
	str_add(out, ";");
}

void print_declaration(const struct tu *tu, const struct extern_parts *p, const char *before,
		       const char *name, const char *link_name, struct str *out)
{
	scoped_str struct str line = {0};

	str_add(&line, "%s", before);
	print_declarator(tu, p, name, link_name, &line);
	add_broken(line.s, out);
	str_add(out, "\n");
}
