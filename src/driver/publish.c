// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver/publish.h"

#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

static struct error *copy_into(const char *from, const char *dir, const char *name)
{
	scoped_free char *to = path_join(dir, name);

	return path_exists(from) ? copy_file(from, to) : NULL;
}

/* "net/ipv4/tcp_input.c" → "net-ipv4-tcp_input.SUFFIX" */
static char *flat_name(const char *source, const char *suffix)
{
	size_t n = ends_with(source, ".c") ? strlen(source) - 2 : strlen(source);
	char *name = xasprintf("%.*s.%s", (int)n, source, suffix);

	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '-';
	return name;
}

static struct error *copy_unit(const struct unit *unit, size_t index, const char *workdir,
			       const char *dir)
{
	scoped_free char *change = xasprintf("%s/change%zu.o", workdir, index);
	scoped_free char *original = flat_name(unit->source, "original.o");
	scoped_free char *patched = flat_name(unit->source, "patched.o");
	scoped_free char *livepatch = flat_name(unit->source, "livepatch.o");

	if (unit->identical)
		return NULL;
	TRY(copy_into(unit->original, dir, original));
	TRY(copy_into(unit->patched, dir, patched));
	return copy_into(change, dir, livepatch);
}

static struct error *fill(const struct unit_vec *units, const char *workdir, const char *dir)
{
	scoped_free char *glue = path_join(workdir, "module/main.c");
	scoped_free char *code = path_join(workdir, "module/code.c");
	scoped_free char *kbuild = path_join(workdir, "module/Kbuild");

	TRY(make_dirs(dir));
	for (size_t i = 0; i < units->n; i++)
		TRY(copy_unit(&units->at[i], i, workdir, dir));
	TRY(copy_into(glue, dir, "main.c"));
	TRY(copy_into(code, dir, "code.c"));
	return copy_into(kbuild, dir, "Kbuild");
}

static struct error *replace_dir(const char *from, const char *to)
{
	TRY(remove_tree(to));
	return rename(from, to) ? error_errno("%s", to) : NULL;
}

struct error *publish(const struct build_request *rq, const struct unit_vec *units, const char *ko,
		      const char *workdir, char **module)
{
	scoped_free char *ko_name = xasprintf("%s.ko", rq->name);
	scoped_free char *dir_name = xasprintf("%s.d", rq->name);
	scoped_free char *final_ko = path_join(rq->out_dir, ko_name);
	scoped_free char *final_dir = path_join(rq->out_dir, dir_name);
	scoped_free char *tmp = xasprintf("%s.%d.tmp", final_dir, (int)getpid());
	struct error *err = fill(units, workdir, tmp);

	if (!err)
		err = replace_dir(tmp, final_dir);
	if (err) {
		error_free(remove_tree(tmp));
		return err;
	}
	err = copy_file(ko, final_ko);
	if (err) {
		error_free(remove_tree(final_dir));
		return err;
	}
	*module = take(final_ko);
	return NULL;
}
