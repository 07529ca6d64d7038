// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conditionals in copied text. No #if is evaluated: the branch that the compiler took is the one whose
 * lines have tokens. What it did not take, and the directives themselves, say nothing in a livepatch for
 * one kernel.
 */
#include <string.h>

#include "base/cleanup.h"
#include "extract/raw.h"

/* A conditional whose #endif has not come: lines of its #if, #else, ... */
struct open {
	uint32_t at[8];
	uint32_t n;
	int depth;    /* of parentheses where it begins */
	bool unknown; /* too many branches, or in the middle of parentheses: of a macro's arguments */
};
DEFINE_VEC(open_vec, struct open)

struct search {
	struct tu *tu;
	const struct tu_file *file;
	const struct chunk *chunk;
	struct lexeme_vec words;
	bool *has_token; /* per line of the chunk */
	struct open_vec open;
	struct u32_vec *dead;
};

static void mark_tokens(struct search *s)
{
	const struct chunk *c = s->chunk;
	uint32_t first = s->tu->declarations.at[c->first].first,
		 last = s->tu->declarations.at[c->last].last;

	for (uint32_t i = first; i <= last; i++) {
		const struct token *t = tu_token(s->tu, i);

		if (t->file == c->file && t->line >= c->first_line && t->line <= c->last_line)
			s->has_token[t->line - c->first_line] = true;
	}
}

static bool any_token(const struct search *s, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		if (s->has_token[i - s->chunk->first_line])
			return true;
	return false;
}

/* Has the text something that must show up as a token wherever the compiler sees it? */
static bool has_code(const struct search *s, uint32_t first, uint32_t last)
{
	int depth = 0;

	for (size_t i = 0; i < s->words.n; i++) {
		const struct lexeme *l = &s->words.at[i];

		if (l->line < first || l->line > last || l->kind != LEX_PUNCT)
			continue;
		depth += (l->punct == '(') - (l->punct == ')');
		if (depth <= 0 && l->punct && strchr(";,{}", l->punct))
			return true;
	}
	return false;
}

static void add_range(struct search *s, uint32_t first, uint32_t last)
{
	if (first > last)
		return;
	u32_vec_push(s->dead, first);
	u32_vec_push(s->dead, last);
}

/* Which branch was taken: one that has tokens, or none, if the others would have some. */
static void judge(struct search *s, const struct open *o, uint32_t endif)
{
	uint32_t taken = UINT32_MAX, n_taken = 0;
	bool code = true;

	for (uint32_t i = 0; i < o->n; i++) {
		uint32_t first = raw_directive_end(s->tu, s->chunk->file, o->at[i]) + 1,
			 last = (i + 1 < o->n ? o->at[i + 1] : endif) - 1;

		if (first <= last && any_token(s, first, last)) {
			taken = i;
			n_taken++;
		} else {
			code &= first <= last && has_code(s, first, last);
		}
	}
	if (o->unknown || n_taken > 1 || (!n_taken && !code))
		return;
	for (uint32_t i = 0; i < o->n; i++) {
		uint32_t end = raw_directive_end(s->tu, s->chunk->file, o->at[i]);

		add_range(s, o->at[i],
			  i == taken ? end : (i + 1 < o->n ? o->at[i + 1] : endif) - 1);
	}
	add_range(s, endif, endif);
}

static void branch(struct search *s, uint32_t line)
{
	struct open *o = s->open.n ? &s->open.at[s->open.n - 1] : NULL;

	if (!o)
		return;
	o->unknown |= o->n == ARRAY_SIZE(o->at);
	if (o->n < ARRAY_SIZE(o->at))
		o->at[o->n++] = line;
}

static void find(struct search *s)
{
	int depth = 0;

	for (size_t i = 0; i < s->words.n; i++) {
		const struct lexeme *l = &s->words.at[i];

		depth += raw_is_punct(l, '(') - raw_is_punct(l, ')');
		if (l->kind != LEX_DIRECTIVE)
			continue;
		switch (raw_conditional(s->file, l)) {
		case CONDITIONAL_IF:
			open_vec_push(&s->open, (struct open) {.depth = depth, .unknown = depth > 0});
			branch(s, l->line);
			break;
		case CONDITIONAL_ELSE:
			branch(s, l->line);
			if (s->open.n) /* branches open the same ones */
				depth = s->open.at[s->open.n - 1].depth;
			break;
		case CONDITIONAL_ENDIF:
			if (s->open.n) {
				struct open o = s->open.at[--s->open.n];

				judge(s, &o, l->line);
			}
			break;
		case CONDITIONAL_NONE:
			break;
		}
	}
}

static bool is_in(const struct u32_vec *ranges, uint32_t line)
{
	for (size_t i = 0; i + 1 < ranges->n; i += 2)
		if (line >= ranges->at[i] && line <= ranges->at[i + 1])
			return true;
	return false;
}

static bool is_blank(const struct tu_file *f, uint32_t line)
{
	uint32_t at = tu_line_start(f, line);

	return f->text[at + strspn(f->text + at, " \t")] == '\n';
}

static bool begins_with(const struct tu_file *f, uint32_t line, char c)
{
	uint32_t at = tu_line_start(f, line);

	return f->text[at + strspn(f->text + at, " \t")] == c;
}

static bool ends_block_head(const struct tu_file *f, uint32_t line)
{
	uint32_t end = tu_line_start(f, line + 1);

	return end > 1 && f->text[end - 2] == '{';
}

/* Ascending, joined, and with the blank lines that would stand doubled. */
static void tidy(const struct search *s, const struct u32_vec *ranges, struct u32_vec *dead)
{
	const struct chunk *c = s->chunk;

	for (uint32_t line = c->first_line; ranges->n && line <= c->last_line; line++) {
		uint32_t first = line;

		if (!is_in(ranges, line))
			continue;
		while (line < c->last_line && is_in(ranges, line + 1))
			line++;
		if (first > c->first_line && line < c->last_line && is_blank(s->file, line + 1) &&
		    (is_blank(s->file, first - 1) || ends_block_head(s->file, first - 1)))
			line++;
		else if (first > c->first_line && line < c->last_line &&
			 is_blank(s->file, first - 1) && begins_with(s->file, line + 1, '}') &&
			 (!dead->n || dead->at[dead->n - 1] < first - 1))
			first--;
		u32_vec_push(dead, first);
		u32_vec_push(dead, line);
	}
}

void raw_dead_lines(struct tu *tu, const struct chunk *c, struct u32_vec *dead)
{
	SCOPED(u32_vec_free) struct u32_vec ranges = {0};
	struct search s = {
		.tu = tu, .file = tu_file_text(tu, c->file), .chunk = c, .dead = &ranges};
	scoped_free bool *has_token = xcalloc(c->last_line - c->first_line + 1, sizeof(bool));

	if (!s.file->text)
		return;
	s.has_token = has_token;
	raw_words(tu, c->file, c->first_line, c->last_line, &s.words);
	mark_tokens(&s);
	find(&s);
	tidy(&s, &ranges, dead);
	lexeme_vec_free(&s.words);
	open_vec_free(&s.open);
}

void raw_live_words(struct tu *tu, const struct chunk *c, struct lexeme_vec *words)
{
	SCOPED(u32_vec_free) struct u32_vec dead = {0};
	size_t kept = 0;

	raw_words(tu, c->file, c->first_line, c->last_line, words);
	if (c->whole)
		return;
	raw_dead_lines(tu, c, &dead);
	for (size_t i = 0; i < words->n; i++)
		if (!is_in(&dead, words->at[i].line))
			words->at[kept++] = words->at[i];
	words->n = kept;
}
