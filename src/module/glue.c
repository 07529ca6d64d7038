// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "module/module.h"

/* An object of the livepatch: replaced functions, or callbacks, or both. */
struct glue_object {
	const char *name;
	const struct described_object *described; /* NULL: no callbacks */
	size_t functions;
};
DEFINE_VEC(glue_object_vec, struct glue_object)

static struct glue_object *find_object(struct glue_object_vec *objects, const char *name)
{
	for (size_t i = 0; i < objects->n; i++)
		if (streq(objects->at[i].name, name))
			return &objects->at[i];
	return glue_object_vec_push(objects, (struct glue_object){ .name = name });
}

/* Those of the description in its order, then the others in order of first use: the kernel calls the
 * callbacks in this order. */
static struct glue_object_vec list_objects(const struct module_request *rq)
{
	struct glue_object_vec objects = { 0 };

	for (size_t i = 0; rq->description && i < rq->description->objects.n; i++) {
		const struct described_object *o = &rq->description->objects.at[i];

		find_object(&objects, o->name)->described = o;
	}
	for (size_t i = 0; i < rq->functions->n; i++)
		find_object(&objects, rq->functions->at[i].kobject)->functions++;
	return objects;
}

/*
 * The tables need addresses only. What is called livepatch_… is called so nowhere else; any other symbol may be
 * declared by a header, or be no identifier.
 */
static bool has_own_name(const struct replaced *f)
{
	return strstr(f->symbol, "livepatch_") && !strchr(f->symbol, '.');
}

static char *identifier(const struct replaced *f, size_t index)
{
	return has_own_name(f) ? xstrdup(f->symbol) : xasprintf("new_%zu", index);
}

static void declare_function(struct str *out, const struct replaced *f, size_t index)
{
	if (has_own_name(f))
		str_add(out, "extern char %s[]; /* %s */\n", f->symbol, f->source);
	else
		str_add(out, "extern char new_%zu[] __asm__(\"%s\"); /* %s */\n", index, f->symbol,
			f->source);
}

static void add_functions(struct str *out, const struct replaced_vec *functions, const char *object,
			  size_t index)
{
	for (size_t i = 0; i < functions->n; i++)
		if (streq(functions->at[i].kobject, object))
			declare_function(out, &functions->at[i], i);
	str_add(out, "static struct klp_func funcs_%zu[] = {\n", index);
	for (size_t i = 0; i < functions->n; i++) {
		const struct replaced *f = &functions->at[i];
		scoped_free char *name = identifier(f, i);

		if (!streq(f->kobject, object))
			continue;
		str_add(out, "\t{ .old_name = \"%s\", .new_func = %s", f->name, name);
		if (f->sympos)
			str_add(out, ", .old_sympos = %u", f->sympos);
		str_add(out, " },\n");
	}
	str_add(out, "\t{ }\n};\n\n");
}

static void add_object(struct str *out, const struct glue_object *o, size_t index)
{
	bool vmlinux = streq(o->name, "vmlinux");

	if (vmlinux)
		str_add(out, "\t{ .funcs = funcs_%zu", index);
	else
		str_add(out, "\t{ .name = \"%s\", .funcs = funcs_%zu", o->name, index);
	for (size_t i = 0; o->described && i < NR_CALLBACKS; i++)
		if (o->described->callbacks[i])
			str_add(out, ",\n\t  .callbacks.%s = %s", callback_names[i],
				o->described->callbacks[i]);
	str_add(out, " },%s\n", vmlinux ? " /* vmlinux */" : "");
}

static void add_objects(struct str *out, const struct module_request *rq)
{
	struct glue_object_vec objects = list_objects(rq);

	for (size_t i = 0; i < objects.n; i++)
		add_functions(out, rq->functions, objects.at[i].name, i);
	str_add(out, "static struct klp_object objs[] = {\n");
	for (size_t i = 0; i < objects.n; i++)
		add_object(out, &objects.at[i], i);
	str_add(out, "\t{ }\n};\n\n");
	glue_object_vec_free(&objects);
}

