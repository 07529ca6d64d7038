// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What holds at a pair of places: which registers and words of the frames have the same value, which a
 * constant, and which are the stack pointer and a constant. It only gets weaker.
 */
#include <string.h>

#include "base/cleanup.h"
#include "equiv/machine.h"

/* Pairs of halves: registers, then CF and ZF, SF and OF as numbers. */
enum { PAIRS = GHOSTS + FLAGS / 2, HALVES = 2 * PAIRS, WORDS = FRAME / 4, PLACES = HALVES + WORDS, ALL = 2 * PLACES };

struct where {
	enum { UNKNOWN, VALUE, STACK, PART_OF_STACK } kind;
	int64_t n; /* VALUE: number of the class; STACK: distance. The lower half, or word, has it. */
};

struct relation {
	struct where at[ALL];      /* halves of the registers, words of the frame; of side 0, then 1 */
	Z3_ast *constant;          /* by class; NULL: not a constant, or not the same one always */
	size_t classes, room;
	struct facts facts;
	bool kept[2][FRAME / 8], left[2][REGISTERS], shared;
};

/* The value of a register, or of a slot of the frame. */
static Z3_ast whole(struct solver *s, const struct machine *m, size_t pair)
{
	if (pair < GHOSTS)
		return m->reg[pair];
	return pair < PAIRS ? NULL : word_of(s, m, (pair - PAIRS) * 8, 8);
}

static Z3_ast half(struct solver *s, const struct machine *m, size_t place)
{
	if (place >= HALVES)
		return word_of(s, m, (place - HALVES) * 4, 4);
	if (place >= 2 * GHOSTS) {
		Z3_ast flag = m->flag[place - 2 * GHOSTS];

		return flag ? simple(s, Z3_mk_ite(s->z, flag, number(s, 32, 1), number(s, 32, 0))) : NULL;
	}
	Z3_ast all = m->reg[place / 2];

	return bits_of(s, all, place % 2 ? 63 : 31, place % 2 ? 32 : 0);
}

/* Values of all places, and where they are stack addresses. */
static void look(struct solver *s, struct machine *const m[2], Z3_ast value[ALL], struct where at[ALL])
{
	for (size_t i = 0; i < ALL; i += 2) {
		size_t place = i % PLACES;
		Z3_ast all = whole(s, m[i / PLACES], place / 2);
		int64_t offset;

		at[i] = at[i + 1] = (struct where){ UNKNOWN, 0 };
		value[i] = value[i + 1] = NULL;
		if (all && stack_offset(s, all, &offset)) {
			at[i] = (struct where){ STACK, offset };
			at[i + 1] = (struct where){ PART_OF_STACK, offset };
			continue;
		}
		for (size_t k = i; k < i + 2; k++) {
			Z3_ast a = half(s, m[i / PLACES], k % PLACES);

			if (!a || mentions_stack(s, a))
				continue;
			value[k] = a;
			at[k].kind = VALUE;
		}
	}
}

static size_t new_class(struct relation *rel, Z3_ast constant)
{
	if (rel->classes == rel->room) {
		rel->room = rel->room ? 2 * rel->room : 64;
		rel->constant = xreallocarray(rel->constant, rel->room, sizeof(*rel->constant));
	}
	rel->constant[rel->classes] = constant;
	return rel->classes++;
}

static bool is_number(struct solver *s, Z3_ast a)
{
	return Z3_get_ast_kind(s->z, a) == Z3_NUMERAL_AST;
}

/* The values in a case in which the premise holds; NULL: there is none, or nobody knows. */
static Z3_model a_case(struct solver *s, Z3_ast premise)
{
	Z3_model model = NULL;

	Z3_solver_push(s->z, s->solver);
	if (premise)
		Z3_solver_assert(s->z, s->solver, premise);
	if (Z3_solver_check(s->z, s->solver) == Z3_L_TRUE) {
		model = Z3_solver_get_model(s->z, s->solver);
		Z3_model_inc_ref(s->z, model);
	}
	Z3_solver_pop(s->z, s->solver, 1);
	return model;
}

/* What the values are in some case: those that differ there are not worth a question. */
static void fingerprints(struct solver *s, const Z3_ast value[ALL], Z3_ast print[ALL])
{
	Z3_model model = Z3_mk_model(s->z);
	struct map seen = { 0 };

	Z3_model_inc_ref(s->z, model);
	for (size_t i = 0; i < ALL; i++)
		if (value[i])
			any_values(s, value[i], 1, model, &seen);
	for (size_t i = 0; i < ALL; i++)
		if (!value[i] || !Z3_model_eval(s->z, model, value[i], true, &print[i]))
			print[i] = value[i];
	Z3_model_dec_ref(s->z, model);
	map_free(&seen);
}

