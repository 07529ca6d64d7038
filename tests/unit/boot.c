// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of the boot test that need no guest: archives, the protocol, the console, the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "boot/console.h"
#include "boot/cpio.h"
#include "boot/initramfs.h"
#include "boot/judge.h"
#include "boot/modinfo.h"
#include "boot/protocol.h"

/* Field number n of the newc header at p (0: inode, 1: mode, 6: file size, 11: name size). */
static unsigned long cpio_field(const char *p, unsigned int n)
{
	char digits[9] = { 0 };

	memcpy(digits, p + 6 + 8 * n, 8);
	return strtoul(digits, NULL, 16);
}

static const char *cpio_next(const char *p)
{
	size_t head = (110 + cpio_field(p, 11) + 3) & ~3ul;

	return p + head + ((cpio_field(p, 6) + 3) & ~3ul);
}

static void test_cpio_entries(void **state)
{
	scoped_cpio struct cpio cpio = { 0 };
	const char *p;

	cpio_dir(&cpio, "dir");
	cpio_data(&cpio, "dir/file", 0640, "12345", 5);
	cpio_symlink(&cpio, "link", "dir/file");
	cpio_char_device(&cpio, "console", 5, 1);
	cpio_end(&cpio);
	assert_int_equal(cpio.bytes.n % 4, 0);
	p = cpio.bytes.s;
	assert_memory_equal(p, "070701", 6);
	assert_int_equal(cpio_field(p, 1), S_IFDIR | 0755);
	assert_string_equal(p + 110, "dir");
	p = cpio_next(p);
	assert_int_equal(cpio_field(p, 1), S_IFREG | 0640);
	assert_int_equal(cpio_field(p, 6), 5);
	assert_string_equal(p + 110, "dir/file");
	assert_memory_equal(p + 120, "12345", 5);
	p = cpio_next(p);
	assert_int_equal(cpio_field(p, 1), S_IFLNK | 0777);
	p = cpio_next(p);
	assert_int_equal(cpio_field(p, 9), 5);
	assert_int_equal(cpio_field(p, 10), 1);
	p = cpio_next(p);
	assert_string_equal(p + 110, "TRAILER!!!");
	assert_ptr_equal(cpio_next(p), cpio.bytes.s + cpio.bytes.n);
}

static void test_cpio_missing_file(void **state)
{
	scoped_cpio struct cpio cpio = { 0 };
	scoped_error struct error *err = cpio_file(&cpio, "x", 0644, "/nonexistent/file");

	assert_non_null(err);
	assert_string_equal(err->id, "Y1");
}

struct heard {
	struct str text;
};

static void hear(void *context, const struct report *r)
{
	struct heard *h = context;

	str_add(&h->text, "[%s|%s|%s", r->kind, r->what, r->detail);
	if (r->bytes) {
		str_add(&h->text, "|%d|%zu|", r->status, r->size);
		str_add_bytes(&h->text, r->bytes, r->size);
	}
	str_add(&h->text, "]");
}

/* The same bytes in pieces of every size give the same reports. */
static void check_reports(const char *bytes, size_t n, const char *expected)
{
	for (size_t piece = 1; piece <= n; piece++) {
		struct heard h = { 0 };
		scoped_protocol struct protocol p = { .handle = hear, .context = &h };

		for (size_t i = 0; i < n; i += piece)
			protocol_feed(&p, bytes + i, i + piece < n ? piece : n - i);
		assert_string_equal(h.text.s ? h.text.s : "", expected);
		str_free(&h.text);
	}
}

#define CHECK_REPORTS(bytes, expected) check_reports(bytes, sizeof(bytes) - 1, expected)

static void test_protocol_lines(void **state)
{
	CHECK_REPORTS("suture: ready 1.5\nsuture: step before 2.0\nsuture: end\n",
		      "[ready|1.5|][step|before|2.0][end||]");
	CHECK_REPORTS("suture: fail insmod insmod: can't insert 'x': No\n",
		      "[fail|insmod|insmod: can't insert 'x': No]");
	CHECK_REPORTS("suture: end", "");
}

static void test_protocol_block_is_counted(void **state)
{
	CHECK_REPORTS("suture: block with 3 12\nsuture: end\n\nsuture: alive\n",
		      "[block|with||3|12|suture: end\n][alive||]");
	CHECK_REPORTS("suture: block with 0 0\n\nsuture: alive\n", "[block|with||0|0|][alive||]");
	/* A block that never becomes complete is not reported. */
	CHECK_REPORTS("suture: block with 0 99\nsuture: end\n", "");
}

static void test_protocol_noise(void **state)
{
	struct heard h = { 0 };
	scoped_protocol struct protocol p = { .handle = hear, .context = &h };
	static const char bytes[] = "qemu: cannot do it\nx suture: end\nsuture: block x 0 99999999999999999999\n"
				    "suture: alive\n";

	protocol_feed(&p, bytes, sizeof(bytes) - 1);
	assert_string_equal(h.text.s, "[alive||]");
	assert_non_null(strstr(p.noise.s, "cannot do it"));
	assert_non_null(strstr(p.noise.s, "9999"));
	str_free(&h.text);
}

