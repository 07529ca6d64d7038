// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/tools.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/str.h"

char *tool_last_lines(const char *output, unsigned int lines)
{
	const char *end = output + strlen(output), *start = end;
	struct str text = { 0 };

	while (start > output && lines) {
		while (start > output && start[-1] == '\n')
			start--;
		while (start > output && start[-1] != '\n')
			start--;
		lines--;
	}
	for (const char *p = start; p < end;) {
		size_t n = strcspn(p, "\n");

		if (n)
			str_add(&text, "%s%.*s", text.n ? "; " : "", (int)n, p);
		p += n + (p + n < end);
	}
	return text.s ? text.s : xstrdup("no message");
}

struct error *tool_disk_full(const char *output)
{
	static const char *const words[] = { "No space left on device", "Disk quota exceeded",
					     "not enough free space", "enough free space in" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(output, words[i]))
			return error_hint(error_new("Y2", "the disk of the cache is full"),
					  "make room, or put the cache elsewhere with "
					  "SUTURE_CACHE=DIR; then run the command again");
	return NULL;
}

/* The first line in which a compiler or shell says what is wrong, the caller's, or NULL. */
static char *first_complaint(const char *output)
{
	static const char *const marks[] = { "error: ", "fatal: ", ": not found", "No rule to make" };

	for (const char *p = output; *p;) {
		size_t n = strcspn(p, "\n");
		scoped_free char *line = xstrndup(p, n);

		for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
			if (strstr(line, marks[i]))
				return take(line);
		p += n + (p[n] == '\n');
	}
	return NULL;
}

struct error *tool_check(const char *id, const char *what, const struct process_result *result)
{
	if (result->status == 0)
		return NULL;
	struct error *err = tool_disk_full(result->output);
	scoped_free char *tail = tool_last_lines(result->output, 4);
	scoped_free char *first = first_complaint(result->output);

	if (err)
		return error_context(err, "%s", what);
	return error_new(id, "%s failed (status %d): %s", what, result->status, first ? first : tail);
}

bool tool_in_path(const char *program)
{
	const char *path = getenv("PATH");

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
		size_t n = strcspn(p, ":");
		scoped_free char *file = xasprintf("%.*s/%s", (int)n, p, program);

		if (access(file, X_OK) == 0)
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

/*
 * What Kbuild's `prepare` needs on Debian 12 besides the compiler (Build-Depends of the linux
 * source package, narrowed to what was found to be used): genksyms needs flex and bison, timeconst.h
 * bc, objtool and resolve_btfids libelf, sign-file and extract-cert OpenSSL.
 */
static const struct need {
	const char *file;    /* program, or absolute path of a header */
	const char *package; /* of Debian 12 */
} needs[] = {
	{ "apt-get", "apt" },
	{ "dpkg-deb", "dpkg" },
	{ "bash", "bash" },
	{ "tar", "tar" },
	{ "xz", "xz-utils" },
	{ "make", "make" },
	{ "gcc", "gcc" },
	{ "ld", "binutils" },
	{ "flex", "flex" },
	{ "bison", "bison" },
	{ "bc", "bc" },
	{ "perl", "perl" },
	{ "/usr/include/gelf.h", "libelf-dev" },
	{ "/usr/include/openssl/ssl.h", "libssl-dev" },
};

struct error *tools_check_debian(void)
{
	scoped_str struct str files = { 0 };
	scoped_str struct str packages = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		const struct need *n = &needs[i];

		if (n->file[0] == '/' ? path_exists(n->file) : tool_in_path(n->file))
			continue;
		str_add(&files, "%s%s", files.n ? ", " : "", n->file);
		str_add(&packages, " %s", n->package);
	}
	if (!files.n)
		return NULL;
	return error_hint(error_new("T6", "needed to prepare the kernel source, not found: %s",
				    files.s),
			  "apt-get install%s", packages.s);
}

struct error *tools_check_compiler(const char *cc)
{
	const char *package = starts_with(cc, "x86_64-linux-gnu-") ? cc + 17 : cc;

	if (tool_in_path(cc))
		return NULL;
	return error_hint(error_new("T6", "the kernel was built with %s, which is not installed", cc),
			  "apt-get install %s", path_basename(package));
}

struct error *tools_note_version(const char *cc, const char *recorded)
{
	const char *const argv[] = { cc, "--version", NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	result.output[strcspn(result.output, "\n")] = 0;
	/* The first word is the name under which it was called. */
	const char *have = result.output + strcspn(result.output, " ");

	if (streq(have, recorded + strcspn(recorded, " ")))
		return NULL;
	progress_step("compiler");
	scoped_free char *note = xasprintf("%s%s, the kernel was built by %s: expect functions that "
					   "are not reproduced", cc, have, recorded);

	progress_end(note);
	return NULL;
}
