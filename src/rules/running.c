// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is loaded on a system, from its virtual files: /sys/kernel/livepatch (Documentation/ABI/testing/
 * sysfs-kernel-livepatch), tracefs' enabled_functions, debugfs' list of kprobes, the command line. Only
 * reads. A file that is not there or may not be read says nothing, and the report says so.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "rules/detectors.h"

/* ---- C2: other livepatches ---- */

static char *under(const struct check *c, const char *path)
{
	return path_join(c->sysroot, path);
}

static bool is_first_position(uint64_t position)
{
	return position <= 1;
}

/* /sys/kernel/livepatch/PATCH/OBJECT/FUNCTION,POSITION */
static bool is_patched_by(const struct check *c, const char *patch, const struct inspect_func *f)
{
	scoped_free char *path = xasprintf("sys/kernel/livepatch/%s/%s/%s,%llu", patch, f->kobject, f->name,
					   is_first_position(f->sympos) ? 1ull :
					   (unsigned long long)f->sympos);
	scoped_free char *full = under(c, path);

	return path_is_dir(full);
}

static bool reads(const struct check *c, const char *patch, const char *file, char value)
{
	scoped_free char *path = xasprintf("sys/kernel/livepatch/%s/%s", patch, file);
	scoped_free char *full = under(c, path), *text = NULL;
	scoped_error struct error *err = read_file(full, &text, NULL);

	return !err && text[0] == value;
}

static void report_patch(struct check *c, const struct rule *rule, const char *patch)
{
	if (reads(c, patch, "transition", '1'))
		finding_way_out(rule_finding(c, rule, NULL, patch, "transition",
			"this loaded livepatch is in transition: the kernel takes no other one until that "
			"is over"), "find the tasks that hold it up: /proc/*/patch_state");
	for (size_t i = 0; c->in->replace == 0 && i < c->in->functions.n; i++)
		if (is_patched_by(c, patch, &c->in->functions.at[i]))
			rule_finding(c, rule, c->in->functions.at[i].kobject,
				     c->in->functions.at[i].name, patch,
				     "the loaded livepatch %s replaces it, too, and stays loaded: its fix of "
				     "this function is lost", patch);
}

/* Names of the loaded livepatches; str_vec_free_all(). */
static void loaded_patches(const struct check *c, struct str_vec *names)
{
	scoped_free char *path = under(c, "sys/kernel/livepatch");
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			str_vec_push(names, xstrdup(entry->d_name));
	if (dir)
		closedir(dir);
}

struct error *rule_loaded_patch(struct check *c, const struct rule *rule)
{
	struct str_vec names = { 0 };

	loaded_patches(c, &names);
	for (size_t i = 0; i < names.n; i++)
		report_patch(c, rule, names.at[i]);
	str_vec_free_all(&names);
	return NULL;
}

/* ---- C10: who else is at the function's entry ---- */

static const struct inspect_func *func_named(const struct check *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->in->functions.n; i++) {
		const char *own = c->in->functions.at[i].name;

		if (strlen(own) == n && memcmp(own, name, n) == 0)
			return &c->in->functions.at[i];
	}
	return NULL;
}

/* IPMODIFY is livepatch's own flag if some loaded livepatch has the function. */
static bool is_livepatched(const struct check *c, const struct inspect_func *f)
{
	struct str_vec names = { 0 };
	bool found = false;

	loaded_patches(c, &names);
	for (size_t i = 0; i < names.n; i++)
		found |= is_patched_by(c, names.at[i], f);
	str_vec_free_all(&names);
	return found;
}

/* "NAME [module] (count) R I D O M ..." (t_show() in kernel/trace/ftrace.c). */
static void look_at_ftrace(struct check *c, const struct rule *rule, const char *line)
{
	const struct inspect_func *f = func_named(c, line, strcspn(line, " \t["));
	const char *flags = f ? strchr(line, ')') : NULL;

	if (!flags || strncmp(flags + 1 + strcspn(flags + 1, "I\t\n"), "I", 1) != 0 || is_livepatched(c, f))
		return;
	rule_finding(c, rule, f->kobject, f->name, "enabled_functions",
		     "something else changes where this function goes (flag I), and the kernel allows one: it "
		     "refuses the livepatch");
}

/* "ADDRESS k|r NAME+0xOFFSET [FLAGS]" (report_probe() in kernel/kprobes.c). */
static void look_at_kprobe(struct check *c, const struct rule *rule, const char *line)
{
	const char *kind = line + strcspn(line, " ");
	const char *name = *kind ? kind + strspn(kind, " ") : kind;

	kind = name;
	name += strcspn(name, " ");
	name += strspn(name, " ");
	const struct inspect_func *f = func_named(c, name, strcspn(name, "+ \t"));

	if (!f)
		return;
	struct finding *found = rule_finding(c, rule, f->kobject, f->name, "kprobes",
		*kind == 'r' ? "a kretprobe is there: only one of the two can be" :
		"a kprobe is in the old function: it is not hit any more once that is replaced");

	if (*kind != 'r')
		found->severity = SEVERITY_WARNING;
}

typedef void line_visit(struct check *c, const struct rule *rule, const char *line);

static bool each_line(struct check *c, const struct rule *rule, const char *path, line_visit *visit)
{
	scoped_free char *full = under(c, path), *text = NULL;
	scoped_error struct error *err = read_file(full, &text, NULL);

	if (err)
		return false;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		visit(c, rule, line);
	return true;
}

struct error *rule_other_hooks(struct check *c, const struct rule *rule)
{
	struct finding *f = NULL;

	if (!each_line(c, rule, "sys/kernel/tracing/enabled_functions", look_at_ftrace) &&
	    !each_line(c, rule, "sys/kernel/debug/tracing/enabled_functions", look_at_ftrace))
		f = rule_finding(c, rule, NULL, NULL, "enabled_functions",
				 "cannot be read: other users of ftrace are not seen");
	if (f)
		f->severity = SEVERITY_NOTE;
	if (!each_line(c, rule, "sys/kernel/debug/kprobes/list", look_at_kprobe))
		rule_finding(c, rule, NULL, NULL, "kprobes",
			     "cannot be read: kprobes are not seen")->severity = SEVERITY_NOTE;
	return NULL;
}

/* ---- C14 ---- */

struct error *rule_booted_preempt(struct check *c, const struct rule *rule)
{
	scoped_free char *path = under(c, "proc/cmdline"), *text = NULL;
	scoped_error struct error *err = read_file(path, &text, NULL);

	if (!err && strstr(text, "preempt=full"))
		rule_finding(c, rule, NULL, "preempt=full", path,
			     "this system was booted with full preemption: do not remove the module of a "
			     "disabled or replaced livepatch");
	return NULL;
}
