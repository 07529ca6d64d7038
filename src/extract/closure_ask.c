// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions that an extraction begins with. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"
#include "target/names.h"

/* Functions of the unit whose names are near, or that a macro may have made from the name. */
static char *find_near(struct closure *c, const char *function)
{
	SCOPED(str_vec_free_all) struct str_vec all = {0};
	size_t n = strlen(function);
	char *near = NULL;

	for (size_t i = 0; i < c->tu->declared.n && !near; i++) {
		const struct declared *d = &c->tu->declared.at[i];
		char *name = d->kind == DECLARED_FUNCTION && d->definition &&
					     !tu_is_public(c->tu, tu_token(c->tu, d->token)->file)
				     ? name_string(&c->tu->names, d->name)
				     : NULL;
		size_t m = name ? strlen(name) : 0;

		if (m > n && ends_with(name, function) && name[m - n - 1] == '_' && name[0] == '_')
			near = xstrdup(name);
		if (name)
			str_vec_push(&all, name);
	}
	if (!near)
		near = near_names(function, &all, 3);
	scoped_free char *copy = xstrdup(near);

	for (char *save, *p = copy ? strtok_r(copy, ", ", &save) : NULL; p;
	     p = strtok_r(NULL, ", ", &save))
		str_vec_push(&c->result->near, xstrdup(p));
	return near;
}

static struct error *no_such_function(struct closure *c, const char *function)
{
	uint32_t name = name_find(&c->tu->names, function, strlen(function));
	const char *source = c->request->command->source;

	if (name && name < c->tu->n_names && c->tu->macro_of[name] && !c->tu->ordinary_of[name])
		return error_new("M3", "%s: %s is a macro, not a function", source, function);
	scoped_free char *near = find_near(c, function);

	return error_new("M1", "%s: there is no function %s%s%s%s", source, function,
			 near ? " (near: " : "", near ? near : "", near ? ")" : "");
}

struct error *closure_ask(struct closure *c, const char *function)
{
	uint32_t name = name_find(&c->tu->names, function, strlen(function));
	uint32_t last = name && name < c->tu->n_names ? c->tu->ordinary_of[name] : 0;

	if (!last || c->tu->declared.at[last - 1].kind != DECLARED_FUNCTION)
		return no_such_function(c, function);
	struct linkage *l = closure_linkage_for(c, name);

	if (!l->definition)
		return error_new("M4", "%s: %s() is declared there, and defined elsewhere",
				 c->request->command->source, function);
	l->direct = true;
	if (l->written)
		return NULL; /* the macro that made another one made it too */
	closure_ask_fate(c, l, 0);
	closure_record(c, l, 0);
	closure_carry_out(c, c->linkage_of[name] - 1, 0);
	return NULL;
}
