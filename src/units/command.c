// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/command.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

char *path_normalize(const char *path)
{
	struct str_vec parts = {0};
	scoped_free char *copy = xstrdup(path);
	scoped_str struct str out = {0};
	bool absolute = path[0] == '/';

	for (char *save = NULL, *p = strtok_r(copy, "/", &save); p;
	     p = strtok_r(NULL, "/", &save)) {
		bool up = streq(p, "..");

		if (streq(p, "."))
			continue;
		if (up && parts.n && !streq(parts.at[parts.n - 1], ".."))
			parts.n--;
		else if (!(up && absolute))
			str_vec_push(&parts, p);
	}
	if (absolute)
		str_add(&out, "/");
	for (size_t i = 0; i < parts.n; i++)
		str_add(&out, "%s%s", i ? "/" : "", parts.at[i]);
	if (!out.n)
		str_add(&out, ".");
	str_vec_free(&parts);
	return take(out.s);
}

char *path_below(const char *tree, const char *cwd, const char *path)
{
	scoped_free char *full = path[0] == '/' ? xstrdup(path) : path_join(cwd, path);
	scoped_free char *clean = path_normalize(full);
	scoped_free char *root = path_normalize(tree);
	size_t n = strlen(root);

	if (!starts_with(clean, root) || clean[n] != '/')
		return NULL;
	return xstrdup(clean + n + 1);
}

/* make's own quoting in a .cmd file: "$$" is "$", "$(pound)" is "#" (6.x), "\#" (5.x). */
static char *unescape_make(const char *s)
{
	scoped_str struct str out = {0};

	str_add(&out, "%s", "");
	while (*s) {
		if (starts_with(s, "$(pound)")) {
			str_add_bytes(&out, "#", 1);
			s += strlen("$(pound)");
		} else if (starts_with(s, "$$") || starts_with(s, "\\#")) {
			str_add_bytes(&out, s + 1, 1);
			s += 2;
		} else {
			str_add_bytes(&out, s++, 1);
		}
	}
	return take(out.s);
}

/* Length of the first command of a list: up to an unquoted ';', '&', '|' or newline. */
static size_t first_command(const char *s)
{
	char quote = 0;
	size_t i = 0;

	for (; s[i] && (quote || !strchr(";&|\n", s[i])); i++) {
		if (s[i] == '\\' && quote != '\'' && s[i + 1])
			i++;
		else if (quote ? s[i] == quote : s[i] == '"' || s[i] == '\'')
			quote = quote ? 0 : s[i];
	}
	return i;
}

/* Options that we replace by our own, and how many words each takes. */
static size_t dropped_words(const char *word)
{
	if (streq(word, "-o") || streq(word, "-MF") || streq(word, "-MT") || streq(word, "-MQ"))
		return 2;
	if (starts_with(word, "-Wp,-MD,") || starts_with(word, "-Wp,-MMD,") ||
	    starts_with(word, "-Wp,-MT,") || streq(word, "-MD") || streq(word, "-MMD") ||
	    streq(word, "-Werror"))
		return 1;
	return 0;
}

/* KBUILD_MODNAME of -DKBUILD_MODNAME='"name"' (or the unquoted __KBUILD_MODNAME). */
static char *module_name(const struct str_vec *argv)
{
	static const char prefix[] = "-DKBUILD_MODNAME=\"";

	for (size_t i = 0; i < argv->n; i++)
		if (starts_with(argv->at[i], prefix))
			return xstrndup(argv->at[i] + sizeof(prefix) - 1,
					strcspn(argv->at[i] + sizeof(prefix) - 1, "\""));
	return NULL;
}

static bool has_word(const struct str_vec *argv, const char *word)
{
	for (size_t i = 0; i < argv->n; i++)
		if (streq(argv->at[i], word))
			return true;
	return false;
}

static struct error *find_kobject(struct command *c)
{
	if (!has_word(&c->argv, "-DMODULE")) {
		c->kobject = xstrdup("vmlinux");
		return NULL;
	}
	c->kobject = module_name(&c->argv);
	if (!c->kobject)
		return error_new("U11", "%s: its compile command has -DMODULE and no module name",
				 c->object_name);
	/* Kbuild joins the names of several modules with ':' (modname-multi, scripts/Makefile.lib).
	 */
	if (strchr(c->kobject, ':'))
		return error_new("U5", "%s: linked into several modules (%s)", c->object_name,
				 c->kobject);
	for (char *p = c->kobject; *p; p++)
		if (*p == '-')
			*p = '_';
	return NULL;
}

/*
 * How the command names the source tree: LINUXINCLUDE begins with
 * -I$(srctree)/arch/$(SRCARCH)/include (top Makefile). A module tree is named by its absolute path.
 */
static void find_tree(const struct target *t, struct command *c)
{
	static const char suffix[] = "/arch/x86/include";

	for (size_t i = 0; i < c->argv.n && !c->tree && !t->kernel; i++) {
		const char *w = c->argv.at[i];

		if (starts_with(w, "-I") && ends_with(w, suffix))
			c->tree = xstrndup(w + 2, strlen(w + 2) - (sizeof(suffix) - 1));
	}
	if (!c->tree)
		c->tree = xstrdup(t->srctree);
}

/* The C (or assembly) file among the words. */
static struct error *find_source(const struct target *t, struct command *c)
{
	const char *file = NULL;

