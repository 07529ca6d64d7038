// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * derive-fixes: real fixes for a Debian target, from the source package of a newer version: what
 * changed between the two, one patch for each C file that the configuration builds, and one for each
 * directory in which several files changed.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/apt.h"
#include "target/cache.h"
#include "target/names.h"
#include "target/target.h"
#include "target/tools.h"
#include "units/classify.h"
#include "units/kbuild.h"

static const char help[] =
	"usage: derive-fixes [--target T] [--newer VERSION|auto] -o DIR [--most N] [--seed S]\n\n"
	"Writes DIR/NAME.patch for each C file of the target's configuration that a newer version of\n"
	"its source package changes, and DIR/DIRECTORY__all.patch for each directory with several\n"
	"changed files. Exit status 77: there is no newer version.\n\n"
	"  -t, --target T   default: the only target\n"
	"      --newer V    version of the source package; auto (default): the next one that apt has\n"
	"      --most N     choose N of them; the same ones each time\n"
	"      --seed S     choose others\n";

enum { NO_NEWER = 77 };

struct derive {
	const char *target_name, *newer, *out_dir;
	unsigned long most, seed;
	struct target *target;
	struct apt_package package; /* of the newer source */
	char *old_version;
	char *deb, *source; /* the package, and the changed files out of it */
	struct str_vec changed; /* paths of C files and headers */
	struct map built;       /* object names of C files that the configuration builds */
	struct str_vec objects; /* that the keys of `built` point into */
};

/* A patch to be written: one file, or all changed files of one directory. */
struct derived {
	char *name;
	struct str_vec paths; /* point into derive.changed */
	uint64_t rank;
};
DEFINE_VEC(derived_vec, struct derived)

/*
 * The source tar in the package is read as a stream. The first pass compares it with the target's
 * tree, the second unpacks what differs. $1: package, $2: tar in it, $3: directory, then tar's own.
 */
static const char stream_script[] =
	"dpkg-deb --fsys-tarfile \"$1\" | tar -xO \"$2\" | xz -dc -T2 |"
	" tar -C \"$3\" \"--transform=s,^[^/]*/,,\" \"${@:4}\"";

static struct error *run_stream(const struct derive *d, const char *dir, const char *action,
				const char *list, const char *stdout_path,
				struct process_result *result)
{
	scoped_free char *tar = xasprintf("./usr/src/%s.tar.xz", d->package.name);
	const char *const argv[] = { "bash", "-o", "pipefail", "-c", stream_script, "stream",
				     d->deb, tar, dir, action, list, NULL };

	return process_run(&(struct process){ .argv = argv, .stdout_path = stdout_path }, result);
}

/* The version of the package that the target's source is from. */
static struct error *old_version(struct derive *d)
{
	json_t *json = NULL;

	TRY(cache_read_json(d->target->dir, &json));
	d->old_version = xstrdup(json_string_value(json_object_get(json, "version")));
	json_decref(json);
	if (!d->old_version)
		return error_new("T2", "%s is not from Debian packages", d->target->name);
	return NULL;
}

/* The wanted version, or the lowest one above the target's. */
static bool better(const struct derive *d, const struct apt_package *p, const struct apt_package *best)
{
	if (!streq(d->newer, "auto"))
		return streq(d->newer, p->version);
	return debian_version_compare(p->version, d->old_version) > 0 &&
	       (!best || debian_version_compare(p->version, best->version) < 0);
}

static struct error *find_newer(struct derive *d, bool *found)
{
	struct release_name release;
	struct apt_package_vec known = { 0 };
	const struct apt_package *best = NULL;

	if (!release_parse(d->target->release, &release))
		return error_new("T1", "%s is no release of Debian", d->target->release);
	scoped_free char *name = xasprintf("linux-source-%s", release.series);
	const char *const names[] = { name };

	TRY(apt_show(names, 1, &known));
	for (size_t i = 0; i < known.n; i++)
		if (better(d, &known.at[i], best))
			best = &known.at[i];
	*found = best;
	if (best)
		d->package = (struct apt_package){ .name = xstrdup(best->name),
						   .version = xstrdup(best->version),
						   .size = best->size };
	apt_packages_free(&known);
	return NULL;
}

static struct error *fetch(struct derive *d)
{
	scoped_free char *label = xasprintf("%s-%s", d->package.name, d->package.version);
	scoped_free char *dir = NULL;
	struct apt_package_vec one = { .at = &d->package, .n = 1 };

	TRY(cache_download_dir(label, &dir));
	struct error *missing = apt_file(&d->package, dir, &d->deb);

	if (!missing)
		return NULL;
	error_free(missing);
	TRY(apt_download(&one, dir));
	return apt_file(&d->package, dir, &d->deb);
}

