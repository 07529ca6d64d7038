// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-root.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "base/str.h"

/* Is the path new? Then it is remembered. */
static bool is_new(struct guest_root *root, const char *path)
{
	if (map_has(&root->seen, path))
		return false;
	char *copy = xstrdup(path);

	str_vec_push(&root->paths, copy);
	map_put(&root->seen, copy, copy);
	return true;
}

void guest_root_dir(struct guest_root *root, const char *path)
{
	for (const char *p = path; (p = strchr(p, '/')); p++) {
		scoped_free char *above = xstrndup(path, p - path);

		if (is_new(root, above))
			cpio_dir(&root->cpio, above);
	}
	if (is_new(root, path))
		cpio_dir(&root->cpio, path);
}

struct error *guest_root_file(struct guest_root *root, const char *path, const char *from)
{
	scoped_free char *dir = path_dirname(path);
	struct stat st;

	if (stat(from, &st))
		return error_errno("%s", from);
	guest_root_dir(root, dir);
	return is_new(root, path) ? cpio_file(&root->cpio, path, st.st_mode & 0777, from) : NULL;
}

/* A word of the loader's list that is a file: "/lib/x86_64-linux-gnu/libc.so.6". */
static struct error *add_library(struct guest_root *root, const char *word, size_t n)
{
	scoped_free char *path = xstrndup(word, n);

	return *path == '/' ? guest_root_file(root, path + 1, path) : NULL;
}

/* The loader itself lists what it would load: `NAME => /PATH (0xADDRESS)` or `/PATH (0xADDRESS)`. */
static struct error *add_libraries(struct guest_root *root, const char *program)
{
	static const char loader[] = "/lib64/ld-linux-x86-64.so.2";
	const char *const argv[] = { loader, "--list", program, NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	if (result.status) /* linked statically */
		return NULL;
	for (const char *p = result.output; *p;) {
		size_t n = strcspn(p, " \t\n");

		TRY(add_library(root, p, n));
		p += n + strspn(p + n, " \t\n");
	}
	return NULL;
}

static struct error *find_program(const char *name, char **path)
{
	static const char *const places[] = { "/usr/bin", "/usr/sbin", "/bin", "/sbin" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		scoped_free char *candidate = path_join(places[i], name);

		*path = realpath(candidate, NULL);
		if (*path)
			return NULL;
	}
	return error_new("Y3", "%s, which the scripts call, is not installed", name);
}

/* Names may be links (awk, insmod): the file comes under its own name, the link beside it. */
static struct error *add_program(struct guest_root *root, const char *name)
{
	scoped_free char *inside = xasprintf("bin/%s", name), *path = NULL;

	TRY(find_program(name, &path));
	scoped_free char *file = xasprintf("bin/%s", path_basename(path));

	TRY(guest_root_file(root, file, path));
	if (is_new(root, inside))
		cpio_symlink(&root->cpio, inside, path_basename(path));
	return add_libraries(root, path);
}

struct error *guest_root_programs(struct guest_root *root)
{
	static const char *const names[] = {
		"awk",	    "bash",	"cat",	  "comm",  "date",  "diff",   "dirname", "dmesg",
		"echo",	    "getconf",	"grep",	  "id",	   "insmod", "ls",     "mktemp",  "modinfo",
		"modprobe", "rm",	"rmmod",  "sed",   "seq",   "sleep",  "stat",	 "sysctl",
		"tail",	    "true",	"tr",	  "uname",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		TRY(add_program(root, names[i]));
	return NULL;
}

void guest_root_free(struct guest_root *root)
{
	cpio_free(&root->cpio);
	map_free(&root->seen);
	str_vec_free_all(&root->paths);
}