static bool shares(struct solver *s, Z3_ast a, const struct map *variables, struct map *seen)
{
	uint64_t id = Z3_get_ast_id(s->z, a);

	if (Z3_get_ast_kind(s->z, a) != Z3_APP_AST || map_has_u64(seen, id))
		return false;
	map_put_u64(seen, id, seen);
	Z3_app app = Z3_to_app(s->z, a);
	unsigned int n = Z3_get_app_num_args(s->z, app);

	if (!n)
		return map_has_u64(variables, id);
	for (unsigned int i = 0; i < n; i++)
		if (shares(s, Z3_get_app_arg(s->z, app, i), variables, seen))
			return true;
	return false;
}

/* Which values does the premise say anything of? */
static void concerned(struct solver *s, Z3_ast premise, const Z3_ast value[ALL], bool is[ALL])
{
	Z3_model model = Z3_mk_model(s->z);
	struct map variables = { 0 };

	Z3_model_inc_ref(s->z, model);
	any_values(s, premise, 1, model, &variables);
	Z3_model_dec_ref(s->z, model);
	for (size_t i = 0; i < ALL; i++) {
		struct map seen = { 0 };

		is[i] = value[i] && shares(s, value[i], &variables, &seen);
		map_free(&seen);
	}
	map_free(&variables);
}

/* The value is the same as this in all cases; a constant is found by the case. */
static Z3_ast constant_of(struct solver *s, Z3_ast premise, Z3_model model, Z3_ast a)
{
	Z3_ast x;

	if (is_number(s, a))
		return a;
	if (!premise || !model || !Z3_model_eval(s->z, model, a, true, &x) || !is_number(s, x))
		return NULL;
	return always_equal(s, premise, a, x) ? x : NULL;
}

struct relation *relation_new(struct solver *s, Z3_ast premise, struct machine *const m[2], bool facts)
{
	struct relation *rel = xcalloc(1, sizeof(*rel));
	Z3_ast value[ALL], print[ALL], here[ALL] = { 0 };
	Z3_model model = premise ? a_case(s, premise) : NULL;
	bool about[ALL] = { 0 };

	look(s, m, value, rel->at);
	fingerprints(s, value, print);
	if (premise)
		concerned(s, premise, value, about);
	for (size_t i = 0; model && i < ALL; i++)
		if (about[i] && !Z3_model_eval(s->z, model, value[i], true, &here[i]))
			here[i] = NULL;
	for (size_t i = 0; i < ALL; i++) {
		bool found = false;

		for (size_t k = 0; rel->at[i].kind == VALUE && k < i && !found; k++) {
			found = rel->at[k].kind == VALUE && (value[k] == value[i] ||
				((print[k] == print[i] || (here[k] && here[k] == here[i])) &&
				 always_equal(s, premise, value[k], value[i])));
			if (found)
				rel->at[i].n = rel->at[k].n;
		}
		if (rel->at[i].kind == VALUE && !found)
			rel->at[i].n = new_class(rel, constant_of(s, about[i] ? premise : NULL, model, value[i]));
	}
	for (int side = 0; side < 2; side++) {
		memcpy(rel->kept[side], m[side]->kept, sizeof(m[side]->kept));
		for (unsigned int i = 0; i < REGISTERS; i++)
			rel->left[side][i] = is_left_behind(m[side], i);
	}
	rel->shared = m[0]->shared;
	if (premise && facts)
		facts_of(&rel->facts, s, premise, value, ALL);
	if (model)
		Z3_model_dec_ref(s->z, model);
	return rel;
}

static bool weaken(struct where *w)
{
	bool news = w->kind != UNKNOWN;

	*w = (struct where){ UNKNOWN, 0 };
	return news;
}

static bool no_longer(bool *held, bool holds)
{
	bool news = *held && !holds;

	*held &= holds;
	return news;
}

