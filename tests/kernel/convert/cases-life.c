// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules that come and go, callbacks, shadow variables, stacks, replacement, transitions. */
#include "base/file.h"
#include "cases.h"
#include "live.h"

void loaded_before(void **state)
{
	guest_expect("loaded-before", "with", "4752"); /* 40 + 4711 + 1 */
	guest_expect("loaded-before", "patched.a", "1");
}

void loaded_after(void **state)
{
	guest_expect_nth("loaded-after", "patched.a", 0, "0");
	guest_expect_nth("loaded-after", "patched.a", 1, "1");
	guest_expect("loaded-after", "with", "4752");
	guest_expect("loaded-after", "after", "1");
}

void never_loaded(void **state)
{
	guest_expect("never-loaded", "patched.c", "0");
	guest_expect("never-loaded", "enabled", "1 0");
	guest_expect("never-loaded", "after", "1");
}

/* Does the kernel clear relocations when a patched module goes? (since 6.3) Its own source says it. */
static bool clears_relocations(void)
{
	scoped_free char *path = path_join(live_target->srctree, "kernel/livepatch/core.c");
	scoped_free char *text = NULL;

	assert_null(read_file(path, &text, NULL));
	return strstr(text, "clear_relocate_add") != NULL;
}

/* Never a wrong value: a kernel that cannot apply the relocations again refuses the module. */
void unloaded_and_loaded_again(void **state)
{
	static const char name[] = "unloaded-and-loaded-again";

	guest_expect(name, "patched.a", "0");
	guest_expect(name, "there", "0");
	if (clears_relocations()) {
		guest_expect(name, "second", "0");
		guest_expect(name, "again", "4752");
		guest_expect(name, "third", "0");
		guest_expect_nth(name, "third", 1, "4752");
		return;
	}
	scoped_free char *refused = guest_find(name, "second", 0);

	assert_non_null(refused);
	assert_non_null(strstr(refused, "invalid module format"));
	guest_expect_none(name, "again");
}

/* The livepatch refused the module once; after that the kernel cannot apply the relocations that were
 * written already, and refuses it for as long as the livepatch is there. */
void refused_then_loaded(void **state)
{
	scoped_free char *first = guest_find("refused-then-loaded", "first", 0);
	scoped_free char *second = guest_find("refused-then-loaded", "second", 0);

	assert_non_null(first);
	assert_non_null(second);
	assert_non_null(strstr(first, "No such device") ?: strstr(first, "invalid module format"));
	if (streq(second, "0"))
		guest_expect_nth("refused-then-loaded", "second", 1, "4711");
	else
		assert_non_null(strstr(second, "invalid module format"));
	guest_expect("refused-then-loaded", "after", "1");
}

void callbacks(void **state)
{
	static const char *const log[] = {
		"pre_patch vmlinux 1",	/* refused: nothing else happens */
		"pre_patch vmlinux 0",	 "pre_patch suture_a 0",  "post_patch vmlinux",
		"post_patch suture_a",
		"pre_unpatch suture_a",	 "post_unpatch suture_a", /* the module goes */
		"pre_patch suture_a 1", /* refused */
		"pre_patch suture_a 0",	 "post_patch suture_a",
		"pre_unpatch vmlinux",	 "pre_unpatch suture_a",  "post_unpatch vmlinux",
		"post_unpatch suture_a",
	};
	scoped_free char *load = guest_find("callbacks", "load.lp_callbacks", 0);
	scoped_free char *insmod = guest_find("callbacks", "insmod", 0);

	assert_non_null(load);
	assert_non_null(strstr(load, "No such device"));
	assert_non_null(insmod);
	assert_non_null(strstr(insmod, "No such device"));
	scoped_free char *original = guest_find("callbacks", "refused.core.Linux", 0);

	assert_non_null(original);
	guest_expect("callbacks", "refused", "1");
	guest_expect("callbacks", "there", "0");
	guest_expect_nth("callbacks", "load.lp_callbacks", 1, "0");
	guest_expect("callbacks", "core.version", "of lp_callbacks");
	guest_expect("callbacks", "with", "8");
	guest_expect("callbacks", "module.there", "0");
	guest_expect("callbacks", "again", "8");
	guest_expect("callbacks", "after", "1");
	guest_expect("callbacks", "after.core.Linux", original);
	for (size_t i = 0; i < ARRAY_SIZE(log); i++)
		guest_expect_nth("callbacks", "log", i, log[i]);
	assert_null(guest_find("callbacks", "log", ARRAY_SIZE(log)));
}

/* Counts begin with the secret of suture_a, go on, and are gone after the livepatch. */
void shadow_variables(void **state)
{
	for (unsigned int i = 0; i < 3; i++) {
		scoped_free char *first = xasprintf("%u shown 4711", i + 1);
		scoped_free char *second = xasprintf("%u shown 4712", i + 1);
		scoped_free char *after = xasprintf("%u", i + 1);

		guest_expect_nth("shadow", "first.item", i, first);
		guest_expect_nth("shadow", "second.item", i, second);
		guest_expect_nth("shadow", "after.item", i, after);
		guest_expect_nth("shadow", "again.item", i, first);
	}
	guest_expect("shadow", "log", "freed 3");
}

void stacked(void **state)
{
	guest_expect("stacked", "none", "1");
	guest_expect("stacked", "first", "20");
	guest_expect("stacked", "second", "30");
	guest_expect("stacked", "first.again", "20");
	guest_expect("stacked", "second.alone", "30");
	guest_expect("stacked", "none.again", "1");
}

void atomic_replace(void **state)
{
	scoped_free char *downgrade = guest_find("replace", "load.lp_state1", 1);

	guest_expect("replace", "stacked", "20");
	guest_expect("replace", "one", "4711");
	guest_expect("replace", "first.there", "0");
	guest_expect("replace", "two", "4713");
	guest_expect("replace", "one.there", "0");
	assert_non_null(downgrade);
	assert_non_null(strstr(downgrade, "Invalid argument"));
	guest_expect("replace", "downgrade", "4713");
	guest_expect("replace", "livepatches", "lp_state2");
	guest_expect("replace", "after", "1");
	guest_expect("replace", "log", "state dropped at 4713");
}

void somebody_sleeps(void **state)
{
	guest_expect_nth("sleeping", "transition", 0, "1");
	guest_expect("sleeping", "waits.for", "0");
	guest_expect("sleeping", "new.slept", "20");
	guest_expect_nth("sleeping", "transition", 1, "0");
	guest_expect("sleeping", "sleeper", "slept 1");
	guest_expect("sleeping", "with.slept", "20");
	guest_expect("sleeping", "after.slept", "1");
}

void reversed(void **state)
{
	guest_expect("reverse", "forth", "1 1");
	guest_expect("reverse", "rmmod", "1");
	guest_expect("reverse", "back", "yes");
	guest_expect("reverse", "asleep", "1");
	guest_expect("reverse", "there", "0");
	guest_expect("reverse", "sleeper", "slept 1");
}

void fifty_rounds(void **state)
{
	guest_expect("rounds", "good", "100");
}