static const char oops_console[] =
	"[    0.1] Linux version\r\n"
	"[    2.1] suture: step with\r\n"
	"[    2.2] BUG: kernel NULL pointer dereference, address: 0000000000000040\r\n"
	"[    2.2] #PF: supervisor write access in kernel mode\r\n"
	"[    2.2] Oops: 0002 [#1] PREEMPT SMP NOPTI\r\n"
	"[    2.2] RIP: 0010:bad_show+0x9/0x20 [patch]\r\n"
	"[    2.2] Call Trace:\r\n"
	"[    2.2]  <TASK>\r\n"
	"[    2.2]  ? __die+0x23/0x70\r\n"
	"[    2.2]  seq_read_iter+0x1/0x2\r\n"
	"[    2.2]  vfs_read+0x1/0x2\r\n"
	"[    2.2]  </TASK>\r\n"
	"[    2.2] ---[ end trace 0000000000000000 ]---\r\n"
	"[    2.2] RIP: 0010:bad_show+0x9/0x20 [patch]\r\n"
	"[    2.2] Kernel panic - not syncing: Fatal exception\r\n"
	"[    2.2] ---[ end Kernel panic - not syncing: Fatal exception ]---\r\n";

static void test_console_oops_is_one_finding(void **state)
{
	struct finding_vec findings = { 0 };
	struct console_report report;

	console_scan(oops_console, &findings, &report);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.at[0].id, "Q2");
	assert_string_equal(findings.at[0].symbol, "bad_show");
	assert_string_equal(findings.at[0].location, "with");
	assert_non_null(strstr(findings.at[0].message, "call trace: seq_read_iter < vfs_read"));
	assert_null(strstr(findings.at[0].message, "__die"));
	assert_true(report.panicked);
	console_report_free(&report);
	findings_free(&findings);
}

static void check_line(const char *line, const char *id, enum severity severity)
{
	scoped_free char *text = xasprintf("%s[    2.000000] %s\n",
					   severity == SEVERITY_NOTE ? "" : "suture: step enable\n",
					   line);
	struct finding_vec findings = { 0 };
	struct console_report report;

	console_scan(text, &findings, &report);
	if (!id) {
		assert_int_equal(findings.n, 0);
		assert_int_equal(report.refusals.n, 0);
	} else {
		assert_int_equal(findings.n, 1);
		assert_string_equal(findings.at[0].id, id);
		assert_int_equal(findings.at[0].severity, severity);
	}
	console_report_free(&report);
	findings_free(&findings);
}

