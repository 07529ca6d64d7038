// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "convert/rewrite.h"
#include "diff/resolve.h"
#include "module/module.h"
#include "object/object.h"

/* The closure decided already; what it decided stands in the names. */
static struct error *read_decisions(const struct object *o, struct klp_decision *decisions)
{
	for (size_t i = 1; i < o->nsymbols; i++) {
		const struct obj_symbol *s = &o->symbols[i];

		if (s->shndx == SHN_UNDEF && starts_with(s->name, KLP_REF_PREFIX) &&
		    !klp_decision_parse(s->name + strlen(KLP_REF_PREFIX), &decisions[i]))
			return error_new("B3", "%s: malformed klp reference '%s'", o->path,
					 s->name);
	}
	return NULL;
}

struct error *module_convert_memory(const char *name, void *data, size_t size, char **out,
				    size_t *out_size)
{
	scoped_object struct object *o = NULL;
	struct klp_decision *decisions;

	TRY(object_read_memory(name, data, size, &o));
	decisions = xcalloc(o->nsymbols, sizeof(*decisions));
	struct error *err = read_decisions(o, decisions);

	if (!err)
		err = klp_rewrite(&(struct rewrite_request) {o, decisions, NULL}, out, out_size);
	klp_decisions_free(decisions, o->nsymbols);
	return err;
}

struct error *module_convert(const char *in, const char *out)
{
	scoped_free char *data = NULL, *converted = NULL;
	size_t size, n;

	TRY(read_file(in, &data, &size));
	TRY(module_convert_memory(in, data, size, &converted, &n));
	return write_file(out, converted, n);
}
