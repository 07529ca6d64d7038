// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions and variables with linkage: what the unit says about them, what becomes of them. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"
#include "extract/print.h"

static const struct declared *declared(const struct closure *c, uint32_t number_plus_1)
{
	return number_plus_1 ? &c->tu->declared.at[number_plus_1 - 1] : NULL;
}

static const struct declaration *declaration_of(const struct closure *c, uint32_t number_plus_1)
{
	return &c->tu->declarations.at[declared(c, number_plus_1)->declaration];
}

/* ---- what the unit says ---- */

/* Looks through all declarations of the name, the last one first. */
static void find_declarations(const struct closure *c, struct linkage *l)
{
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier) {
		const struct declared *d = &c->tu->declared.at[i - 1];
		const struct declaration *from = &c->tu->declarations.at[d->declaration];
		bool is_public = tu_name_is_shipped(c->tu, d->token);

		if (d->again || (d->kind != DECLARED_FUNCTION && d->kind != DECLARED_VARIABLE))
			continue;
		l->is_function = d->kind == DECLARED_FUNCTION;
		/* Of several definitions of a variable the one with an initialiser counts. */
		if (d->definition && (!l->definition || d->init))
			l->definition = i;
		if (is_public)
			l->in_header = i;
		else if (!d->definition && !from->is_static)
			l->prototype = i;
	}
}

/* Defined in a header that modules include, and as it is in the tree. */
static bool comes_with_header(const struct closure *c, const struct linkage *l)
{
	const struct declared *d = declared(c, l->definition);
	const struct tu_file *f = d ? &c->tu->files.at[tu_token(c->tu, d->token)->file] : NULL;

	if (!f || !f->is_public || !f->changed)
		return f && f->is_public;
	struct chunk chunk = chunk_of(c->tu, d->declaration);
	uint32_t start = tu_line_start(f, chunk.first_line), end = tu_line_start(f, chunk.last_line + 1);

	return chunk.file && tu_is_shipped(c->tu, chunk.file, f->text + start, end - start);
}

static bool is_static(const struct closure *c, const struct linkage *l)
{
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (c->tu->declarations.at[c->tu->declared.at[i - 1].declaration].is_static)
			return true;
	return false;
}

static bool is_inline(const struct closure *c, const struct linkage *l)
{
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (c->tu->declarations.at[c->tu->declared.at[i - 1].declaration].is_inline)
			return true;
	return false;
}

/* const as a whole: of pointers the last '*' decides. */
static bool is_const(const struct closure *c, const struct linkage *l)
{
	uint32_t number = l->definition ? l->definition : c->tu->ordinary_of[l->name];
	const struct declared *d = declared(c, number);
	bool constant = declaration_of(c, number)->is_const, pointer = false;

	for (uint32_t i = d->start; i < d->token; i++) {
		if (tu_is_punct(c->tu, i, '*')) {
			pointer = true;
			constant = false;
		}
		constant |= pointer && tu_class(c->tu, i) == WORD_CONST;
	}
	return constant;
}

void closure_ask_fate(struct closure *c, struct linkage *l, uint32_t by)
{
	scoped_free char *name = name_string(&c->tu->names, l->name);
	scoped_free char *asked_by = by ? name_string(&c->tu->names, by) : NULL;
	const struct declared *d = declared(c, l->definition);
	struct name_question q = {.name = name,
				  .is_function = l->is_function,
				  .is_static = is_static(c, l),
				  .is_inline = is_inline(c, l),
				  .defined = d != NULL,
				  .in_unit_file = d && tu_token(c->tu, d->token)->file ==
								c->tu->main_file,
				  .is_const = !l->is_function && is_const(c, l),
				  .asked_by = asked_by};

	c->request->fate_of(c->request->fate_arg, &q, &l->fate);
	if (!l->fate.reason)
		l->fate.reason = xstrdup("");
}

/* ---- what becomes of it ---- */

/* Up to its body or initialiser: what an extern declaration needs. */
static void read_head(struct closure *c, const struct declared *d, uint32_t by)
{
	const struct declaration *from = &c->tu->declarations.at[d->declaration];
	uint32_t last = from->body ? from->body - 1 : d->end - 1;

	closure_push_work(c, d->declaration, last, READ_WRITTEN, by);
	if (from->body)
		return;
	/* Designators of an array without a size are part of the declaration. */
	struct extern_parts parts = extern_parts(c->tu, d);
	uint32_t init = print_open_size(c->tu, &parts), end;

	if (!init || !tu_is_punct(c->tu, init + 1, '{'))
		return;
	end = tu_token(c->tu, init + 1)->name;
	for (uint32_t i = init + 2; i < end; i = tu_skip_initialiser(c->tu, i, end) + 1)
		if (tu_is_punct(c->tu, i, '['))
			closure_push_part(c, d->declaration, i, tu_skip_group(c->tu, i) - 1, by);
}

/* Its declaration is written, unless headers have one. */
static void need_declared(struct closure *c, struct linkage *l, uint32_t by)
{
	if (l->in_header)
		return;
	if (l->prototype)
		closure_need_declaration(c, declared(c, l->prototype)->declaration, by);
	else if (l->definition)
		read_head(c, declared(c, l->definition), by);
}

