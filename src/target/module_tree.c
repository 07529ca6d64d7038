// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules that are not part of the kernel, as a target that stands on the kernel's. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "target/target.h"

const char *target_command_dir(const struct target *t)
{
	return t->kernel ? t->kbuild : t->objtree;
}

/* What we keep of the tree's units lies in the kernel's directory of the cache. */
static char *cache_dir(const struct target *kernel, const char *dir)
{
	return xasprintf("%s/module-trees/%016" PRIx64, kernel->dir, hash_bytes(dir, strlen(dir), 0));
}

static void fill(struct target *t, const struct target *kernel, const char *dir)
{
	t->name = xasprintf("%s with %s", kernel->name, dir);
	t->release = xstrdup(kernel->release);
	t->dir = cache_dir(kernel, dir);
	t->srctree = xstrdup(dir);
	t->objtree = xstrdup(dir);
	t->kbuild = xstrdup(kernel->kbuild);
	t->vmlinux = xstrdup(kernel->vmlinux);
	t->bzimage = xstrdup(kernel->bzimage);
	t->config = xstrdup(kernel->config);
	t->symvers = xstrdup(kernel->symvers);
	t->cc = xstrdup(kernel->cc);
	t->user_build = true;
}

struct error *target_open_module_tree(const char *dir, struct target *kernel,
				      struct target **target)
{
	scoped_target struct target *t = xcalloc(1, sizeof(*t));
	scoped_free char *real = realpath(dir, NULL);

	t->kernel = kernel;
	if (!real)
		return error_errno("%s", dir);
	scoped_free char *order = path_join(real, "modules.order");

	if (!path_exists(order))
		return error_hint(error_new("T12", "%s: no module was built there (no modules.order)",
					    dir),
				  "make -C %s M=%s modules", kernel->kbuild, real);
	fill(t, kernel, real);
	*target = take(t);
	return NULL;
}
