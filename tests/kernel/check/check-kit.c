// SPDX-License-Identifier: GPL-2.0-or-later
#include "check-kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "../klp-post-link.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/process.h"
#include "base/str.h"
#include "convert/convert.h"

const char *kit_sources;
struct target *kit_target;
static char *dir;

/* Blank separated; the caller's, NULL: there is no target. */
static char *target_names(void)
{
	const char *all = getenv("SUTURE_TEST_TARGETS"), *one = getenv("SUTURE_TEST_TARGET");
	struct target_vec list = { 0 };
	scoped_error struct error *err = NULL;
	char *names = NULL;

	if (all && *all)
		return xstrdup(all);
	if (one && *one)
		return xstrdup(one);
	err = target_list(&list);
	if (!err && list.n)
		names = xstrdup(list.at[0]->name);
	for (size_t i = 0; i < list.n; i++)
		target_free(list.at[i]);
	target_vec_free(&list);
	return names;
}

int kit_each_target(int (*run)(bool first))
{
	scoped_free char *names = target_names();
	int failed = 0, ran = 0;
	char *rest = NULL;

	for (char *name = names ? strtok_r(names, " ", &rest) : NULL; name; name = strtok_r(NULL, " ", &rest)) {
		scoped_error struct error *err = target_open(name, &kit_target);

		print_message("%s%s%s\n", name, err ? ": " : "", err ? err->message : "");
		failed += err ? 1 : run(!ran);
		ran++;
		target_free(kit_target);
		kit_target = NULL;
	}
	if (!ran)
		print_message("skipped: no target (suture target add)\n");
	return failed ? 1 : ran ? 0 : 77;
}

char *kit_file(const char *name)
{
	return path_join(dir, name);
}

static struct error *copy_sources(const char *const *names)
{
	scoped_free char *good = path_join(dir, "good");

	TRY(make_dirs(good));
	for (size_t i = 0; names[i]; i++) {
		scoped_free char *from = path_join(kit_sources, names[i]), *to = kit_file(names[i]);

		TRY(copy_file(from, to));
	}
	return NULL;
}

/* Undefined symbols are meant; without BTF, which needs pahole. */
static struct error *build(void)
{
	scoped_free char *place = xasprintf("M=%s", dir);
	scoped_free char *cc = xasprintf("CC=%s", kit_target->cc);
	const char *const argv[] = { "make", "-s", "-j2", "-C", kit_target->kbuild, place, cc,
				     "KBUILD_MODPOST_WARN=1", "CONFIG_DEBUG_INFO_BTF_MODULES=",
				     "modules", NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	return result.status ? error_new("Y3", "make failed: %s", result.output) : NULL;
}

/* Gives a module its livepatch relocations, in place. */
static struct error *convert(const struct symlist *symbols, const char *name)
{
	scoped_free char *path = kit_file(name), *data = NULL;
	struct finding_vec findings = { 0 };
	struct convert_result result = { 0 };
	size_t size;

	TRY(read_file(path, &data, &size));
	struct error *err = convert_module(&(struct convert_request){
		.name = path, .data = data, .size = size, .symbols = symbols,
		.findings = &findings }, &result);

	findings_print(&findings, stderr);
	if (!err && !result.module)
		err = error_new("B3", "%s was not converted", name);
	if (!err)
		err = write_file(path, result.module, result.size);
	convert_result_free(&result);
	findings_free(&findings);
	return err;
}

static struct error *convert_all(void)
{
	struct symlist symbols = { 0 };
	struct error *err = symlist_of_target(kit_target, &symbols);

	if (!err)
		err = convert(&symbols, "repaired.ko");
	if (!err)
		err = convert(&symbols, "code.ko");
	if (!err)
		err = convert(&symbols, "klp-build.ko"); /* is finished: stays as it is */
	symlist_free(&symbols);
	return err;
}

/* A section that waits for a module, with the key of a tracepoint: two changes. */
static struct error *make_tracepoint(void)
{
	scoped_free char *one = kit_edited("repaired", &(struct alteration){ "sections",
		".klp.rela.vmlinux..text.livepatch_fixture", ".klp.rela.zram.__jump_table$" });
	scoped_free char *to = kit_file("half.ko");

	TRY(copy_file(one, to));
	scoped_free char *two = kit_edited("half", &(struct alteration){ "strings",
		".klp.sym.vmlinux.calc_load_tasks,0", ".klp.sym.zram.__tracepoint_xy,0$" });
	scoped_free char *last = kit_file("tracepoint.ko");