/* Members of a class that are not equal here go to classes of their own. */
static bool split(struct relation *rel, struct solver *s, Z3_ast premise, const Z3_ast value[ALL], size_t class,
		  size_t first)
{
	Z3_ast constant = rel->constant[class];
	size_t apart = SIZE_MAX, representative = first;
	bool news = false;

	if (constant && !always_equal(s, premise, value[first], constant)) {
		rel->constant[class] = NULL;
		news = true;
	}
	for (size_t i = first + 1; i < ALL; i++) {
		if (rel->at[i].kind != VALUE || rel->at[i].n != (int64_t)class ||
		    always_equal(s, premise, value[first], value[i]))
			continue;
		/* one new class for those that are equal among themselves; the next look splits further */
		if (apart == SIZE_MAX) {
			apart = new_class(rel, constant);
			representative = i;
		}
		rel->at[i].n = apart;
		news = true;
	}
	if (apart != SIZE_MAX)
		split(rel, s, premise, value, apart, representative);
	return news;
}

int relation_meet(struct relation *rel, struct solver *s, Z3_ast premise, struct machine *const m[2])
{
	struct where now[ALL];
	Z3_ast value[ALL];
	bool news = false;

	if (rel->shared != m[0]->shared)
		return -1;
	look(s, m, value, now);
	for (size_t i = 0; i < ALL; i++) {
		struct where *was = &rel->at[i];

		if (was->kind != now[i].kind || (was->kind != VALUE && was->n != now[i].n))
			news |= weaken(was);
	}
	for (size_t class = 0, n = rel->classes; class < n; class++) {
		size_t first = 0;

		while (first < ALL && !(rel->at[first].kind == VALUE && rel->at[first].n == (int64_t)class))
			first++;
		if (first < ALL)
			news |= split(rel, s, premise, value, class, first);
	}
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < FRAME / 8; i++)
			news |= no_longer(&rel->kept[side][i], m[side]->kept[i]);
		for (unsigned int i = 0; i < REGISTERS; i++)
			news |= no_longer(&rel->left[side][i], is_left_behind(m[side], i));
	}
	news |= facts_meet(&rel->facts, s, premise, value, ALL);
	return news;
}

/* The value of a place by what is known. */
static Z3_ast value_of(const struct relation *rel, struct solver *s, size_t i)
{
	const struct where *w = &rel->at[i];

	if (w->kind != VALUE)
		return NULL;
	return rel->constant[w->n] ? rel->constant[w->n] : variable(s, 32, "class%lld", (long long)w->n);
}

static Z3_ast flag_of(struct solver *s, Z3_ast value)
{
	return value ? simple(s, Z3_mk_eq(s->z, value, number(s, 32, 1))) : NULL;
}

static Z3_ast facts_now(const struct relation *rel, struct solver *s)
{
	Z3_ast value[ALL];

	if (!rel->facts.n)
		return NULL;
	for (size_t i = 0; i < ALL; i++)
		value[i] = value_of(rel, s, i);
	return facts_about(&rel->facts, s, value, ALL);
}

Z3_ast relation_machines(const struct relation *rel, struct solver *s, struct machine *const m[2])
{
	for (int side = 0; side < 2; side++) {
		memset(m[side], 0, sizeof(*m[side]));
		memcpy(m[side]->kept, rel->kept[side], sizeof(m[side]->kept));
		m[side]->shared = rel->shared;
	}
	for (size_t i = 0; i < ALL; i += 2) {
		struct machine *to = m[i / PLACES];
		size_t place = i % PLACES;
		const struct where *w = &rel->at[i];
		Z3_ast low = value_of(rel, s, i), high = value_of(rel, s, i + 1), all = NULL;

		if (w->kind == STACK && rel->at[i + 1].kind == PART_OF_STACK)
			all = simple(s, Z3_mk_bvadd(s->z, number(s, 64, w->n), s->sp));
		else if (place < HALVES)
			all = join_bits(s, high, low);
		if (place >= 2 * GHOSTS && place < HALVES) {
			to->flag[place - 2 * GHOSTS] = flag_of(s, low);
			to->flag[place - 2 * GHOSTS + 1] = flag_of(s, high);
			continue;
		}
		if (place < HALVES) {
			to->reg[place / 2] = all;
			if (place / 2 < REGISTERS && rel->left[i / PLACES][place / 2])
				to->left[place / 2] = all;
			continue;
		}
		for (size_t k = 0; k < 8; k++) {
			Z3_ast from = all ? all : k < 4 ? low : high;
			unsigned int bit = 8 * (all ? k : k % 4);

			to->frame[(place - HALVES) * 4 + k] = bits_of(s, from, bit + 7, bit);
		}
	}
	return facts_now(rel, s);
}

void relation_free(struct relation *rel)
{
	if (!rel)
		return;
	free(rel->constant);
	free(rel);
}
