// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/patched.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

char *patched_location(const struct fix_file *file)
{
	return xasprintf("%s:%zu", file->patch, file->patch_line);
}

/* Refuses what would need a change of the build; true when the file has been dealt with. */
static bool refuse_creation(const struct fix_file *file, const struct file_class *class,
			    const char *location, struct finding_vec *findings)
{
	struct finding *f;

	if (file->deleted) {
		f = finding_add(findings, "P7", SEVERITY_REFUSAL, NULL, NULL, location,
				"%s: the fix deletes the file", file->path);
		finding_way_out(
			f, "leave the deletion out of the livepatch: old code may stay unused");
		return true;
	}
	if (!file->created || class->kind != FILE_UNIT)
		return false;
	f = finding_add(findings, "P7", SEVERITY_REFUSAL, NULL, NULL, location,
			"%s: the fix adds a C file, which no unit of this kernel's build has",
			file->path);
	finding_way_out(f, "move its functions into a file that the kernel has");
	return true;
}

/* Says what a file without code, or with code that cannot be patched, means. */
static bool settled(const struct fix_file *file, const struct file_class *class,
		    struct finding_vec *findings)
{
	scoped_free char *location = patched_location(file);

	if (class->kind == FILE_NOTHING || class->kind == FILE_REFUSED) {
		bool refused = class->kind == FILE_REFUSED;

		finding_add(findings, class->id, refused ? SEVERITY_REFUSAL : SEVERITY_NOTE, NULL,
			    NULL, location, "%s: %s%s", file->path, class->what,
			    refused ? "" : ": its hunks have no effect");
		return true;
	}
	return refuse_creation(file, class, location, findings);
}

static struct error *missing(const struct fix_file *file)
{
	return error_hint(
		error_new("P5", "%s:%zu: %s: no such file in the target's source tree", file->patch,
			  file->patch_line, file->path),
		"names must be relative to the source tree after one directory was stripped "
		"(a/net/ipv4/tcp.c); the fix may also be for another kernel version");
}

static struct error *read_one(const struct target *t, const struct fix_file *file,
			      struct patched_file *p)
{
	scoped_free char *path = path_join(t->srctree, file->path);
	scoped_free char *text = NULL;
	SCOPED(edit_vec_free) struct edit_vec edits = {0};
	size_t size = 0;

	if (file->created && path_exists(path))
		return error_new("P4",
				 "%s:%zu: %s: the patch creates it, and the tree has it already "
				 "(already applied?)",
				 file->patch, file->patch_line, file->path);
	if (!file->created && (!path_exists(path) || path_is_dir(path)))
		return missing(file);
	if (!file->created)
		TRY(read_file(path, &text, &size));
	TRY(fix_apply(file, text ? text : "", size, &p->plain, &p->plain_size, &edits));
	p->neutral = fix_line_neutral(p->plain, p->plain_size, &edits, &p->neutral_size);
	return NULL;
}

struct error *patched_read(const struct target *target, const struct fix *fix,
			   struct patched_vec *list, struct finding_vec *findings)
{
	for (size_t i = 0; i < fix->files.n; i++) {
		const struct fix_file *file = &fix->files.at[i];
		const struct file_class *class = file_classify(file->path);

		if (settled(file, class, findings))
			continue;
		struct patched_file *p = patched_vec_push(
			list, (struct patched_file) {.file = file, .kind = class->kind});

		TRY(read_one(target, file, p));
	}
	return NULL;
}

void patched_free(struct patched_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].plain);
		free(list->at[i].neutral);
	}
	patched_vec_free(list);
}

struct patched_file *patched_find(struct patched_vec *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->at[i].file->path, path))
			return &list->at[i];
	return NULL;
}
