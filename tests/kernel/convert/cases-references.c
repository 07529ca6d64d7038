// SPDX-License-Identifier: GPL-2.0-or-later
/* To what the references of each livepatch lead: values that were read in the guest. */
#include "base/file.h"
#include "cases.h"
#include "live.h"

void automatic(void **state)
{
	static const char *const symbols[] = { "saved_command_line", "linux_proc_banner",
					       "cmdline_proc_show" };

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		scoped_free char *key = xasprintf("core.%s", symbols[i]);

		guest_expect_address("automatic", key, nm_address(symbols[i], 1));
	}
	guest_expect("automatic", "before.answer", "1");
	guest_expect("automatic", "core.banner", "%s version");
	scoped_free char *line = guest_find("automatic", "core.line", 0);

	assert_non_null(line);
	assert_non_null(strstr(line, "console=ttyS0"));
	guest_expect("automatic", "core.called", line);
	guest_expect("automatic", "with", "10422"); /* 1000 + 4711 + 4711 */
	guest_expect("automatic", "after", "1");
	scoped_free char *before = guest_find("automatic", "before.core.Linux", 0);

	assert_non_null(before);
	guest_expect("automatic", "after.core.Linux", before);
}

void positions(void **state)
{
	assert_true(nm_count("m_start") >= 3);
	guest_expect_address("positions", "core.saved_command_line,0",
			     nm_address("saved_command_line", 1));
	guest_expect_address("positions", "core.m_start,1", nm_address("m_start", 1));
	guest_expect_address("positions", "core.m_start,2", nm_address("m_start", 2));
	guest_expect_address("positions", "core.m_start,3", nm_address("m_start", 3));
	guest_expect_address("positions", "core.sched_schedstats,0",
			     nm_address("sched_schedstats", 1));
}

/* The kernel lists a module's symbols in the order of its symbol table, which positions count. */
void homonyms(void **state)
{
	static const struct {
		const char *key, *symbol;
		unsigned int n;
	} twins[] = { { "a.twin,1", "kallsyms.twin", 0 },
		      { "a.twin,2", "kallsyms.twin", 1 },
		      { "a.pair,1", "kallsyms.pair", 0 },
		      { "a.pair,2", "kallsyms.pair", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(twins); i++)
		guest_expect_address("homonyms", twins[i].key,
				     guest_address("homonyms", twins[i].symbol, twins[i].n));
	guest_expect("homonyms", "a.twins", "11 22");
	guest_expect("homonyms", "a.pairs", "111 222");
	guest_expect("homonyms", "a.common", "100");
	guest_expect("homonyms", "before.common", "200");
	guest_expect("homonyms", "b.common", "200");
	guest_expect("homonyms", "b.common_of_a", "100");
	guest_expect("homonyms", "after.exported", "4712");
}

void one_symbol_from_many_sections(void **state)
{
	static const char *const keys[] = { "core.text", "core.one", "core.two", "core.data" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		guest_expect_address("sections", keys[i], nm_address("linux_proc_banner", 1));
}

void pointers(void **state)
{
	static const char *const core[] = { "static", "global", "const",  "ro_after_init",
					      "per_cpu", "bss", "array1", "array3", "far",	   "const_far" };
	static const char *const module[] = { "static", "global", "const", "ro_after_init", "per_cpu",
					      "bss",	"array2", "far",   "const_far" };
	uint64_t line = nm_address("saved_command_line", 1);
	uint64_t secret = guest_address("pointers", "kallsyms.a_secret", 0);

	for (size_t i = 0; i < ARRAY_SIZE(core); i++) {
		scoped_free char *key = xasprintf("core.%s", core[i]);

		guest_expect_address("pointers", key, line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(module); i++) {
		scoped_free char *key = xasprintf("a.%s", module[i]);

		guest_expect_address("pointers", key, secret);
	}
	guest_expect_address("pointers", "core.behind", line + 4);
	guest_expect_address("pointers", "a.function",
			     guest_address("pointers", "kallsyms.a_helper", 0));
	guest_expect("pointers", "a.behind", "30");
	guest_expect("pointers", "a.through", "4713");
}

void keys_and_calls(void **state)
{
	static const char *const runs[] = { "off", "on", "again" };

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		scoped_free char *key = xasprintf("%s.key", runs[i]);
		scoped_free char *between = xasprintf("%s.between", runs[i]);
		scoped_free char *callee = xasprintf("%s.callee", runs[i]);

		guest_expect("keys", key, streq(runs[i], "on") ? "1" : "0");
		guest_expect("keys", between, "1");
		guest_expect_address("keys", callee, nm_address("native_sched_clock", 1));
	}
	guest_expect("keys", "module.off", "6");
	guest_expect("keys", "module.on", "16");
}

void indirect_calls(void **state)
{
	static const char *const begins[] = { "a.own_begins", "a.core_begins", "a.module_begins" };
	bool ibt = target_config_is(live_target, "X86_KERNEL_IBT", 'y');

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		scoped_free char *bytes = guest_find("indirect-calls", begins[i], 0);

		assert_non_null(bytes);
		assert_int_equal(strlen(bytes), 11);
		if (ibt)
			assert_string_equal(bytes, "f3 0f 1e fa"); /* endbr64 */
	}
	scoped_free char *line = guest_find("automatic", "core.line", 0);
	scoped_free char *key = xasprintf("a.%.*s", (int)strcspn(line, " "), line);

	guest_expect("indirect-calls", "a.own", "function");
	guest_expect("indirect-calls", key, line + strcspn(line, " ") + 1);
	guest_expect("indirect-calls", "a.called", "6");
}