	for (size_t i = 1; i < c->argv.n; i++)
		if (c->argv.at[i][0] != '-' &&
		    (ends_with(c->argv.at[i], ".c") || ends_with(c->argv.at[i], ".S")))
			file = c->argv.at[i];
	if (!file)
		return error_new("U11", "%s: no source file in its compile command",
				 c->object_name);
	find_tree(t, c);
	scoped_free char *tree =
		c->tree[0] == '/' ? xstrdup(c->tree) : path_join(t->objtree, c->tree);

	c->source = path_below(tree, target_command_dir(t), file);
	if (!c->source)
		c->source = path_below(t->objtree, target_command_dir(t), file);
	if (!c->source)
		return error_new("U11", "%s: compiled from %s, outside of the source tree",
				 c->object_name, file);
	return NULL;
}

struct error *command_parse(const struct target *target, const char *object_name, const char *text,
			    struct command *command)
{
	scoped_free char *plain = unescape_make(text);
	struct str_vec words = {0};

	*command = (struct command) {.object_name = xstrdup(object_name)};
	plain[first_command(plain)] = 0;
	bool whole = str_split_shell(plain, &words);

	for (size_t i = 0; i < words.n; i++) {
		size_t drop = dropped_words(words.at[i]);

		if (!drop)
			str_vec_push(&command->argv, xstrdup(words.at[i]));
		else
			i += drop - 1;
	}
	str_vec_free_all(&words);
	if (!whole || command->argv.n < 3 || !has_word(&command->argv, "-c"))
		return error_new("U11",
				 "%s: its recorded command is not one of a C compiler: %.80s",
				 object_name, plain);
	command->outside = target->kernel != NULL;
	TRY(find_source(target, command));
	return find_kobject(command);
}

void command_free(struct command *c)
{
	free(c->object_name);
	free(c->source);
	free(c->tree);
	free(c->kobject);
	str_vec_free_all(&c->argv);
	*c = (struct command) {0};
}

void commands_free(struct command_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		command_free(&list->at[i]);
	command_vec_free(list);
}

uint64_t command_hash(const struct target *t, const struct command *c)
{
	const char *fixed[] = {"1", t->srctree, t->objtree, c->object_name};
	uint64_t h = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		h = hash_bytes(fixed[i], strlen(fixed[i]) + 1, h);
	for (size_t i = 0; i < c->argv.n; i++)
		h = hash_bytes(c->argv.at[i], strlen(c->argv.at[i]) + 1, h);
	return h;
}

/* The word with the source tree's path replaced wherever it stands as a whole path prefix. */
static char *with_farm(const char *word, const char *tree, const char *farm)
{
	scoped_str struct str out = {0};
	size_t n = strlen(tree);
	const char *p = word, *hit;

	str_add(&out, "%s", "");
	while ((hit = strstr(p, tree))) {
		bool whole = strchr("/=\"", hit[n]) &&
			     (hit == word || !isalnum((unsigned char)hit[-1]) || hit - word == 2);

		str_add_bytes(&out, p, hit - p);
		str_add(&out, "%s", whole ? farm : tree);
		p = hit + n;
	}
	str_add(&out, "%s", p);
	return take(out.s);
}

static void push(struct str_vec *argv, const char *word)
{
	str_vec_push(argv, xstrdup(word));
}

void command_argv(const struct command *c, const char *farm, const char *object, const char *deps,
		  struct str_vec *argv)
{
	bool replace = farm && c->tree[0] == '/';

	for (size_t i = 0; i < c->argv.n; i++) {
		char *word =
			replace ? with_farm(c->argv.at[i], c->tree, farm) : xstrdup(c->argv.at[i]);

		str_vec_push(argv, word);
	}
	if (replace && c->outside) { /* Kbuild maps __FILE__ only for the kernel's own files */
		str_vec_push(argv, xasprintf("-fmacro-prefix-map=%s/=%s/", farm, c->tree));
	}
	push(argv, "-ffunction-sections");
	push(argv, "-fdata-sections");
	/* Where variables are while a function runs is asked by nobody, and costs a seventh of the time. */
	push(argv, "-fno-var-tracking");
	push(argv, "-MMD");
	push(argv, "-MF");
	push(argv, deps);
	push(argv, "-o");
	push(argv, object);
	str_vec_push(argv, NULL);
}

char *command_cwd(const struct target *t, const struct command *c, const char *farm)
{
	if (!farm || c->tree[0] == '/')
		return xstrdup(target_command_dir(t));
	scoped_free char *rel = path_below(t->srctree, "/", t->objtree);

	return rel ? path_join(farm, rel) : xstrdup(farm);
}

void deps_parse(const char *text, struct str_vec *files)
{
	const char *p = strstr(text, ": ");
	scoped_str struct str word = {0};

	for (p = p ? p + 1 : ""; *p; p++) {
		if (*p == '\\' && p[1] == '\n') {
			p++;
		} else if (*p == '\\' && p[1] == ' ') {
			str_add_bytes(&word, ++p, 1);
			continue;
		} else if (!isspace((unsigned char)*p)) {
			str_add_bytes(&word, p, 1);
			continue;
		}
		if (isspace((unsigned char)*p) && word.n) {
			str_vec_push(files, xstrndup(word.s, word.n));
			word.n = 0;
		}
	}
	if (word.n)
		str_vec_push(files, xstrndup(word.s, word.n));
}
