// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/folded.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

static bool is_only_here(const struct entity *e)
{
	return e && e->kind == ENTITY_DATA && !e->twin && !e->ambiguous && e->symbol &&
	       e->symbol->bind == STB_LOCAL;
}

/* Is the field at this offset the memory operand that an instruction writes to? */
static bool is_store(struct entity *user, uint64_t offset)
{
	static const char *const readers[] = { "cmp", "test", "push", "call", "jmp", "bt ", "mul",
					       "imul", "div", "idiv", "prefetch", "xchg" };
	const struct insn_vec *code = entity_insns(user);
	char text[160];

	for (size_t i = 0; i < code->n; i++) {
		const struct insn *insn = &code->at[i];

		if (offset < insn->offset || offset >= insn->offset + insn->length)
			continue;
		if (!insn->disp_size || offset != insn->offset + insn->disp_at)
			return false;
		insn_format(user->section->data + user->start + insn->offset, insn->length, text,
			    sizeof(text));
		for (size_t k = 0; k < ARRAY_SIZE(readers); k++)
			if (starts_with(text, readers[k]))
				return false;
		return memchr(text, '[', strcspn(text, ",")) != NULL;
	}
	return false;
}

static void add_use(struct folded_use_vec *list, size_t first, struct entity *variable,
		    struct entity *user, bool stores)
{
	for (size_t i = first; i < list->n; i++) {
		struct folded_use *use = &list->at[i];

		if (use->variable != variable || use->user != user)
			continue;
		use->reads |= !stores;
		use->writes |= stores;
		return;
	}
	folded_use_vec_push(list, (struct folded_use){ variable, user, !stores, stores });
}

static bool differs(const struct entity *e)
{
	return e->change == CHANGED || (e->twin && e->twin->change == CHANGED);
}

void folded_uses(struct model *patched, struct folded_use_vec *list)
{
	*list = (struct folded_use_vec){ 0 };
	for (size_t i = 0; i < patched->entities.n; i++) {
		struct entity *e = patched->entities.at[i];
		struct entity *user = e->parent ? e->parent : e;
		size_t first = list->n;

		if (e->kind != ENTITY_FUNCTION || !user->twin || (!differs(e) && !differs(user)))
			continue;
		/* Parts of one function stand apart: look for its uses from the start. */
		first = e->parent ? 0 : first;
		const struct ref_site_vec *refs = entity_refs(patched, e);

		for (size_t k = 0; k < refs->n; k++) {
			const struct ref *r = &refs->at[k].ref;

			if (r->kind == REF_ENTITY && is_only_here(r->entity))
				add_use(list, first, r->entity, user,
					is_store(e, refs->at[k].offset));
		}
	}
}

/* From the end of what stands before to the name: "static", and no parameter list. */
static bool declares_static(const char *text, const char *name)
{
	const char *head = name;

	while (head > text && !strchr(";{}#/", head[-1]))
		head--;
	return str_find_word(head, "static", name - head) && !memchr(head, '(', name - head);
}

bool text_has_static(const char *text, const char *name)
{
	const char *end = text + strlen(text);

	for (const char *p = text; (p = str_find_word(p, name, end - p)); p++)
		if (declares_static(text, p))
			return true;
	return false;
}

/* Steps over what selects a part: "[i]", ".member", "->member". */
static const char *skip_selectors(const char *p)
{
	for (;;) {
		p += strspn(p, " \t");
		if (*p == '[')
			p += strcspn(p, "]\n;") + 1;
		else if (*p == '.' || starts_with(p, "->"))
			p += (*p == '.' ? 1 : 2) + strspn(p + (*p == '.' ? 1 : 2), WORD);
		else
			return p;
	}
}

static bool is_assignment(const char *p)
{
	static const char *const operators[] = { "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
						 "<<=", ">>=", "++", "--" };

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (starts_with(p, operators[i]))
			return true;
	return p[0] == '=' && p[1] != '=';
}

static bool is_stepped(const char *text, const char *p)
{
	return p - text >= 2 && ((p[-1] == '+' && p[-2] == '+') || (p[-1] == '-' && p[-2] == '-'));
}

bool text_assigns(const char *text, const char *name)
{
	const char *end = text + strlen(text);

	for (const char *p = text; (p = str_find_word(p, name, end - p)); p++) {
		const char *behind = skip_selectors(p + strlen(name));

		if (!declares_static(text, p) && (is_stepped(text, p) || is_assignment(behind)))
			return true;
	}
	return false;
}

char *folded_effect(const struct folded_use *use, const char *text)
{
	const char *name = use->variable->key;
	bool assigned = text_assigns(text, name);

	if (!text_has_static(text, name) || !(assigned ? use->writes : use->reads))
		return NULL;
	return assigned ?
		xasprintf("never-read static %s: nothing read it, and stores to it were left out", name) :
		xasprintf("never-written static %s: nothing wrote it, and its value was part of the "
			  "code", name);
}

static void add_reason(struct entity *e, const char *effect)
{
	char *why = xasprintf("%s; %s", effect, e->why ? e->why : "changed");

	free(e->why);
	e->why = why;
}

void folded_explain(struct model *patched, const char *text)
{
	SCOPED(folded_use_vec_free) struct folded_use_vec list = { 0 };

	folded_uses(patched, &list);
	for (size_t i = 0; i < list.n; i++) {
		scoped_free char *effect = folded_effect(&list.at[i], text);

		if (!effect)
			continue;
		add_reason(list.at[i].user, effect);
		add_reason(list.at[i].user->twin, effect);
	}
}