static void copy(struct closure *c, struct linkage *l, uint32_t by)
{
	if (!l->definition) {
		need_declared(c, l, by);
		return;
	}
	l->written = true;
	if (l->prototype && !l->in_header)
		closure_need_declaration(c, declared(c, l->prototype)->declaration, by);
	closure_need_declaration(c, declared(c, l->definition)->declaration, by);
}

static const char *replaced_name(struct linkage *l, const char *name)
{
	if (!l->fate.new_name)
		l->fate.new_name = xasprintf("livepatch_%s", name);
	if (!l->new_name)
		l->new_name = xstrdup(l->fate.new_name);
	return l->new_name;
}

static bool word_in(const struct tu_file *f, const struct lexeme_vec *words, size_t end,
		    const char *name)
{
	for (size_t i = 0; i < end; i++)
		if (words->at[i].kind == LEX_NAME && raw_is(f, &words->at[i], name))
			return true;
	return false;
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
	return (struct lexeme){0};
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

struct linkage *closure_linkage_for(struct closure *c, uint32_t name);

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

/* The text of a replaced function: as it was written if the new name can be put there. */
static void replace(struct closure *c, uint32_t number, uint32_t by)
{
	struct linkage *l = &c->linkages.at[number];
	uint32_t declaration = declared(c, l->definition)->declaration;
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	scoped_free char *name = name_string(&c->tu->names, l->name);
	struct piece p = {.kind = PIECE_FUNCTION,
			  .number = declaration,
			  .linkage = number + 1,
			  .chunk = chunk_of(c->tu, declaration)};

	l->written = true;
	replaced_name(l, name);
	bool own_name = false;

	if (p.chunk.file) {
		const struct tu_file *f = tu_file_text(c->tu, p.chunk.file);

		raw_words(c->tu, p.chunk.file, p.chunk.first_line, p.chunk.last_line, &words);
		own_name = p.chunk.first == p.chunk.last &&
			   word_in(f, &words, head_words(&words), name);
		if (!own_name)
			p.pasted = pasted_argument(f, &words, name);
	}
	if (!own_name && !p.pasted.length) {
		p.kind = PIECE_EXPANDED;
		p.chunk = (struct chunk){.first = declaration, .last = declaration};
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

static const char *const how_names[] = {
	[FATE_COPY] = "copied",
	[FATE_REPLACE] = "replaced",
	[FATE_PLAIN] = "declared, exported",
	[FATE_REFUSE] = "refused",
};

void closure_record(struct closure *c, const struct linkage *l, uint32_t by)
{
	const char *kind = l->is_function ? "function" : "variable";

	if (l->fate.fate == FATE_KLP)
		closure_decide(c, kind, l->name, by, l->fate.reason, "declared, klp %s:%s,%u",
			       l->fate.object, l->fate.symbol, l->fate.position);
	else
		closure_decide(c, kind, l->name, by, l->fate.reason, "%s", how_names[l->fate.fate]);
}

void closure_carry_out(struct closure *c, uint32_t number, uint32_t by)
{
	struct linkage *l = &c->linkages.at[number];

	switch (l->fate.fate) {
	case FATE_COPY: copy(c, l, by); break;
	case FATE_REPLACE:
		if (l->definition)
			replace(c, number, by);
		else
			need_declared(c, l, by);
		break;
	case FATE_PLAIN:
	case FATE_KLP:
	case FATE_REFUSE: need_declared(c, l, by); break;
	}
}

/* The entry of a name, made when missing: nothing is decided yet. */
struct linkage *closure_linkage_for(struct closure *c, uint32_t name)
{
	if (!c->linkage_of[name]) {
		struct linkage l = {.name = name, .first_use = UINT32_MAX};

		find_declarations(c, &l);
		linkage_vec_push(&c->linkages, l);
		c->linkage_of[name] = c->linkages.n;
	}
	return &c->linkages.at[c->linkage_of[name] - 1];
}

void closure_use_linkage(struct closure *c, const struct mention *m, uint32_t position, bool direct,
			 uint32_t by)
{
	static const char own_module[] = "__this_module"; /* see write.c */
	bool known = c->linkage_of[m->name];

	if (m->name == name_find(&c->tu->names, own_module, sizeof(own_module) - 1)) {
		c->uses_this_module |= direct;
		return;
	}
	struct linkage *l = closure_linkage_for(c, m->name);
	bool promoted = direct && !l->direct;
	uint32_t number = l - c->linkages.at;

	l->direct |= direct;
	l->pointer |= direct && !tu_is_punct(c->tu, m->token + 1, '(');
	if (direct && position < l->first_use)
		l->first_use = position;
	if ((known && !promoted) || l->written)
		return;
	if (direct && l->in_header)
		closure_use_header_token(c, declared(c, l->in_header)->token);
	if (comes_with_header(c, l)) {
		if (!known && l->is_function)
			closure_push_work(c, declared(c, l->definition)->declaration,
					  declaration_of(c, l->definition)->last, READ_FROM_HEADER,
					  by);
		return;
	}
	if (!l->fate.reason) {
		closure_ask_fate(c, l, by);
		l = &c->linkages.at[number];
		l->by = by;
	}
	if (!direct)
		return; /* what headers mention they declare */
	closure_record(c, l, by);
	closure_carry_out(c, number, by);
}

/* ---- when all uses are known ---- */

static uint32_t earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Where the declaration of something must stand that is defined later, or nowhere. */
static uint32_t place(const struct closure *c, const struct linkage *l)
{
	return earlier(declaration_of(c, l->definition)->first, l->first_use);
}

static void add_extern(struct closure *c, uint32_t number)
{
	const struct linkage *l = &c->linkages.at[number];

	piece_vec_push(&c->pieces, (struct piece){.position = place(c, l),
						  .kind = PIECE_EXTERN,
						  .number = l->definition - 1,
						  .linkage = number + 1});
}

static void declare_extern(struct closure *c, uint32_t number)
{
	const struct linkage *l = &c->linkages.at[number];

	if (!l->in_header && !l->prototype && l->definition)
		add_extern(c, number);
}

static bool prototype_written(const struct closure *c, const struct linkage *l)
{
	return l->prototype && c->written[declared(c, l->prototype)->declaration] & WRITTEN_TEXT;
}

static void declare_replaced(struct closure *c, uint32_t number)
{
	struct linkage *l = &c->linkages.at[number];
	scoped_free char *name = name_string(&c->tu->names, l->name);
	bool renamed_by_macro = l->fate.new_name && !streq(l->fate.new_name, l->new_name);

	if (l->fate.new_name)
		extract_replaced_vec_push(
			&c->result->replaced,
			(struct extract_replaced){.name = take(name),
						  .new_name = xstrdup(l->new_name)});
	/* A private prototype that is copied is renamed with it. */
	if (!renamed_by_macro && l->fate.new_name && !prototype_written(c, l))
		piece_vec_push(&c->pieces, (struct piece){.position = place(c, l),
							  .kind = PIECE_PROTOTYPE,
							  .number = l->definition - 1,
							  .linkage = number + 1});
	if (!l->pointer || !l->fate.new_name)
		return;
	if (!l->in_header) /* a prototype that is copied is the new one's */
		add_extern(c, number);
	read_head(c, declared(c, l->definition), 0);
}

/* A copied static function that is used before its definition: the unit declares it before. */
static void declare_copied(struct closure *c, uint32_t number)
{
	const struct linkage *l = &c->linkages.at[number];

	if (!l->definition || l->first_use >= declaration_of(c, l->definition)->first)
		return;
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (i != l->definition && !tu_name_is_shipped(c->tu, declared(c, i)->token))
			closure_need_declaration(c, declared(c, i)->declaration, l->by);
}

struct error *closure_finish_linkages(struct closure *c)
{
	for (uint32_t i = 0; i < c->linkages.n; i++) {
		const struct linkage *l = &c->linkages.at[i];

		if (l->new_name)
			declare_replaced(c, i);
		else if (l->direct && l->written)
			declare_copied(c, i);
		else if (l->direct && l->fate.reason)
			declare_extern(c, i);
	}
	return NULL;
}

/* ---- static variables of functions ---- */

/* Does the text have the word static where the expansion has it? */
static bool is_spelled_out(struct closure *c, const struct local_static *v)
{
	const struct token *t = tu_token(c->tu, v->first);
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	const struct tu_file *f = tu_file_text(c->tu, t->file);

	raw_words(c->tu, t->file, t->line, t->line, &words);
	return f->text && word_in(f, &words, words.n, "static");
}

void closure_use_statics(struct closure *c, uint32_t declaration, const struct scan *scan)
{
	uint32_t owner = closure_owner(c, declaration)->name;
	scoped_free char *function = name_string(&c->tu->names, owner);

	for (size_t i = 0; i < scan->statics.n; i++) {
		const struct local_static *v = &scan->statics.at[i];
		uint32_t number = tu_token(c->tu, v->token)->name;
		scoped_free char *name = name_string(&c->tu->names, number);
		struct static_use use = {.variable = *v, .declaration = declaration};
		struct name_question q = {.name = name,
					  .function = function,
					  .is_static = true,
					  .defined = true,
					  .in_unit_file = tu_token(c->tu, v->token)->file ==
							  c->tu->main_file,
					  .is_const = v->is_const,
					  .in_macro = !is_spelled_out(c, v),
					  .asked_by = function};

		c->request->fate_of(c->request->fate_arg, &q, &use.fate);
		if (use.fate.fate == FATE_KLP)
			use.link_name = use.fate.link_name
						? xstrdup(use.fate.link_name)
						: xasprintf("%s_static_%s", function, name);
		closure_decide(c, "static variable", number, owner,
			       use.fate.reason ? use.fate.reason : "", "%s",
			       use.fate.fate == FATE_KLP ? "declared, klp" : how_names[use.fate.fate]);
		static_use_vec_push(&c->statics, use);
	}
}