static void test_console_lines(void **state)
{
	static const struct {
		const char *line, *id;
	} lines[] = {
		{ "Kernel panic - not syncing: Attempted to kill init!", "Q1" },
		{ "general protection fault, probably for non-canonical address 0x1: 0000", "Q2" },
		{ "kernel BUG at mm/slub.c:1!", "Q2" },
		{ "int3: 0000 [#1] SMP", "Q2" },
		{ "WARNING: CPU: 0 PID: 1 at a.c:9 f+0x1/0x2", "Q3" },
		{ "WARNING: a.c:9 at f+0x1/0x2, CPU#0: sh/1", "Q3" },
		{ "WARNING: possible circular locking dependency detected", "Q4" },
		{ "WARNING: suspicious RCU usage", "Q4" },
		{ "BUG: sleeping function called from invalid context at a.c:1", "Q4" },
		{ "rcu: INFO: rcu_preempt self-detected stall on CPU", "Q5" },
		{ "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "Q5" },
		{ "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [cat:1]", "Q5" },
		{ "INFO: task cat:1 blocked for more than 120 seconds.", "Q5" },
		{ "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2", "Q6" },
		{ "UBSAN: array-index-out-of-bounds in a.c:1:2", "Q6" },
		/* and what is normal */
		{ "patch: module verification failed: signature and/or required key missing", NULL },
		{ "patch: tainting kernel with TAINT_LIVEPATCH", NULL },
		{ "livepatch: 'patch': starting patching transition", NULL },
		{ "livepatch: 'patch': patching complete", NULL },
		{ "livepatch: enabling patch 'patch'", NULL },
		{ "Warning: unable to open an initial console.", NULL },
		{ "spectre: no BUG: here", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		check_line(lines[i].line, lines[i].id, SEVERITY_REFUSAL);
	check_line("WARNING: CPU: 0 PID: 1 at a.c:9 f+0x1/0x2", "Q3", SEVERITY_NOTE);
}

static void test_console_refusals(void **state)
{
	struct finding_vec findings = { 0 };
	struct console_report report;

	console_scan("suture: step enable\npatch: Unknown symbol x (err -2)\n"
		     "patch: Unknown symbol x (err -2)\nlivepatch: symbol 'y' not found in symbol "
		     "table\nsuture: step end\n", &findings, &report);
	scoped_free char *lines = console_refusals_of(&report, "enable");

	assert_string_equal(lines, "patch: Unknown symbol x (err -2); "
				   "livepatch: symbol 'y' not found in symbol table");
	assert_null(console_refusals_of(&report, "end"));
	console_report_free(&report);
}

static void test_console_tail(void **state)
{
	scoped_free char *two = console_tail("[ 1.0] a\r\n[ 2.0] b\r\n[ 3.0] c\r\n", 2);
	scoped_free char *all = console_tail("a\nb", 9);
	scoped_free char *none = console_tail("", 3);

	assert_string_equal(two, "b | c");
	assert_string_equal(all, "a | b");
	assert_string_equal(none, "");
}

static void add_failure(struct session *s, const char *kind, const char *detail, const char *step)
{
	struct session_failure f = { xstrdup(kind), xstrdup(detail), xstrdup(step) };

	session_failure_vec_push(&s->failures, f);
}

static void test_judge_blockers(void **state)
{
	struct boot_result result = { 0 };
	struct boot_request request = { 0 };
	scoped_session struct session s;

	session_init(&s, &request, &result, 0);
	s.end = SESSION_FINISHED;
	s.blockers = xstrdup("task 7 kthread x\n[<0>] sit+0x1/0x2\n[<0>] kthread+0x1/0x2\n"
			     "task 8 cat\n");
	add_failure(&s, "transition", "enable 60", "enable");
	judge(&s, "");
	assert_false(result.ok);
	assert_int_equal(result.findings.n, 2);
	assert_string_equal(result.findings.at[0].id, "Q9");
	assert_string_equal(result.findings.at[0].symbol, "sit");
	assert_non_null(strstr(result.findings.at[0].message, "task 7 kthread x"));
	assert_non_null(strstr(result.findings.at[0].message, "sit < kthread"));
	assert_null(result.findings.at[1].symbol);
	boot_result_free(&result);
}

static void test_judge_taint(void **state)
{
	struct boot_result result = { 0 };
	struct boot_request request = { 0 };
	scoped_session struct session s;

	session_init(&s, &request, &result, 0);
	s.end = SESSION_FINISHED;
	s.taint_before = 1 << 9; /* it had warned at boot */
	s.taint_after = 1 << 9 | 1 << 12 | 1 << 13 | 1 << 15;
	judge(&s, "");
	assert_true(result.ok);
	s.taint_after |= 1 << 7;
	judge(&s, "");
	assert_false(result.ok);
	assert_string_equal(result.findings.at[0].id, "Q2");
	boot_result_free(&result);
}

static void test_judge_ends(void **state)
{
	static const struct {
		enum session_end end;
		const char *id;
	} ends[] = {
		{ SESSION_EXITED, "Q14" },
		{ SESSION_SILENT, "Q13" },
		{ SESSION_TIMEOUT, "Q13" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct boot_result result = { 0 };
		struct boot_request request = { 0 };
		scoped_session struct session s;

		session_init(&s, &request, &result, 0);
		s.end = ends[i].end;
		judge(&s, "the last line\n");
		assert_int_equal(result.findings.n, 1);
		assert_string_equal(result.findings.at[0].id, ends[i].id);
		assert_non_null(strstr(result.findings.at[0].message, "the last line"));
		boot_result_free(&result);
	}
}

static void test_result_json_bad_utf8(void **state)
{
	struct boot_result r = { .before = xstrdup("a\xff\xc3\xa4\xed\xa0\x80z") };
	json_t *json = boot_result_json(&r);

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "before")),
			    "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	assert_true(json_is_null(json_object_get(json, "with")));
	json_decref(json);
	boot_result_free(&r);
}

/* Bad files are errors, never crashes. */
static void test_modinfo_bad_files(void **state)
{
	static const char *const texts[] = { "", "x", "\177ELF", "\177ELF\2\1\1 and no more" };
	scoped_temp_dir char *dir = NULL;

	assert_null(temp_dir_new("unit", &dir));
	scoped_free char *path = path_join(dir, "file");

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct modinfo info;

		assert_null(write_file(path, texts[i], strlen(texts[i])));
		scoped_error struct error *err = modinfo_read(path, &info);

		assert_non_null(err);
		assert_string_equal(err->id, "Q18");
		assert_false(vmlinux_has_pvh_entry(path));
		assert_false(elf_is_static_program(path));
	}
	assert_false(elf_is_static_program("/proc/self/exe"));
}

static void test_init_is_a_script(void **state)
{
	assert_true(starts_with(guest_init, "#!/bin/sh\n"));
	assert_true(ends_with(guest_init, "\nload_stop\nfinish\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpio_entries),
		cmocka_unit_test(test_cpio_missing_file),
		cmocka_unit_test(test_protocol_lines),
		cmocka_unit_test(test_protocol_block_is_counted),
		cmocka_unit_test(test_protocol_noise),
		cmocka_unit_test(test_console_oops_is_one_finding),
		cmocka_unit_test(test_console_lines),
		cmocka_unit_test(test_console_refusals),
		cmocka_unit_test(test_console_tail),
		cmocka_unit_test(test_judge_blockers),
		cmocka_unit_test(test_judge_taint),
		cmocka_unit_test(test_judge_ends),
		cmocka_unit_test(test_result_json_bad_utf8),
		cmocka_unit_test(test_modinfo_bad_files),
		cmocka_unit_test(test_init_is_a_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
