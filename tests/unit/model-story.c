// SPDX-License-Identifier: GPL-2.0-or-later
/* Stories of counterexamples: from the lines of a replay to sentences; damaged replays too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/story.h"

static const char replay[] = "   story: core 1 1\n     story: task 0 0\nstory: core 3 1\n  noise\n"
			     "story: core 0 1\nstory: chose 0 1 1\nstory: away 0 2\n"
			     "story: state 0 0\nstory: enter 0 0 0\nstory: enter 0 1 1\n";

static void tells_the_story(void **state)
{
	static const char expected[] =
		"patch 1 is being enabled\n"
		"patch 1 has completed its transition\n"
		"patch 1 is being disabled\n"
		"klp_ftrace_handler() sends task 0 to new (patch 1) do_unlock()\n"
		"task 0 is preempted in the ftrace trampoline\n"
		"task 0 is switched: unpatched\n"
		"task 0 runs old function 0\n"
		"task 0 runs new (patch 1) do_unlock() < old function 0\n"
		"in the end, task 0 has on its stack: new (patch 1) do_unlock() < old function 0\n";
	scoped_str struct str story = { 0 };
	scoped_story_names struct story_names names;

	story_names_read("/* name 1 do_unlock */\n/* name 9 no */ name 1 twice", &names);
	assert_true(story_tell(replay, &names, &story));
	assert_string_equal(story.s, expected);
}

static void no_story(void **state)
{
	struct story_names none = { 0 };
	scoped_str struct str story = { 0 };

	assert_false(story_tell("", &none, &story));
	assert_false(story_tell("story: \nstory: enter\nstory: enter 0 7 1\nstory: enter 99 0 0\n"
				"story: state 0 9\nstory: core 0 7\nstory: nothing 1 2\n",
				&none, &story));
	assert_int_equal(story.n, 0);
}

/* More calls than functions, returns from nothing, every byte of a replay damaged. */
static void damaged(void **state)
{
	struct story_names none = { 0 };
	char text[sizeof(replay)];

	for (size_t i = 0; i < sizeof(replay) - 1; i++)
		for (int c = 1; c < 256; c += 7) {
			scoped_str struct str story = { 0 };

			memcpy(text, replay, sizeof(replay));
			text[i] = (char)c;
			story_tell(text, &none, &story);
		}
	scoped_str struct str story = { 0 };

	assert_true(story_tell("story: return 0 1\nstory: enter 0 1 1\nstory: enter 0 1 1\n"
			       "story: enter 0 1 1\nstory: enter 0 1 1\nstory: enter 0 1 1\n"
			       "story: enter 0 1 1\n", &none, &story));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_story),
		cmocka_unit_test(no_story),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
