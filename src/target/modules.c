// SPDX-License-Identifier: GPL-2.0-or-later
/* The modules that a target ships: where they are, what they depend on. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <gelf.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/deb.h"
#include "target/names.h"
#include "target/target.h"
#include "target/tools.h"

enum { MODULE_LIMIT = 1 << 30 }; /* a larger module is no module */

/* How modules are stored, and what unpacks them to standard output. */
static const struct packing {
	const char *suffix;
	const char *program; /* NULL: nothing to do */
} packings[] = {
	{ ".ko", NULL },
	{ ".ko.xz", "xz" },
	{ ".ko.zst", "zstd" },
	{ ".ko.gz", "gzip" },
};

/* Every module of the target: path below `root`, and how it is packed. */
struct module_file {
	char *name; /* '-' turned into '_' */
	char *path;
	const struct packing *packing;
};
DEFINE_VEC(module_file_vec, struct module_file)

static void free_files(struct module_file_vec *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->at[i].name);
		free(files->at[i].path);
	}
	module_file_vec_free(files);
}

static const struct module_file *file_named(const struct module_file_vec *files, const char *name)
{
	for (size_t i = 0; i < files->n; i++)
		if (streq(files->at[i].name, name))
			return &files->at[i];
	return NULL;
}

static char *canonical(const char *name, size_t n)
{
	char *copy = xstrndup(name, n);

	for (char *p = copy; *p; p++)
		if (*p == '-')
			*p = '_';
	return copy;
}

static void add_file(struct module_file_vec *files, const char *path)
{
	const char *base = path_basename(path);

	for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
		size_t n = strlen(base), m = strlen(packings[i].suffix);

		if (n > m && ends_with(base, packings[i].suffix))
			module_file_vec_push(files, (struct module_file){
							    .name = canonical(base, n - m),
							    .path = xstrdup(path),
							    .packing = &packings[i] });
	}
}

/* Modules of a Debian image: all files below lib/modules. */
static struct error *walk(const char *root, struct module_file_vec *files)
{
	char *const roots[] = { (char *)root, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	if (!fts)
		return error_errno("%s", root);
	for (FTSENT *e; (e = fts_read(fts));)
		if (e->fts_info == FTS_F)
			add_file(files, e->fts_path);
	fts_close(fts);
	return NULL;
}

/*
 * Modules of a user's build: modules.order (whose lines end in .ko, or .o since 6.3). Modules that are
 * not part of the kernel have absolute names there.
 */
static struct error *read_order(const char *objtree, struct module_file_vec *files)
{
	scoped_free char *order = path_join(objtree, "modules.order");
	scoped_free char *text = NULL;

	if (!path_exists(order))
		return NULL; /* a kernel without modules */
	TRY(read_file(order, &text, NULL));
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n"), stem = n;

		while (stem && p[stem - 1] != '.')
			stem--;
		scoped_free char *name = xasprintf("%.*sko", (int)stem, p);
		scoped_free char *path = *p == '/' ? xstrdup(name) : path_join(objtree, name);

		if (stem && path_exists(path))
			add_file(files, path);
		p += n + (p[n] == '\n');
	}
	return NULL;
}

static int by_module_name(const void *a, const void *b)
{
	return strcmp(((const struct module_file *)a)->name, ((const struct module_file *)b)->name);
}

static struct error *collect_files(const struct target *t, struct module_file_vec *files)
{
	scoped_free char *root = xasprintf("%s/image/lib/modules/%s/kernel", t->dir, t->release);

	return t->user_build ? read_order(t->objtree, files) : walk(root, files);
}

/* What the kernel has beside the modules of the tree; of two of one name the tree's counts. */
static struct error *add_kernel_files(const struct target *kernel, struct module_file_vec *files)
{
	struct module_file_vec more = { 0 };
	struct error *err = collect_files(kernel, &more);
	size_t own = files->n;

	for (size_t i = 0; i < more.n; i++) {
		const struct module_file_vec first = { files->at, own, own };

		if (file_named(&first, more.at[i].name))
			continue;
		module_file_vec_push(files, more.at[i]);
		more.at[i] = (struct module_file){ 0 };
	}
	free_files(&more);
	return err;
}

static struct error *list_files(const struct target *t, struct module_file_vec *files)
{
	TRY(collect_files(t, files));
	if (t->kernel)
		TRY(add_kernel_files(t->kernel, files));
	if (files->n)
		qsort(files->at, files->n, sizeof(*files->at), by_module_name);
	return NULL;
}

static struct error *unknown_module(const struct target *t, const char *name,
				    const struct module_file_vec *files)
{
	struct str_vec names = { 0 };

	for (size_t i = 0; i < files->n; i++)
		str_vec_push(&names, files->at[i].name);
	scoped_free char *near = near_names(name, &names, 3);

	str_vec_free(&names);
	return error_new("T5", "%s ships no module %s (is it built in?)%s%s", t->name, name,
			 near ? ". Near: " : "", near ? near : "");
}