/* "net/ipv4/ipmr.c: Contents differ" */
static void note_difference(struct derive *d, const char *line, size_t n)
{
	static const char *const ends[] = { ": Contents differ", ": Size differs" };
	scoped_free char *text = xstrndup(line, n);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (!ends_with(text, ends[i]))
			continue;
		text[n - strlen(ends[i])] = 0;
		enum file_kind kind = file_classify(text)->kind;

		if (kind == FILE_UNIT || kind == FILE_HEADER)
			str_vec_push(&d->changed, take(text));
		return;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* tar ends with status 1 for differences; files that the target's tree leaves out are warnings. */
static struct error *list_changes(struct derive *d, const char *scratch)
{
	scoped_process_result struct process_result result = { 0 };
	scoped_free char *list = path_join(scratch, "differences");
	scoped_free char *text = NULL;

	TRY(run_stream(d, d->target->srctree, "--compare", "--exclude=*/arch/[!x]*", list,
		       &result));
	if (result.status > 1)
		return tool_check("T9", "comparing the sources", &result);
	TRY(read_file(list, &text, NULL));
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		note_difference(d, line, strcspn(line, "\n"));
	qsort(d->changed.at, d->changed.n, sizeof(char *), by_name);
	return NULL;
}

/* Unpacks the newer text of the changed files. */
static struct error *unpack_changes(struct derive *d, const char *scratch)
{
	scoped_process_result struct process_result result = { 0 };
	scoped_free char *path = path_join(scratch, "names");
	scoped_free char *files_from = xasprintf("--files-from=%s", path);
	scoped_str struct str names = { 0 };

	for (size_t i = 0; i < d->changed.n; i++)
		str_add(&names, "%s/%s\n", d->package.name, d->changed.at[i]);
	TRY(write_file(path, names.s ? names.s : "", names.n));
	d->source = path_join(scratch, "newer");
	TRY(make_dirs(d->source));
	TRY(run_stream(d, d->source, "--extract", files_from, NULL, &result));
	return tool_check("T9", "unpacking the changed files", &result);
}

/* "net/ipv4/ipmr.o" for "net/ipv4/ipmr.c", NULL for a header. The caller's. */
static char *object_of(const char *path)
{
	size_t n = strlen(path);

	return ends_with(path, ".c") ? xasprintf("%.*so", (int)n - 1, path) : NULL;
}

static bool is_built(const struct derive *d, const char *path)
{
	scoped_free char *object = object_of(path);

	return object && map_has(&d->built, object);
}

static struct error *find_built(struct derive *d)
{
	for (size_t i = 0; i < d->changed.n; i++) {
		char *object = object_of(d->changed.at[i]);

		if (object)
			str_vec_push(&d->objects, object);
	}
	return kbuild_built(d->target, &d->objects, &d->built);
}

/* "net/ipv4/ipmr" and "" → "net__ipv4__ipmr". The caller's. */
static char *patch_name(const char *path, size_t n, const char *end)
{
	scoped_str struct str name = { 0 };

	for (size_t i = 0; i < n; i++)
		str_add(&name, path[i] == '/' ? "__" : "%c", path[i]);
	str_add(&name, "%s", end);
	return take(name.s);
}

static void add_derived(const struct derive *d, struct derived_vec *list, struct derived *new)
{
	new->rank = hash_bytes(new->name, strlen(new->name), d->seed);
	derived_vec_push(list, *new);
	*new = (struct derived){ 0 };
}

static void derive_singles(const struct derive *d, struct derived_vec *list)
{
	for (size_t i = 0; i < d->changed.n; i++) {
		struct derived one = { 0 };
		char *path = d->changed.at[i];

		if (!is_built(d, path))
			continue;
		one.name = patch_name(path, strlen(path) - 2, "");
		str_vec_push(&one.paths, path);
		add_derived(d, list, &one);
	}
}

static bool same_directory(const char *a, const char *b)
{
	size_t n = path_basename(a) - a;

	return (size_t)(path_basename(b) - b) == n && !strncmp(a, b, n);
}

static bool any_built(const struct derive *d, const struct str_vec *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		if (is_built(d, paths->at[i]))
			return true;
	return false;
}

/* Paths are sorted by name, so a directory's files may be apart, between those of its children. */
static void derive_directory(const struct derive *d, size_t first, struct derived_vec *list)
{
	const char *path = d->changed.at[first];
	struct derived group = { 0 };

	for (size_t i = 0; i < d->changed.n; i++) {
		const char *other = d->changed.at[i];
		bool counts = same_directory(path, other) &&
			      (is_built(d, other) || ends_with(other, ".h"));

		if (i < first && same_directory(path, other))
			return; /* done already */
		if (counts)
			str_vec_push(&group.paths, d->changed.at[i]);
	}
	if (group.paths.n < 2 || !any_built(d, &group.paths)) {
		str_vec_free(&group.paths);
		return;
	}
	group.name = patch_name(path, path_basename(path) - path - 1, "__all");
	add_derived(d, list, &group);
}

static int by_rank(const void *a, const void *b)
{
	const struct derived *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Appends the difference of one file. diff ends with status 1 when there is one. */
static struct error *add_diff(const struct derive *d, const char *path, struct str *patch)
{
	scoped_free char *from = path_join(d->target->srctree, path);
	scoped_free char *to = path_join(d->source, path);
	scoped_free char *from_label = xasprintf("--label=a/%s", path);
	scoped_free char *to_label = xasprintf("--label=b/%s", path);
	scoped_process_result struct process_result result = { 0 };
	const char *const argv[] = { "diff", "-u", "-p", from_label, to_label, from, to, NULL };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	if (result.status != 1)
		return error_new("Y3", "diff of %s ended with status %d: %s", path, result.status,
				 result.output);
	str_add_bytes(patch, result.output, strlen(result.output));
	return NULL;
}

static struct error *write_patch(const struct derive *d, const struct derived *fix)
{
	scoped_free char *file = xasprintf("%s.patch", fix->name);
	scoped_free char *path = path_join(d->out_dir, file);
	scoped_str struct str patch = { 0 };

	str_add(&patch, "Subject: %s%s: %s to %s\n\n", fix->paths.at[0],
		fix->paths.n > 1 ? " and others of its directory" : "", d->old_version,
		d->package.version);
	for (size_t i = 0; i < fix->paths.n; i++)
		TRY(add_diff(d, fix->paths.at[i], &patch));
	return write_file(path, patch.s, patch.n);
}

static struct error *write_patches(const struct derive *d)
{
	struct derived_vec list = { 0 };
	struct error *err = make_dirs(d->out_dir);

	derive_singles(d, &list);
	for (size_t i = 0; i < d->changed.n; i++)
		derive_directory(d, i, &list);
	qsort(list.at, list.n, sizeof(*list.at), by_rank);
	size_t n = d->most && d->most < list.n ? d->most : list.n;

	for (size_t i = 0; i < n && !err; i++)
		err = write_patch(d, &list.at[i]);
	printf("%s %s to %s: %zu files changed, %zu fixes derived, %zu written\n",
	       d->package.name, d->old_version, d->package.version, d->changed.n, list.n, n);
	for (size_t i = 0; i < list.n; i++) {
		free(list.at[i].name);
		str_vec_free(&list.at[i].paths);
	}
	derived_vec_free(&list);
	return err;
}

static struct error *run(struct derive *d, bool *found)
{
	scoped_temp_dir char *scratch = NULL;

	TRY(target_open(d->target_name, &d->target));
	TRY(old_version(d));
	TRY(find_newer(d, found));
	if (!*found)
		return NULL;
	TRY(temp_dir_new("derive", &scratch));
	TRY(fetch(d));
	TRY(list_changes(d, scratch));
	TRY(unpack_changes(d, scratch));
	TRY(find_built(d));
	return write_patches(d);
}

static void derive_free(struct derive *d)
{
	target_free(d->target);
	free(d->package.name);
	free(d->package.version);
	free(d->old_version);
	free(d->deb);
	free(d->source);
	str_vec_free_all(&d->changed);
	str_vec_free_all(&d->objects);
	map_free(&d->built);
}

static bool parse(int argc, char **argv, struct derive *d)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "newer", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' }, { "most", required_argument, NULL, 'm' },
		{ "seed", required_argument, NULL, 's' },   { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "t:o:", options, NULL)) != -1) {
		if (c == 't')
			d->target_name = optarg;
		else if (c == 'n')
			d->newer = optarg;
		else if (c == 'o')
			d->out_dir = optarg;
		else if (c == 'm')
			d->most = strtoul(optarg, NULL, 10);
		else if (c == 's')
			d->seed = strtoul(optarg, NULL, 10);
		else
			return false;
	}
	return d->out_dir && optind == argc;
}

int main(int argc, char **argv)
{
	struct derive d = { .newer = "auto" };
	bool found = true;

	if (!parse(argc, argv, &d)) {
		fputs(help, stderr);
		return 64;
	}
	quiet = true;
	process_setup_signals();
	struct error *err = run(&d, &found);

	if (err)
		fprintf(stderr, "derive-fixes: %s: %s\n", err->id, err->message);
	else if (!found)
		printf("%s: no newer source than %s\n", d.target->name, d.old_version);
	int status = err ? 2 : found ? 0 : NO_NEWER;

	error_free(err);
	derive_free(&d);
	return status;
}