	return copy_file(two, last);
}

/* Files as the kernel shows them. */
static const struct {
	const char *path, *text;
} virtual_files[] = {
	{ "quiet/proc/cmdline", "root=/dev/vda1 quiet\n" },
	{ "quiet/sys/kernel/tracing/enabled_functions",
	  "schedule (1) R   \ttramp: 0xffffffffc0390000 (klp_ftrace_handler+0x0/0x170)\n" },
	{ "quiet/sys/kernel/debug/kprobes/list", "ffffffff81c92c60  r  schedule+0x0    [FTRACE]\n" },
	{ "quiet/sys/kernel/livepatch/other/transition", "0\n" },
	{ "quiet/sys/kernel/livepatch/other/vmlinux/m_start,3/x", "" },
	{ "busy/proc/cmdline", "root=/dev/vda1 preempt=full\n" },
	{ "busy/sys/kernel/tracing/enabled_functions",
	  "m_start (1) R I   \ttramp: 0xffffffffc0390000 (klp_ftrace_handler+0x0/0x170)\n"
	  "compact_store [zram] (1) R I   \ttramp: 0xffffffffc0390000 (x+0x0/0x170)\n" },
	{ "busy/sys/kernel/debug/kprobes/list",
	  "ffffffff81508c60  r  cmdline_proc_show+0x0    [FTRACE]\n" },
	{ "busy/sys/kernel/livepatch/other/transition", "1\n" },
	{ "busy/sys/kernel/livepatch/other/vmlinux/m_start,2/x", "" },
};

static struct error *make_systems(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(virtual_files); i++) {
		scoped_free char *path = kit_file(virtual_files[i].path), *parent = path_dirname(path);

		TRY(make_dirs(parent));
		TRY(write_file(path, virtual_files[i].text, strlen(virtual_files[i].text)));
	}
	return NULL;
}

bool kit_has_symbol(const char *name)
{
	scoped_image struct image *image = NULL;

	assert_null(image_open("vmlinux", kit_target->vmlinux, &image));
	return image_find(image, name);
}

static struct error *prepare(const char *const *names)
{
	TRY(temp_dir_new("check-test", &dir));
	TRY(copy_sources(names));
	return build();
}

static int outcome(struct error *err)
{
	if (!err)
		return 0;
	print_error("%s: %s\n", err->id, err->message);
	error_free(err);
	return -1;
}

int kit_build(const char *const *names)
{
	return outcome(prepare(names));
}

static struct error *post_link(const char *name)
{
	scoped_free char *path = kit_file(name), *why = klp_post_link(path);

	return why ? error_new("Y3", "%s: %s", name, why) : NULL;
}

static struct error *finish(void)
{
	TRY(post_link("klp-build.ko"));
	TRY(make_systems());
	TRY(convert_all());
	return make_tracepoint();
}

int kit_finish(void)
{
	return outcome(finish());
}

int kit_teardown(void **state)
{
	temp_dir_remove(&dir);
	return 0;
}

/* ---- changes ---- */

static Elf64_Shdr *headers(char *data, size_t *n, const char **names)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)data;
	Elf64_Shdr *sh = (Elf64_Shdr *)(data + eh->e_shoff);

	*n = eh->e_shnum;
	*names = data + sh[eh->e_shstrndx].sh_offset;
	return sh;
}

static Elf64_Shdr *section(char *data, const char *name)
{
	size_t n;
	const char *names;
	Elf64_Shdr *sh = headers(data, &n, &names);

	for (size_t i = 1; i < n; i++)
		if (streq(names + sh[i].sh_name, name))
			return &sh[i];
	fail_msg("no section %s", name);
	return NULL;
}

static void replace(char *data, const Elf64_Shdr *s, const struct alteration *e)
{
	char *at = memmem(data + s->sh_offset, s->sh_size, e->from, strlen(e->from));
	size_t n = strlen(e->to);
	bool last = ends_with(e->to, "$");

	if (!at)
		fail_msg("%s: no '%s'", e->place, e->from);
	assert_true(n - last <= strlen(e->from));
	memcpy(at, e->to, n - last);
	if (last)
		memset(at + n - 1, 0, strlen(e->from) - n + 1);
}

static void apply(char *data, const struct alteration *e)
{
	if (streq(e->place, "shrink"))
		section(data, e->from)->sh_size -= strtoul(e->to, NULL, 10);
	else if (streq(e->place, "strings"))
		replace(data, section(data, ".strtab"), e);
	else if (streq(e->place, "sections"))
		replace(data, section(data, ".shstrtab"), e);
	else
		replace(data, section(data, e->place), e);
}

char *kit_edited(const char *module, const struct alteration *e)
{
	scoped_free char *name = xasprintf("%s.ko", module), *from = kit_file(name), *data = NULL;
	struct str out = { 0 };
	size_t size;

	if (!e->place)
		return take(from);
	assert_null(read_file(from, &data, &size));
	if (!streq(e->place, "end"))
		apply(data, e);
	str_add_bytes(&out, data, size);
	if (streq(e->place, "end"))
		str_add(&out, "%s", e->from);
	char *to = kit_file("edited.ko");

	assert_null(write_file(to, out.s, out.n));
	str_free(&out);
	return to;
}

struct target *kit_without_option(const char *line)
{
	scoped_free char *text = NULL, *path = kit_file("config");
	struct target *t = NULL;
	char *at;

	assert_null(target_open(kit_target->name, &t));
	assert_null(read_file(t->config, &text, NULL));
	at = strstr(text, line);
	assert_non_null(at);
	*at = '#';
	assert_null(write_file(path, text, strlen(text)));
	free(t->config);
	t->config = take(path);
	return t;
}
