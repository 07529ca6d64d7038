// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaced functions: where their new name can be put, in the text or in the argument of a macro. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"

static const char *replaced_name(struct linkage *l, const char *name)
{
	if (!l->fate.new_name)
		l->fate.new_name = xasprintf("livepatch_%s", name);
	if (!l->new_name)
		l->new_name = xstrdup(l->fate.new_name);
	return l->new_name;
}

/* Number of words before the '{' of the text's function. */
static size_t head_words(const struct lexeme_vec *words)
{
	int depth = 0;
	size_t i = 0;

	for (; i < words->n; i++) {
		depth += raw_is_punct(&words->at[i], '(') - raw_is_punct(&words->at[i], ')');
		if (raw_is_punct(&words->at[i], '{') && depth <= 0)
			break;
	}
	return i;
}

/*
 * A macro makes the name from its first argument, SYSCALL_DEFINE1(foo, ...): the argument if
 * renaming it renames the function; else nothing.
 */
static struct lexeme pasted_argument(const struct tu_file *f, const struct lexeme_vec *words,
				     const char *name)
{
	for (size_t i = 0; i + 2 < words->n && !raw_is_punct(&words->at[i], '{'); i++) {
		const struct lexeme *l = &words->at[i + 2];

		if (words->at[i].kind != LEX_NAME || !raw_is_punct(&words->at[i + 1], '(') ||
		    l->kind != LEX_NAME || !memmem(name, strlen(name), f->text + l->at, l->length))
			continue;
		return *l;
	}
	return (struct lexeme) {0};
}

/* The name with the argument in it renamed: prefix before the last place where it stands. */
static char *pasted_name(const char *name, const char *part, const char *wish, const char *of)
{
	const char *hit = NULL;
	size_t extra = ends_with(wish, of) ? strlen(wish) - strlen(of) : 0;

	for (const char *p = name; (p = strstr(p, part)); p++)
		if (strlen(p) == strlen(part) || !hit)
			hit = p;
	if (!hit)
		return NULL;
	return xasprintf("%.*s%.*s%s", (int)(hit - name), name, (int)(extra ? extra : 10),
			 extra ? wish : "livepatch_", hit);
}

/* All functions of the macro's text are renamed with it. */
static void rename_siblings(struct closure *c, const struct piece *p, const char *wish,
			    const char *of)
{
	const struct tu_file *f = tu_file_text(c->tu, p->chunk.file);
	scoped_free char *part = xstrndup(f->text + p->pasted.at, p->pasted.length);

	for (uint32_t i = p->chunk.first; i <= p->chunk.last; i++) {
		const struct declaration *d = &c->tu->declarations.at[i];

		for (uint32_t k = d->names; k < d->names + d->n_names; k++) {
			const struct declared *n = &c->tu->declared.at[k];
			scoped_free char *name = name_string(&c->tu->names, n->name);
			char *renamed = n->kind <= DECLARED_VARIABLE
						? pasted_name(name, part, wish, of)
						: NULL;
			struct linkage *l = renamed ? closure_linkage_for(c, n->name) : NULL;

			if (!renamed)
				continue;
			free(l->new_name);
			l->new_name = renamed;
			l->written = true;
		}
	}
}

/* Metadata that a macro makes beside functions: SYSCALL_METADATA() is left empty. */
static bool is_variable(const struct closure *c, uint32_t declaration)
{
	const struct declared *d = closure_owner(c, declaration);

	return d && d->kind == DECLARED_VARIABLE;
}

static bool declares(const struct closure *c, const struct chunk *chunk, uint32_t name)
{
	for (uint32_t i = c->tu->declarations.at[chunk->first].names;
	     i < c->tu->declarations.at[chunk->last].names + c->tu->declarations.at[chunk->last].n_names; i++)
		if (c->tu->declared.at[i].name == name)
			return true;
	return false;
}

/*
 * Does the macro make other names of its argument than those that it defines (EFI_FIELD(name), a call of
 * x_##name())? Renaming the argument would change these.
 */
static bool makes_more(const struct closure *c, const struct tu_file *f, const struct piece *p,
		       const struct lexeme_vec *words)
{
	const char *part = f->text + p->pasted.at;

	for (uint32_t i = c->tu->declarations.at[p->chunk.first].first;
	     i <= c->tu->declarations.at[p->chunk.last].last; i++) {
		uint32_t name = tu_token(c->tu, i)->name;
		bool written = false;

		if (!tu_is_plain_name(c->tu, i) ||
		    !memmem(c->tu->text + tu_token(c->tu, i)->at, tu_token_length(c->tu, i), part,
			    p->pasted.length) || declares(c, &p->chunk, name))
			continue;
		for (size_t k = 0; k < words->n && !written; k++)
			written = words->at[k].kind == LEX_NAME && words->at[k].at != p->pasted.at &&
				  name_find(&c->tu->names, f->text + words->at[k].at,
					    words->at[k].length) == name;
		if (!written)
			return true;
	}
	return false;
}

/* The text of a replaced function: as it was written if the new name can be put there. */
void closure_replace(struct closure *c, uint32_t number, uint32_t by)
{
	struct linkage *l = &c->linkages.at[number];
	uint32_t declaration = closure_declared(c, l->definition)->declaration;
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	scoped_free char *name = name_string(&c->tu->names, l->name);
	struct piece p = {.kind = PIECE_FUNCTION,
			  .number = declaration,
			  .linkage = number + 1,
			  .chunk = closure_chunk(c, declaration)};

	l->written = true;
	replaced_name(l, name);
	bool own_name = false;

	if (p.chunk.file) {
		const struct tu_file *f = tu_file_text(c->tu, p.chunk.file);

		raw_live_words(c->tu, &p.chunk, &words);
		own_name = p.chunk.first == p.chunk.last &&
			   raw_has_word(f, &words, head_words(&words), name);
		if (!own_name)
			p.pasted = pasted_argument(f, &words, name);
		/* The livepatch's tables name the copy: a macro that makes it static cannot stay. */
		if (p.pasted.length && (c->tu->declarations.at[declaration].is_static ||
					makes_more(c, f, &p, &words)))
			p.pasted.length = 0;
	}
	if (!own_name && !p.pasted.length) {
		p.kind = PIECE_EXPANDED;
		p.chunk = (struct chunk) {.first = declaration, .last = declaration};
	}
	p.position = c->tu->declarations.at[p.chunk.first].first;
	if (p.pasted.length) {
		scoped_free char *wish = xstrdup(l->fate.new_name);

		rename_siblings(c, &p, wish, name);
	}
	piece_vec_push(&c->pieces, p);
	for (uint32_t i = p.chunk.first; i <= p.chunk.last; i++)
		if (i == declaration || !is_variable(c, i))
			closure_push_work(c, i, c->tu->declarations.at[i].last, READ_WRITTEN, by);
	if (p.chunk.file)
		closure_use_words(c, &p.chunk, p.position, by);
}
