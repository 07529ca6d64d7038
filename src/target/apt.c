// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/apt.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "target/tools.h"

/* Messages are read: keep them in one language. */
static const char *const c_locale[] = { "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", NULL };

void apt_packages_free(struct apt_package_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].name);
		free(list->at[i].version);
		free(list->at[i].depends);
	}
	apt_package_vec_free(list);
}

/* "Name: value" at the beginning of a line: the value (not terminated), or NULL. */
static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " ");
}

static void set_text(char **to, const char *value)
{
	free(*to);
	*to = xstrndup(value, strcspn(value, "\n"));
}

void apt_parse(const char *text, struct apt_package_vec *list)
{
	struct apt_package *p = NULL;
	const char *v;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if ((v = field(line, "Package"))) {
			p = apt_package_vec_push(list, (struct apt_package){ 0 });
			set_text(&p->name, v);
			p->version = xstrdup("");
			p->depends = xstrdup("");
		} else if (p && (v = field(line, "Version"))) {
			set_text(&p->version, v);
		} else if (p && (v = field(line, "Depends"))) {
			set_text(&p->depends, v);
		} else if (p && (v = field(line, "Size"))) {
			p->size = strtoull(v, NULL, 10);
		}
	}
}

struct error *apt_show(const char *const *names, size_t n, struct apt_package_vec *list)
{
	scoped_free const char **argv = xcalloc(n + 3, sizeof(*argv));
	scoped_process_result struct process_result result = { 0 };
	size_t k = 0;

	argv[k++] = "apt-cache";
	argv[k++] = "show";
	for (size_t i = 0; i < n; i++)
		argv[k++] = names[i];
	TRY(process_run(&(struct process){ .argv = argv, .env = c_locale }, &result));
	/* Exit status 100 only says that one of the names is unknown. */
	struct apt_package_vec all = { 0 };

	apt_parse(result.output, &all);
	for (size_t i = 0; i < all.n; i++) {
		/* A name with a dot may be taken for a pattern: keep what was asked for. */
		bool asked = false;

		for (size_t j = 0; j < n; j++)
			asked |= streq(all.at[i].name, names[j]);
		if (!asked)
			continue;
		apt_package_vec_push(list, all.at[i]);
		all.at[i] = (struct apt_package){ 0 };
	}
	apt_packages_free(&all);
	return NULL;
}

struct error *apt_names(const char *prefix, struct str_vec *names)
{
	const char *const argv[] = { "apt-cache", "pkgnames", prefix, NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv, .env = c_locale }, &result));
	for (const char *line = result.output; *line;) {
		size_t n = strcspn(line, "\n");

		if (n && starts_with(line, prefix))
			str_vec_push(names, xstrndup(line, n));
		line += n + (line[n] == '\n');
	}
	return NULL;
}

static struct error *apt_failed(const char *what, const struct process_result *result)
{
	scoped_free char *tail = tool_last_lines(result->output, 3);
	struct error *err = tool_disk_full(result->output);

	if (err)
		return error_context(err, "%s", what);
	err = error_new("T3", "%s failed: %s", what, tail);
	return error_hint(err, "is the network there, and are main and security of this Debian "
			       "release in the apt sources?");
}

struct error *apt_update(void)
{
	const char *const argv[] = { "apt-get", "-q", "update", NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv, .env = c_locale }, &result));
	return result.status ? apt_failed("apt-get update", &result) : NULL;
}

static struct error *download_once(const struct apt_package_vec *list, const char *dir,
				   struct process_result *result)
{
	struct str_vec words = { 0 };
	scoped_free const char **argv = xcalloc(list->n + 6, sizeof(*argv));
	size_t k = 0;

	argv[k++] = "apt-get";
	argv[k++] = "-q";
	argv[k++] = "-oAPT::Sandbox::User=root";
	argv[k++] = "-oAcquire::Retries=3";
	argv[k++] = "download";
	for (size_t i = 0; i < list->n; i++) {
		str_vec_push(&words, xasprintf("%s=%s", list->at[i].name, list->at[i].version));
		argv[k++] = words.at[i];
	}
	argv[k] = NULL;
	struct error *err = process_run(
		&(struct process){ .argv = argv, .env = c_locale, .cwd = dir }, result);

	str_vec_free_all(&words);
	return err;
}

struct error *apt_download(const struct apt_package_vec *list, const char *dir)
{
	scoped_process_result struct process_result first = { 0 };
	scoped_process_result struct process_result second = { 0 };

	TRY(download_once(list, dir, &first));
	if (first.status == 0)
		return NULL;
	TRY(tool_disk_full(first.output));
	/* The archive moves: what the lists name may be gone, or have another address now. */
	TRY(apt_update());
	TRY(download_once(list, dir, &second));
	return second.status ? apt_failed("apt-get download", &second) : NULL;
}

struct error *apt_file(const struct apt_package *package, const char *dir, char **path)
{
	scoped_free char *pattern = xasprintf("%s/%s_%s_*.deb", dir, package->name,
					      package->version);
	glob_t found = { 0 };
	struct stat st;
	struct error *err = NULL;

	if (glob(pattern, 0, NULL, &found) || found.gl_pathc != 1) {
		err = error_new("T3", "package %s %s: no file in %s", package->name,
				package->version, dir);
	} else if (stat(found.gl_pathv[0], &st) ||
		   (package->size && (unsigned long long)st.st_size != package->size)) {
		err = error_new("T3", "%s: should have %llu bytes", found.gl_pathv[0],
				package->size);
	} else {
		*path = xstrdup(found.gl_pathv[0]);
	}
	globfree(&found);
	return err;
}

char *apt_dependency(const char *depends, const char *prefix, const char *suffix, char **exact)
{
	*exact = NULL;
	for (const char *p = depends; *p;) {
		p += strspn(p, " ,|");
		size_t n = strcspn(p, " ,|(");
		scoped_free char *name = xstrndup(p, n);
		const char *end = p + strcspn(p, ",|");

		if (n && starts_with(name, prefix) && ends_with(name, suffix)) {
			const char *version = strstr(p, "(= ");

			if (version && version < end)
				*exact = xstrndup(version + 3, strcspn(version + 3, ")"));
			return take(name);
		}
		p = end;
	}
	return NULL;
}