/* Finds one module; *file is the caller's (free name and path). */
static struct error *find_file(const struct target *t, const char *name, struct module_file *file)
{
	scoped_free char *wanted = canonical(name, strlen(name));
	struct module_file_vec files = { 0 };
	struct error *err = list_files(t, &files);

	*file = (struct module_file){ 0 };
	for (size_t i = 0; !err && i < files.n; i++) {
		if (!streq(files.at[i].name, wanted))
			continue;
		*file = files.at[i];
		files.at[i] = (struct module_file){ 0 };
		break;
	}
	if (!err && !file->path)
		err = unknown_module(t, wanted, &files);
	free_files(&files);
	return err;
}

/* Unpacks to a name of our own, then renames: others see nothing or the whole file. */
static struct error *unpack_to(const struct module_file *file, const char *to)
{
	scoped_free char *tmp = xasprintf("%s.%d.tmp", to, (int)getpid());
	const char *const argv[] = { file->packing->program, "-dc", file->path, NULL };
	scoped_process_result struct process_result result = { 0 };
	struct error *err;

	err = process_run(&(struct process){ .argv = argv, .stdout_path = tmp }, &result);
	if (!err && result.status)
		err = error_new("T9", "%s: %s cannot unpack it (status %d)", file->path,
				file->packing->program, result.status);
	if (!err && rename(tmp, to))
		err = error_errno("%s", to);
	if (err)
		unlink(tmp);
	return err;
}

static struct error *module_of(const struct target *t, const struct module_file *file, char **path)
{
	scoped_free char *dir = path_join(t->kernel ? t->kernel->dir : t->dir, "modules");
	scoped_free char *to = xasprintf("%s/%s.ko", dir, file->name);

	if (!file->packing->program) {
		*path = xstrdup(file->path);
		return NULL;
	}
	if (!path_exists(to)) {
		TRY(make_dirs(dir));
		TRY(unpack_to(file, to));
	}
	*path = take(to);
	return NULL;
}

struct error *target_module(struct target *target, const char *name, char **path)
{
	struct module_file file;

	TRY(find_file(target, name, &file));
	struct error *err = module_of(target, &file, path);

	free(file.name);
	free(file.path);
	return err;
}

/* "kernel/net/ipv4/x.ko" of a file below lib/modules/RELEASE/, without compression; the caller's. */
static char *below_modules(const struct target *t, const struct module_file *file)
{
	scoped_free char *root = xasprintf("%s/image/lib/modules/%s/", t->dir, t->release);
	const char *below = file->path + strlen(root);

	return xasprintf("%.*s.ko", (int)(strlen(below) - strlen(file->packing->suffix)), below);
}

/*
 * Takes one debug file out of the -dbg package, the long way when the short one does not lead there.
 * tar stops after the file; that dpkg-deb then finds its pipe closed is no failure, so only the status
 * of tar counts here.
 */
static struct error *extract_debug(const struct target *t, const char *member, const char *dir)
{
	static const char script[] = "dpkg-deb --fsys-tarfile \"$1\" 2>/dev/null |"
				     " tar -x -C \"$2\" --occurrence=1 --transform='s,.*/,,' \"$3\"";
	scoped_free char *package = path_join(t->dir, "debug.deb");
	const char *const argv[] = { "bash", "-c", script, "unpack", package, dir, member, NULL };
	scoped_process_result struct process_result result = { 0 };
	scoped_free char *what = xasprintf("taking %s out of %s", member, package);
	scoped_free char *to = path_join(dir, path_basename(member));
	bool found;

	TRY(deb_extract(package, member, to, &found));
	if (found)
		return NULL;
	TRY(process_run(&(struct process){ .argv = argv }, &result));
	return tool_check("T9", what, &result);
}

static struct error *debug_of(const struct target *t, const struct module_file *file, char **path)
{
	scoped_free char *dir = path_join(t->dir, "modules-debug");
	scoped_free char *to = xasprintf("%s/%s.ko", dir, file->name);
	scoped_free char *tmp = xasprintf("%s/.%s.%d", dir, file->name, (int)getpid());
	scoped_free char *below = below_modules(t, file);
	scoped_free char *member = xasprintf("./usr/lib/debug/lib/modules/%s/%s", t->release, below);
	scoped_free char *unpacked = path_join(tmp, path_basename(below));

	if (!path_exists(to)) {
		TRY(make_dirs(tmp));
		progress_step("unpacking the debug file of %s", file->name);
		struct error *err = extract_debug(t, member, tmp);

		if (!err && rename(unpacked, to))
			err = error_errno("%s", to);
		error_free(remove_tree(tmp));
		TRY(err);
		progress_end(NULL);
	}
	*path = take(to);
	return NULL;
}

struct error *target_module_debug(struct target *target, const char *name, char **path)
{
	struct module_file file;

	if (target->user_build)
		return target_module(target, name, path);
	TRY(find_file(target, name, &file));
	struct error *err = debug_of(target, &file, path);

