// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/symbol_options.h"

#include <getopt.h>

bool symbol_option(int c, struct symbol_options *o)
{
	if (c == 't')
		o->target = optarg;
	else if (c == 'S')
		o->symbols = optarg;
	else if (c == 'M')
		str_vec_push(&o->modules, optarg);
	else
		return false;
	return true;
}

bool symbol_options_name_one(const struct symbol_options *o)
{
	return !o->target != !o->symbols;
}

bool symbol_options_name_two(const struct symbol_options *o)
{
	return o->target && o->symbols;
}

static struct error *open_list(const struct symbol_options *o, struct symlist *list,
			       struct target **target)
{
	if (o->symbols)
		return symlist_read(o->symbols, list);
	TRY(target_open(o->target, target));
	return symlist_of_target(*target, list);
}

struct error *symbol_options_open(const struct symbol_options *o, struct symlist *list,
				  struct target **target)
{
	*list = (struct symlist){ 0 };
	*target = NULL;
	struct error *err = open_list(o, list, target);

	for (size_t i = 0; !err && i < o->modules.n; i++)
		err = symlist_add_module_file(list, o->modules.at[i]);
	if (err) {
		symlist_free(list);
		target_free(*target);
		*target = NULL;
	}
	return err;
}

void symbol_options_free(struct symbol_options *o)
{
	str_vec_free(&o->modules);
}
