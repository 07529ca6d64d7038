// SPDX-License-Identifier: GPL-2.0-or-later
/* The symbol list of a target. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "convert/symbols.h"
#include "target/exports.h"

static struct error *add_module(const char *name, void *data, size_t size, void *list)
{
	scoped_image struct image *image = NULL;

	TRY(image_read_memory(name, name, data, size, &image));
	symlist_add_image(list, image);
	return NULL;
}

/* Module.symvers is the authority; what it has of modules that are not there is left out. */
static void add_exports(struct symlist *l, const struct exports *exports)
{
	for (size_t i = 0; i < exports->list.n; i++) {
		const struct export *x = &exports->list.at[i];
		struct sym_entry *e = symlist_find_in(l, x->name, x->object);

		if (!e && symlist_has_object(l, x->object))
			e = symlist_add(l, symlist_add_object(l, x->object),
					symlist_keep(l, x->name));
		if (e)
			e->exported = true;
	}
}

static struct error *collect(struct target *t, struct symlist *l)
{
	scoped_image struct image *vmlinux = NULL;
	struct exports exports = { 0 };

	TRY(image_open("vmlinux", t->vmlinux, &vmlinux));
	symlist_add_image(l, vmlinux);
	TRY(target_visit_modules(t, add_module, l));
	TRY(exports_read(t->symvers, &exports));
	add_exports(l, &exports);
	exports_free(&exports);
	return NULL;
}

static struct error *make(struct target *t, struct symlist *l)
{
	progress_step("listing the symbols of %s", t->name);
	*l = (struct symlist) {.path = xstrdup(t->name),
			       .target = xstrdup(t->name),
			       .release = xstrdup(t->release)};
	struct error *err = collect(t, l);

	if (err)
		symlist_free(l);
	else
		progress_end(NULL);
	return err;
}

static struct error *add_own_module(struct target *t, const char *name, struct symlist *l)
{
	scoped_free char *path = NULL;
	scoped_image struct image *image = NULL;

	TRY(target_module(t, name, &path));
	TRY(image_open(name, path, &image));
	symlist_add_image(l, image);
	return NULL;
}

/* A module tree: the modules that its kernel does not have come on top of the kernel's list. */
static struct error *make_over_kernel(struct target *t, struct symlist *l)
{
	struct str_vec names = { 0 };

	TRY(symlist_of_target(t->kernel, l));
	struct error *err = target_modules(t, &names);

	for (size_t i = 0; !err && i < names.n; i++)
		if (!symlist_has_object(l, names.at[i]))
			err = add_own_module(t, names.at[i], l);
	if (err)
		symlist_free(l);
	str_vec_free_all(&names);
	return err;
}

struct error *symlist_of_target(struct target *t, struct symlist *l)
{
	scoped_free char *path = path_join(t->dir, "symbols");
	scoped_str struct str text = { 0 };

	if (t->kernel)
		return make_over_kernel(t, l);
	if (t->user_build)
		return make(t, l); /* it may be built again at any time */
	if (path_exists(path)) {
		struct error *err = symlist_read(path, l);

		if (!err)
			return NULL;
		error_free(err); /* of another version: made anew */
	}
	TRY(make(t, l));
	symlist_print(l, &text);
	struct error *err = write_file(path, text.s, text.n);

	if (err)
		symlist_free(l);
	return err;
}

struct error *symlist_add_module_file(struct symlist *l, const char *path)
{
	scoped_image struct image *image = NULL;
	const char *base = path_basename(path), *dot = strstr(base, ".ko");
	scoped_free char *name = dot ? xstrndup(base, dot - base) : xstrdup(base);

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	if (symlist_has_object(l, name))
		return error_new("K10", "%s: the symbol list has a module %s already", path, name);
	TRY(image_open(name, path, &image));
	symlist_add_image(l, image);
	return NULL;
}
