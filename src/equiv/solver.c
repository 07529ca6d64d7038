// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "equiv/machine.h"

/* Steps of the solver for one question (always the same answer, on any machine), milliseconds as a last
 * resort, and questions for one pair of functions. */
enum { QUERY_STEPS = 3000000, QUERY_MS = 5000, QUERIES_MAX = 4000 };

static void on_error(Z3_context z, Z3_error_code code)
{
	/* a wrong call is a defect of this program: nothing may be concluded */
	fprintf(stderr, "suture: Z3: %s\n", Z3_get_error_msg(z, code));
	abort();
}

void solver_open(struct solver *s)
{
	Z3_config config = Z3_mk_config();

	*s = (struct solver){ .z = Z3_mk_context(config) };
	Z3_del_config(config);
	Z3_set_error_handler(s->z, on_error);
	s->solver = Z3_mk_simple_solver(s->z);
	Z3_solver_inc_ref(s->z, s->solver);
	Z3_params params = Z3_mk_params(s->z);

	Z3_params_inc_ref(s->z, params);
	Z3_params_set_uint(s->z, params, Z3_mk_string_symbol(s->z, "rlimit"), QUERY_STEPS);
	Z3_params_set_uint(s->z, params, Z3_mk_string_symbol(s->z, "timeout"), QUERY_MS);
	Z3_solver_set_params(s->z, s->solver, params);
	Z3_params_dec_ref(s->z, params);
	for (unsigned int i = 1; i <= 64; i++)
		s->bits[i] = Z3_mk_bv_sort(s->z, i);
	s->sp = variable(s, 64, "stack");
}

void solver_close(struct solver *s)
{
	map_free(&s->asked);
	Z3_solver_dec_ref(s->z, s->solver);
	Z3_del_context(s->z);
}

Z3_ast number(struct solver *s, unsigned int width, uint64_t value)
{
	if (width < 64)
		value &= (1ull << width) - 1;
	return Z3_mk_unsigned_int64(s->z, value, s->bits[width]);
}

static Z3_ast named(struct solver *s, Z3_sort sort, const char *fmt, va_list args)
{
	scoped_free char *name = NULL;

	if (vasprintf(&name, fmt, args) < 0)
		abort();
	return Z3_mk_const(s->z, Z3_mk_string_symbol(s->z, name), sort);
}

Z3_ast variable(struct solver *s, unsigned int width, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	Z3_ast a = named(s, s->bits[width], fmt, args);

	va_end(args);
	return a;
}

const char *variable_name(struct solver *s, Z3_ast a)
{
	if (Z3_get_ast_kind(s->z, a) != Z3_APP_AST || Z3_get_app_num_args(s->z, Z3_to_app(s->z, a)))
		return NULL;
	Z3_symbol name = Z3_get_decl_name(s->z, Z3_get_app_decl(s->z, Z3_to_app(s->z, a)));

	return Z3_get_symbol_kind(s->z, name) == Z3_STRING_SYMBOL ? Z3_get_symbol_string(s->z, name) : NULL;
}

Z3_ast condition_variable(struct solver *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	Z3_ast a = named(s, Z3_mk_bool_sort(s->z), fmt, args);

	va_end(args);
	return a;
}

Z3_ast simple(struct solver *s, Z3_ast a)
{
	return a ? Z3_simplify(s->z, a) : NULL;
}

unsigned int width_of(struct solver *s, Z3_ast a)
{
	return Z3_get_bv_sort_size(s->z, Z3_get_sort(s->z, a));
}

Z3_ast bits_of(struct solver *s, Z3_ast a, unsigned int high, unsigned int low)
{
	if (!a || (!low && high + 1 == width_of(s, a)))
		return a;
	return simple(s, Z3_mk_extract(s->z, high, low, a));
}

Z3_ast join_bits(struct solver *s, Z3_ast high, Z3_ast low)
{
	return high && low ? simple(s, Z3_mk_concat(s->z, high, low)) : NULL;
}

Z3_ast widen(struct solver *s, Z3_ast a, unsigned int width, bool sign)
{
	unsigned int has = a ? width_of(s, a) : width;

	if (has >= width)
		return bits_of(s, a, width - 1, 0);
	return simple(s, sign ? Z3_mk_sign_ext(s->z, width - has, a) : Z3_mk_zero_ext(s->z, width - has, a));
}

bool is_true(struct solver *s, Z3_ast a)
{
	return Z3_get_bool_value(s->z, a) == Z3_L_TRUE;
}

bool is_false(struct solver *s, Z3_ast a)
{
	return Z3_get_bool_value(s->z, a) == Z3_L_FALSE;
}

