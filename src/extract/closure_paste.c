// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that macros of private files paste from their arguments: CHECK(cap, pi_support) with
 * "cap##_##feature" means the macro cap_pi_support. Followed where arguments are single words.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"

enum { MOST_WORDS = 16, MOST_DEPTH = 6 };

/* Words by name: of a macro's parameters, or of a use's arguments (NULL: not one word). */
struct word_list {
	char *at[MOST_WORDS];
	size_t n;
};

static void word_list_free(struct word_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->at[i]);
}

/* The text of a macro's body, what its parameters are, and what stands for them. */
struct body {
	const char *text;
	struct lexeme_vec words;
	struct word_list parameters;
	const struct word_list *arguments;
};

static void body_free(struct body *b)
{
	lexeme_vec_free(&b->words);
	word_list_free(&b->parameters);
}

/* What a word of the body is for these arguments, the caller's; NULL: not known. */
static char *value_of(const struct body *b, const struct lexeme *l)
{
	char *word = xstrndup(b->text + l->at, l->length);

	for (size_t i = 0; i < b->parameters.n; i++) {
		if (!b->parameters.at[i] || !streq(word, b->parameters.at[i])) /* NULL: "..." */
			continue;
		free(word);
		return i < b->arguments->n ? xstrdup(b->arguments->at[i]) : NULL;
	}
	return word;
}

/* The words in the brackets that open at i, as parameters or arguments; returns the place behind them. */
static size_t read_list(const struct body *b, size_t i, struct word_list *list)
{
	size_t depth = 0, first = ++i;

	for (; i < b->words.n; i++) {
		const struct lexeme *l = &b->words.at[i];
		bool closes = l->kind == LEX_PUNCT && l->punct && strchr(")]}", l->punct);

		if (!depth && (raw_is_punct(l, ',') || closes)) {
			bool one = i == first + 1 && b->words.at[first].kind == LEX_NAME;

			if (list->n < MOST_WORDS)
				list->at[list->n++] = one ? value_of(b, &b->words.at[first]) : NULL;
			first = i + 1;
			if (closes)
				return i + 1;
		}
		depth += l->kind == LEX_PUNCT && l->punct && strchr("([{", l->punct);
		depth -= depth && closes;
	}
	return i;
}

static bool is_joined(const struct body *b, size_t i)
{
	const struct lexeme *l = &b->words.at[i];
	const char *p = b->text + l->at + l->length;

	p += strspn(p, " \t");
	return i + 1 < b->words.n && p[0] == '#' && p[1] == '#';
}

static void follow(struct closure *c, const struct macro *m, const struct word_list *arguments,
		   uint32_t position, unsigned int depth);

/* A name that stands in a body or was pasted there, with what follows it. */
static void use_name(struct closure *c, const struct body *b, const char *name, size_t next, bool pasted,
		     uint32_t position, uint32_t by, unsigned int depth)
{
	uint32_t number = name_find(&c->tu->names, name, strlen(name));
	const struct macro *m = number ? tu_macro_at(c->tu, number, position) : NULL;
	SCOPED(word_list_free) struct word_list arguments = {0};

	if (!m)
		return;
	if (pasted)
		closure_use_macro(c, number, position, by);
	if (next >= b->words.n || !raw_is_punct(&b->words.at[next], '('))
		return;
	read_list(b, next, &arguments);
	follow(c, m, &arguments, position, depth + 1);
}

/* The value of the words from i that ## joins, NULL: not known; *end: the word behind them. */
static char *joined(const struct body *b, size_t i, size_t *end)
{
	scoped_str struct str out = {0};
	bool known = true;

	for (bool more = true; more && i < b->words.n; i++) {
		scoped_free char *value = value_of(b, &b->words.at[i]);

		known &= value != NULL;
		str_add(&out, "%s", value ? value : "");
		more = is_joined(b, i);
		while (more && i + 1 < b->words.n && raw_is_punct(&b->words.at[i + 1], '#'))
			i++;
	}
	*end = i;
	return known ? take(out.s) : NULL;
}

static void follow(struct closure *c, const struct macro *m, const struct word_list *arguments,
		   uint32_t position, unsigned int depth)
{
	SCOPED(body_free) struct body b = {.text = c->tu->text, .arguments = arguments};

	if (depth > MOST_DEPTH || !m->length || c->tu->text[m->at] != '(' ||
	    closure_macro_is_shipped(c, m))
		return;
	struct lexer lx = lexer_at(c->tu->text, m->at + m->length, m->at, 1);

	lx.line_start = false;
	for (struct lexeme l = lex(&lx); l.kind != LEX_END; l = lex(&lx))
		lexeme_vec_push(&b.words, l);
	struct word_list parameters = {0};
	size_t i = read_list(&b, 0, &parameters);

	b.parameters = parameters;
	while (i < b.words.n) {
		bool pasted = is_joined(&b, i), is_name = b.words.at[i].kind == LEX_NAME;
		size_t end = i + 1;
		scoped_free char *name = is_name ? joined(&b, i, &end) : NULL;

		if (name)
			use_name(c, &b, name, end, pasted, position, m->name, depth);
		i = end;
	}
}

void closure_use_pasted(struct closure *c, const struct tu_file *f, const struct lexeme_vec *words,
			size_t i, uint32_t position)
{
	const struct body use = {.text = f->text, .words = *words};
	scoped_free char *name = xstrndup(f->text + words->at[i].at, words->at[i].length);

	use_name(c, &use, name, i + 1, false, position, 0, 0);
}
