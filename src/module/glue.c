// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"
#include "module/module.h"

/* Names of the patched objects in order of first use; vmlinux counts like the others. */
static struct str_vec patched_objects(const struct replaced_vec *functions)
{
	struct map seen = { 0 };
	struct str_vec objects = { 0 };

	for (size_t i = 0; i < functions->n; i++) {
		if (map_has(&seen, functions->at[i].kobject))
			continue;
		map_put(&seen, functions->at[i].kobject, (void *)1);
		str_vec_push(&objects, functions->at[i].kobject);
	}
	map_free(&seen);
	return objects;
}

static void add_functions(struct str *out, const struct replaced_vec *functions, const char *object,
			  size_t index)
{
	for (size_t i = 0; i < functions->n; i++)
		if (streq(functions->at[i].kobject, object))
			str_add(out, "extern void new_%zu(void) __asm__(\"%s\");\n", i,
				functions->at[i].symbol);
	str_add(out, "static struct klp_func funcs_%zu[] = {\n", index);
	for (size_t i = 0; i < functions->n; i++) {
		const struct replaced *f = &functions->at[i];

		if (!streq(f->kobject, object))
			continue;
		str_add(out, "\t{ .old_name = \"%s\", .new_func = new_%zu", f->name, i);
		if (f->sympos)
			str_add(out, ", .old_sympos = %u", f->sympos);
		str_add(out, " }, /* %s */\n", f->source);
	}
	str_add(out, "\t{ }\n};\n\n");
}

/* Text for a C comment: no end of comment inside, one line. */
static void add_comment(struct str *out, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		if ((*p == '/' && p > text && p[-1] == '*') || *p == '\n')
			str_add_bytes(out, " ", 1);
		else
			str_add_bytes(out, p, 1);
}

char *module_glue(const struct module_request *rq)
{
	struct str_vec objects = patched_objects(rq->functions);
	struct str out = { 0 };

	str_add(&out, "// SPDX-License-Identifier: GPL-2.0\n/*\n * Livepatch: ");
	add_comment(&out, rq->subject);
	str_add(&out, "\n * Target: %s\n */\n#include <linux/kernel.h>\n#include <linux/livepatch.h>\n"
		      "#include <linux/module.h>\n\n", rq->target->release);
	for (size_t i = 0; i < objects.n; i++)
		add_functions(&out, rq->functions, objects.at[i], i);
	str_add(&out, "static struct klp_object objs[] = {\n");
	for (size_t i = 0; i < objects.n; i++)
		if (streq(objects.at[i], "vmlinux"))
			str_add(&out, "\t{ .funcs = funcs_%zu }, /* vmlinux */\n", i);
		else
			str_add(&out, "\t{ .name = \"%s\", .funcs = funcs_%zu },\n", objects.at[i], i);
	str_add(&out, "\t{ }\n};\n\nstatic struct klp_patch patch = {\n\t.mod = THIS_MODULE,\n"
		      "\t.objs = objs,\n\t.replace = %s,\n};\n\n", rq->replace ? "true" : "false");
	str_add(&out, "static int __init livepatch_init(void)\n{\n\treturn klp_enable_patch(&patch);\n}\n"
		      "\nstatic void __exit livepatch_exit(void)\n{\n}\n\nmodule_init(livepatch_init);\n"
		      "module_exit(livepatch_exit);\nMODULE_LICENSE(\"GPL\");\n"
		      "MODULE_INFO(livepatch, \"Y\");\n");
	for (size_t i = 0; rq->namespaces && i < rq->namespaces->n; i++)
		str_add(&out, "MODULE_INFO(import_ns, \"%s\");\n", rq->namespaces->at[i]);
	str_vec_free(&objects);
	return out.s;
}