void any_values(struct solver *s, Z3_ast a, uint64_t seed, Z3_model model, struct map *seen)
{
	uint64_t id = Z3_get_ast_id(s->z, a);

	if (Z3_get_ast_kind(s->z, a) != Z3_APP_AST || map_has_u64(seen, id))
		return;
	map_put_u64(seen, id, seen);
	Z3_app app = Z3_to_app(s->z, a);
	Z3_func_decl decl = Z3_get_app_decl(s->z, app);
	unsigned int n = Z3_get_app_num_args(s->z, app);

	for (unsigned int i = 0; i < n; i++)
		any_values(s, Z3_get_app_arg(s->z, app, i), seed, model, seen);
	if (n || Z3_get_decl_kind(s->z, decl) != Z3_OP_UNINTERPRETED)
		return;
	uint64_t some = hash_bytes(&id, sizeof(id), seed);

	if (Z3_get_sort_kind(s->z, Z3_get_sort(s->z, a)) == Z3_BOOL_SORT)
		Z3_add_const_interp(s->z, model, decl, some & 64 ? Z3_mk_true(s->z) : Z3_mk_false(s->z));
	else
		Z3_add_const_interp(s->z, model, decl, number(s, width_of(s, a), some));
}

/* Is the formula true for some values that are easily found? */
static bool holds_somewhere(struct solver *s, Z3_ast formula)
{
	enum { TRIES = 3 };
	bool holds = false;

	for (uint64_t seed = 1; seed <= TRIES && !holds; seed++) {
		Z3_model model = Z3_mk_model(s->z);
		struct map seen = { 0 };
		Z3_ast value;

		Z3_model_inc_ref(s->z, model);
		any_values(s, formula, seed, model, &seen);
		holds = Z3_model_eval(s->z, model, formula, true, &value) && is_true(s, value);
		Z3_model_dec_ref(s->z, model);
		map_free(&seen);
	}
	return holds;
}

/* Can the formula be true of no values at all? */
static bool never(struct solver *s, Z3_ast formula)
{
	if (is_false(s, formula) || is_true(s, formula))
		return is_false(s, formula);
	void **answer = map_slot_u64(&s->asked, Z3_get_ast_id(s->z, formula));

	if (*answer)
		return *answer == s;
	*answer = &s->asked;
	if (holds_somewhere(s, formula))
		return false;
	if (++s->queries > QUERIES_MAX) {
		s->exhausted = true;
		return false;
	}
	Z3_solver_push(s->z, s->solver);
	Z3_solver_assert(s->z, s->solver, formula);
	if (Z3_solver_check(s->z, s->solver) == Z3_L_FALSE)
		*answer = s;
	Z3_solver_pop(s->z, s->solver, 1);
	return *answer == s;
}

bool always_equal(struct solver *s, Z3_ast premise, Z3_ast a, Z3_ast b)
{
	if (!a || !b)
		return false;
	if (a == b)
		return true;
	if (!Z3_is_eq_sort(s->z, Z3_get_sort(s->z, a), Z3_get_sort(s->z, b)))
		return false;
	Z3_ast differ = Z3_mk_not(s->z, Z3_mk_eq(s->z, a, b));

	return never(s, simple(s, premise ? Z3_mk_and(s->z, 2, (Z3_ast[]){ premise, differ }) : differ));
}

bool stack_offset(struct solver *s, Z3_ast a, int64_t *offset)
{
	uint64_t value = 0;

	*offset = 0;
	if (a == s->sp)
		return true;
	if (!a || Z3_get_ast_kind(s->z, a) != Z3_APP_AST)
		return false;
	Z3_app app = Z3_to_app(s->z, a);

	if (Z3_get_decl_kind(s->z, Z3_get_app_decl(s->z, app)) != Z3_OP_BADD || Z3_get_app_num_args(s->z, app) != 2)
		return false;
	Z3_ast x = Z3_get_app_arg(s->z, app, 0), y = Z3_get_app_arg(s->z, app, 1);

	if (x == s->sp) {
		x = y;
		y = s->sp;
	}
	if (y != s->sp || Z3_get_ast_kind(s->z, x) != Z3_NUMERAL_AST || !Z3_get_numeral_uint64(s->z, x, &value))
		return false;
	*offset = (int64_t)value;
	return true;
}

static bool mentions(struct solver *s, Z3_ast a, struct map *seen)
{
	if (a == s->sp)
		return true;
	if (Z3_get_ast_kind(s->z, a) != Z3_APP_AST || map_has_u64(seen, Z3_get_ast_id(s->z, a)))
		return false;
	map_put_u64(seen, Z3_get_ast_id(s->z, a), seen);
	Z3_app app = Z3_to_app(s->z, a);

	for (unsigned int i = 0; i < Z3_get_app_num_args(s->z, app); i++)
		if (mentions(s, Z3_get_app_arg(s->z, app, i), seen))
			return true;
	return false;
}

bool mentions_stack(struct solver *s, Z3_ast a)
{
	struct map seen = { 0 };
	bool does = a && mentions(s, a, &seen);

	map_free(&seen);
	return does;
}
