// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch by way of a source in which the compiler put other helpers in line than in the unit: not proved, and
 * not refuted. Held against a fix that gives another value, it is refuted.
 */
#include <string.h>

#include "../roads/road.h"
#include "verify/verify.h"

enum { O3 = 2 };

static const char file[] = "net/netfilter/nf_tables_api.c";
#define AT_THE_START "	lockdep_assert_held(&nft_net->commit_mutex);\n\n	table = nft_table_lookup(net, nla[NFTA_RULE_TABLE], family, genmask,\n" \
		     "				 NETLINK_CB(skb).portid);\n	if (IS_ERR(table)) {\n		NL_SET_BAD_ATTR(extack, nla[NFTA_RULE_TABLE]);"

static char *write_fix(const char *name, const char *more)
{
	scoped_free char *text = xasprintf("%s%s", more, AT_THE_START);
	const struct road_edit edit = { file, AT_THE_START, text, true };
	scoped_free char *patch = road_patch(&edit, 1, false);
	char *path = path_join(road_dir, name);

	assert_null(write_file(path, patch, strlen(patch)));
	return path;
}

static void ask(char *fix, const char *ko, struct certificate *c)
{
	struct error *err = verify(&(struct verify_request){ .target = road_target, .module = ko, .fixes = &fix,
							      .nfixes = 1 }, c);

	if (err)
		fail_msg("%s: %s", err->id, err->message);
}

static void other_helpers_in_line(void **state)
{
	SCOPED(certificate_free) struct certificate right = { 0 }, wrong = { 0 };
	SCOPED(build_report_free) struct build_report report = { 0 };
	scoped_free char *fix = write_fix("fix.patch", "	if (info->nlh->nlmsg_len == 77777)\n		return -EINVAL;\n");
	scoped_free char *other = write_fix("other.patch", "	if (info->nlh->nlmsg_len == 77777)\n		return -EDOM;\n");
	scoped_free char *text = NULL;

	assert_null(read_file(fix, &text, NULL));
	road_from_source = true;
	assert_null(road_build(text, "livepatch-nft", &report));
	assert_non_null(report.module);
	ask(fix, report.module, &right);
	certificate_print(&right, stdout);
	assert_int_not_equal(certificate_verdict(&right), REFUTED);
	for (size_t i = 0; i < right.obligations[O3].statements.n; i++) {
		const struct finding *f = &right.obligations[O3].statements.at[i];

		if (f->severity == SEVERITY_WARNING)
			assert_non_null(strstr(f->message, "other helpers in line"));
	}
	ask(other, report.module, &wrong);
	assert_int_equal(wrong.obligations[O3].verdict, REFUTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_helpers_in_line),
	};

	return road_run("verify: helpers in line", tests, ARRAY_SIZE(tests));
}
