// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch in the form that klp-build (6.19 to 7.2: objtool's klp diff, the link with scripts/livepatch/init.c,
 * objtool's klp post-link) leaves behind, as seen in modules made with it: no struct klp_patch in the data, but
 * tables of which the module's own code makes one; the functions of all objects in one section; symbols of
 * nobody, records and R_X86_64_NONE where livepatch relocations were made (../klp-post-link.h does that), here
 * also in a table of entries that all have as many relocations; a message of the module's own code, printed
 * once.
 */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

extern unsigned long of_nobody_calc_load_tasks __asm__(".klp.tombstone.calc_load_tasks") __weak;

static noinline int new_function(void)
{
	WARN_ON(of_nobody_calc_load_tasks == 1);
	return 0;
}

static noinline int new_compact_store(void)
{
	return new_function();
}

#define KLP_SYM "\".klp.sym.vmlinux.calc_load_tasks,0\""
asm(".pushsection __klp_relocs.vmlinux, \"a\"\n.balign 8\n"
    ".weak " KLP_SYM "\n.quad new_function, " KLP_SYM "\n.long 2, 0\n"
    ".popsection\n"
    ".pushsection .klp.rela.vmlinux..text, \"a\"\n.balign 8\n.zero 24\n.popsection\n"
    ".pushsection __bug_table, \"aw\"\n.reloc 0, R_X86_64_NONE, .klp.tombstone.calc_load_tasks\n.popsection");

/* struct klp_func_ext, klp_object_ext (include/linux/livepatch_external.h) */
struct func_ext {
	const char *old_name;
	void *new_func;
	unsigned long sympos;
};
struct object_ext {
	const char *name;
	const struct func_ext *funcs;
	struct klp_callbacks callbacks;
	unsigned int nr_funcs;
};

static const struct func_ext functions[] __used __section(".init.klp_funcs") = {
	{ "m_start", new_function },
	{ "compact_store", new_compact_store },
};
static const struct object_ext objects[] __used __section(".init.klp_objects") = {
	{ .funcs = functions, .nr_funcs = 1 },
	{ .name = "zram", .funcs = functions + 1, .nr_funcs = 1 },
};

static int __init klp_build_init(void)
{
	pr_warn_once("nothing to patch\n");
	return 0;
}

module_init(klp_build_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("livepatch of another tool, for the tests of the rules");
MODULE_INFO(livepatch, "Y");