	free(file.name);
	free(file.path);
	return err;
}

/* Adds the comma-separated names of "depends=" in a .modinfo section. */
static void add_depends(const Elf_Data *data, struct str_vec *names)
{
	const char *p = data->d_buf, *end = p + data->d_size;

	while (p < end) {
		size_t n = strnlen(p, end - p);

		if (n > 8 && !strncmp(p, "depends=", 8)) {
			for (const char *q = p + 8; q < p + n;) {
				size_t m = strcspn(q, ",");

				if (q + m > p + n)
					m = p + n - q;
				if (m)
					str_vec_push(names, canonical(q, m));
				q += m + 1;
			}
		}
		p += n + 1;
	}
}

static bool scan_modinfo(Elf *elf, struct str_vec *names)
{
	size_t strings;

	if (elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &strings))
		return false;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s));) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(s, &header))
			return false;
		name = elf_strptr(elf, strings, header.sh_name);
		if (!name || !streq(name, ".modinfo"))
			continue;
		Elf_Data *data = elf_getdata(s, NULL);

		if (!data || !data->d_buf)
			return false;
		add_depends(data, names);
		return true;
	}
	return false;
}

static struct error *read_depends(const char *path, struct str_vec *names)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	if (fd < 0)
		return error_errno("%s", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	bool fine = elf && scan_modinfo(elf, names);

	elf_end(elf);
	return fine ? NULL : error_new("T9", "%s: not a kernel module (no .modinfo)", path);
}

/* State of the walk over dependencies; keys of `seen` are owned by `keys`. */
struct depends_walk {
	const struct target *target;
	const struct module_file_vec *files;
	struct map seen;
	struct str_vec *order;
};

/* Depth first: what a module needs comes before it. `last`: is this the module asked for? */
static struct error *visit(struct depends_walk *w, const char *name, bool last)
{
	const struct module_file *file = file_named(w->files, name);
	struct str_vec needs = { 0 };
	scoped_free char *path = NULL;

	if (!file)
		return unknown_module(w->target, name, w->files);
	if (map_has(&w->seen, file->name))
		return NULL;
	map_put(&w->seen, file->name, (void *)file);
	struct error *err = module_of(w->target, file, &path);

	if (!err)
		err = read_depends(path, &needs);
	for (size_t i = 0; !err && i < needs.n; i++)
		err = visit(w, needs.at[i], false);
	if (!err && !last)
		str_vec_push(w->order, xstrdup(file->name));
	str_vec_free_all(&needs);
	return err;
}

struct error *target_module_depends(struct target *target, const char *name, struct str_vec *names)
{
	scoped_free char *wanted = canonical(name, strlen(name));
	struct module_file_vec files = { 0 };
	struct depends_walk walk = { .target = target, .files = &files, .order = names };
	struct error *err = list_files(target, &files);

	if (!err)
		err = visit(&walk, wanted, true);
	map_free(&walk.seen);
	free_files(&files);
	return err;
}

struct error *target_modules(struct target *target, struct str_vec *names)
{
	struct module_file_vec files = { 0 };
	struct error *err = list_files(target, &files);

	for (size_t i = 0; !err && i < files.n; i++)
		str_vec_push(names, xstrdup(files.at[i].name));
	free_files(&files);
	return err;
}

/* Unpacks an .xz in memory. *out is the caller's. */
static struct error *unxz(const char *path, const char *data, size_t size, char **out, size_t *n)
{
	size_t room = 8 * size + 65536;
	char *buffer = NULL;
	lzma_ret ret;

	do {
		uint64_t limit = UINT64_MAX;
		size_t in = 0;

		*n = 0;
		buffer = xreallocarray(buffer, room, 1);
		ret = lzma_stream_buffer_decode(&limit, 0, NULL, (const uint8_t *)data, &in, size,
						(uint8_t *)buffer, n, room);
		room *= 2;
	} while (ret == LZMA_BUF_ERROR && room < MODULE_LIMIT);
	if (ret != LZMA_OK) {
		free(buffer);
		return error_new("T9", "%s: damaged xz file", path);
	}
	*out = buffer;
	return NULL;
}

static struct error *visit_file(const struct target *t, const struct module_file *file,
				target_module_visit visit, void *arg)
{
	scoped_free char *path = NULL, *data = NULL, *packed = NULL;
	size_t size;

	if (file->packing->program && streq(file->packing->program, "xz")) {
		TRY(read_file(file->path, &packed, &size));
		TRY(unxz(file->path, packed, size, &data, &size));
	} else {
		TRY(module_of(t, file, &path));
		TRY(read_file(path, &data, &size));
	}
	return visit(file->name, data, size, arg);
}

struct error *target_visit_modules(struct target *target, target_module_visit visit, void *arg)
{
	struct module_file_vec files = { 0 };
	struct error *err = list_files(target, &files);

	for (size_t i = 0; !err && i < files.n; i++)
		err = visit_file(target, &files.at[i], visit, arg);
	free_files(&files);
	return err;
}
