// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a converted module's symbols are in a kernel, and what its loader would not find. */
#include "convert-kit.h"

#include "module/inspect_resolve.h"

#define SOURCE                                                                                     \
	"extern int printk(const char *), hidden(void), ext4_state, twice(void);\n"                \
	"SUTURE_KLP_SYM(vmlinux, twice, 2);\n"                                                     \
	"int f(void) { return printk(\"x\") + hidden() + ext4_state + twice(); }"

/* The converted module, looked up in a list of this text. */
struct lookup {
	struct run run;
	struct inspection *in;
	struct symlist list;
	char *text;
};

static void look_up(struct lookup *l, const char *list)
{
	convert_source(&l->run, "inspect", SOURCE);
	assert_converted(&l->run);
	l->text = xstrdup(list);
	assert_fine(symlist_parse("list", l->text, &l->list));
	assert_fine(inspect_memory("inspect", l->run.result.module, l->run.result.size, &l->in));
	inspect_resolve(l->in, &l->list);
}

static void close_lookup(struct lookup *l)
{
	inspection_free(l->in);
	symlist_free(&l->list);
	free(l->text);
	run_close(&l->run);
}

static const char *address_of(const struct lookup *l, const char *symbol)
{
	for (size_t i = 0; i < l->in->relocs.n; i++)
		if (streq(l->in->relocs.at[i].symbol, symbol))
			return l->in->relocs.at[i].address;
	fail_msg("no relocation to %s", symbol);
	return NULL;
}

static bool has_finding(const struct lookup *l, const char *id, const char *symbol)
{
	for (size_t i = 0; i < l->in->findings.n; i++)
		if (streq(l->in->findings.at[i].id, id) && l->in->findings.at[i].symbol &&
		    streq(l->in->findings.at[i].symbol, symbol))
			return true;
	return false;
}

static void addresses(void **state)
{
	struct lookup l SCOPED(close_lookup) = { 0 };

	look_up(&l, convert_list);
	assert_string_equal(address_of(&l, "hidden"), "0xffffffff81000200");
	assert_string_equal(address_of(&l, "twice"), "0xffffffff81000400");
	assert_string_equal(address_of(&l, "ext4_state"), ".data+0x10");
	assert_string_equal(l.in->imports.at[0].name, "printk");
	assert_string_equal(l.in->imports.at[0].owner, "vmlinux");
	assert_string_equal(l.in->kernel, "debian:test");
	assert_false(has_finding(&l, "N4", "printk"));
}

/* Another kernel: one name occurs twice, one is in init memory, one is gone, as are a module and an export. */
static void another_kernel(void **state)
{
	struct lookup l SCOPED(close_lookup) = { 0 };

	look_up(&l, "suture-symbols 1 other\n*vmlinux\n- hidden ffffffff81000200 ffffffff81000300\n"
		    "- twice ffffffff81000400\n");
	assert_null(address_of(&l, "hidden"));
	assert_true(has_finding(&l, "N1", "hidden"));
	assert_true(has_finding(&l, "K3", "twice"));
	assert_true(has_finding(&l, "N4", "ext4_state"));
	assert_true(has_finding(&l, "N4", "printk"));
}

static void gone_or_in_init_memory(void **state)
{
	struct lookup l SCOPED(close_lookup) = { 0 };

	look_up(&l, "suture-symbols 1 other\n*vmlinux\nE printk 1\n- hidden .init.text+10\n"
		    "- twice 20 ?\n*ext4\n- other .data+0\n");
	assert_true(has_finding(&l, "K8", "hidden"));
	assert_null(address_of(&l, "twice")); /* the list does not tell */
	assert_false(has_finding(&l, "K3", "twice"));
	assert_true(has_finding(&l, "N4", "ext4_state"));
	assert_false(has_finding(&l, "N4", "printk"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(another_kernel),
		cmocka_unit_test(gone_or_in_init_memory),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