static void add_patch(struct str *out, const struct module_request *rq)
{
	const struct described_state_vec *states = rq->description ? &rq->description->states : NULL;

	if (states && states->n)
		str_add(out, "static struct klp_state states[] = {\n");
	for (size_t i = 0; states && i < states->n; i++)
		str_add(out, "\t{ .id = %lu, .version = %u },\n", states->at[i].id,
			states->at[i].version);
	if (states && states->n)
		str_add(out, "\t{ }\n};\n\n");
	str_add(out, "static struct klp_patch patch = {\n\t.mod = THIS_MODULE,\n\t.objs = objs,\n");
	if (states && states->n)
		str_add(out, "\t.states = states,\n");
	str_add(out, "\t.replace = %s,\n};\n\n", rq->replace ? "true" : "false");
}

/* What init() did is undone when enabling fails, and when the module goes. */
static void add_life(struct str *out, const struct module_request *rq)
{
	const char *init = rq->description ? rq->description->init : NULL;
	const char *exit = rq->description ? rq->description->exit : NULL;

	str_add(out, "static int __init livepatch_init(void)\n{\n");
	if (init)
		str_add(out, "\tint ret = %s(&patch);\n\n\tif (ret)\n\t\treturn ret;\n", init);
	if (exit)
		str_add(out, "%s = klp_enable_patch(&patch);\n\tif (ret)\n\t\t%s(&patch);\n"
			"\treturn ret;\n}\n\n", init ? "\tret" : "\tint ret", exit);
	else
		str_add(out, "\treturn klp_enable_patch(&patch);\n}\n\n");
	str_add(out, "static void __exit livepatch_exit(void)\n{\n");
	if (exit)
		str_add(out, "\t%s(&patch);\n", exit);
	str_add(out, "}\n\nmodule_init(livepatch_init);\nmodule_exit(livepatch_exit);\n"
		     "MODULE_LICENSE(\"GPL\");\nMODULE_INFO(livepatch, \"Y\");\n");
}

static void declare(struct str *out, struct map *seen, const char *name, const char *result,
		    const char *parameter)
{
	if (!name || map_has(seen, name))
		return;
	map_put(seen, name, (void *)name);
	str_add(out, "%s %s(struct %s);\n", result, name, parameter);
}

char *module_hooks(const struct description *d)
{
	struct map seen = { 0 };
	struct str out = { 0 };

	str_add(&out, "struct klp_object;\nstruct klp_patch;\n");
	for (size_t i = 0; i < d->objects.n; i++)
		for (size_t k = 0; k < NR_CALLBACKS; k++)
			declare(&out, &seen, d->objects.at[i].callbacks[k],
				k == PRE_PATCH ? "int" : "void", "klp_object *object");
	declare(&out, &seen, d->init, "int", "klp_patch *patch");
	declare(&out, &seen, d->exit, "void", "klp_patch *patch");
	map_free(&seen);
	return out.s;
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

/* The code of the description, after declarations of what it has to define; lines keep their number. */
struct error *module_code(const struct description *d, char **text)
{
	scoped_free char *code = NULL;
	size_t size;

	*text = NULL;
	if (!d || !d->code)
		return NULL;
	TRY(read_file(d->code, &code, &size));
	scoped_free char *hooks = module_hooks(d);

	*text = xasprintf("%s#line 1 \"%s\"\n%s", hooks, path_basename(d->code), code);
	return NULL;
}

char *module_glue(const struct module_request *rq)
{
	struct str out = { 0 };

	str_add(&out, "// SPDX-License-Identifier: GPL-2.0\n/*\n * Livepatch: ");
	add_comment(&out, rq->subject);
	str_add(&out, "\n * Target: %s\n */\n#include <linux/kernel.h>\n#include <linux/livepatch.h>\n"
		      "#include <linux/module.h>\n\n", rq->target->release);
	if (rq->description && rq->description->code) {
		scoped_free char *hooks = module_hooks(rq->description);

		str_add(&out, "%s\n", hooks);
	}
	add_objects(&out, rq);
	add_patch(&out, rq);
	add_life(&out, rq);
	for (size_t i = 0; rq->namespaces && i < rq->namespaces->n; i++)
		str_add(&out, "MODULE_INFO(import_ns, \"%s\");\n", rq->namespaces->at[i]);
	return out.s;
}
