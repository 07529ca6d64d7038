// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fixed set of functions of Linux 6.12, as Debian's cloud kernel has it: each is extracted as it is,
 * compiles with the kernel's flags without a warning, is proved equal to the unit's function, and has no
 * more lines than what two other extractors make of it.
 *
 *     extract-functions [TARGET]
 *
 * Prints one line a function, in the form of the table in docs/extract.md: lines of the extracted text
 * beside those that two other extractors need (0: not known), the class of the proof, CPU seconds of the
 * preprocessor, of the compiler, and of everything, and the peak memory of our own process. Status 77
 * when there is no such target.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "driver/function.h"
#include "kit.h"

enum { SKIP = 77, MEMORY_LIMIT_MB = 200 };

static const struct wanted {
	const char *function, *unit;
	unsigned int clang_extract, klp_ccp; /* lines of their results */
	bool tracepoint; /* of a module: off in a livepatch */
} functions[] = {
	{ "meminfo_proc_show", "fs/proc/meminfo.c", 208, 173, false },
	{ "cubictcp_cong_avoid", "net/ipv4/tcp_cubic.c", 232, 208, false },
	{ "tcp_sacktag_walk", "net/ipv4/tcp_input.c", 295, 273, false },
	{ "futex_requeue", "kernel/futex/requeue.c", 766, 671, false },
	{ "ext4_da_write_begin", "fs/ext4/inode.c", 0, 0, false },
	{ "nf_tables_newrule", "net/netfilter/nf_tables_api.c", 500, 452, false },
	{ "sk_common_release", "net/core/sock.c", 0, 0, false },
	{ "unix_stream_sendmsg", "net/unix/af_unix.c", 266, 254, false },
	{ "receive_buf", "drivers/net/virtio_net.c", 0, 0, false },
	{ "check_cond_jmp_op", "kernel/bpf/verifier.c", 0, 0, false },
	{ "btrfs_get_extent", "fs/btrfs/inode.c", 0, 0, true },
	{ "statmount", "fs/namespace.c", 0, 0, false },
	{ "sched_setaffinity", "kernel/sched/build_policy.c", 0, 0, false },
};

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void add_peer(struct str *out, unsigned int lines)
{
	if (lines)
		str_add(out, " | %u", lines);
	else
		str_add(out, " |");
}

static void print_row(const struct wanted *w, const struct source_unit *u, double total)
{
	scoped_str struct str row = { 0 };
	double parts = u->result.cpp_cpu + u->cpu;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	str_add(&row, "| `%s` | %zu", w->function, count_lines(u->result.text));
	add_peer(&row, w->clang_extract);
	add_peer(&row, w->klp_ccp);
	printf("%s | %s | %.2f + %.2f | %.2f | %.2f | %ld |\n", row.s,
	       prove_class_name(kit_worst(&u->original)), u->result.cpp_cpu, u->cpu, total,
	       parts > 0 ? total / parts : 0.0, usage.ru_maxrss / 1024);
}

static bool has(const struct finding_vec *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->at[i].id, id))
			return true;
	return false;
}

static bool is_longer(size_t lines, unsigned int peer)
{
	return peer && lines > peer;
}

/* What must hold; NULL: all of it does. */
static const char *defect(const struct wanted *w, const struct source_unit *u,
			  const struct finding_vec *findings)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	if (findings_refuse(findings))
		return "refused";
	if (has(findings, "M31"))
		return "the compiler warns";
	if (is_longer(count_lines(u->result.text), w->clang_extract) ||
	    is_longer(count_lines(u->result.text), w->klp_ccp))
		return "longer than what another extractor makes";
	if (kit_worst(&u->original) > (w->tracepoint ? PROVE_TRACEPOINT : PROVE_INLINING))
		return "a difference that is not explained";
	if (usage.ru_maxrss / 1024 >= MEMORY_LIMIT_MB)
		return "too much memory";
	return NULL;
}

/* By the target's symbols and debug information, without --unit. After what is measured. */
static const char *not_found_by_name(struct target *target, const struct wanted *w)
{
	SCOPED(str_vec_free_all) struct str_vec sources = { 0 };
	struct error *err = function_sources(target, w->function, &sources);
	bool found = false;

	for (size_t i = 0; i < sources.n; i++)
		found |= streq(sources.at[i], w->unit);
	error_free(err);
	return found ? NULL : "not found by its name";
}

/* Opening the image and the models belongs to the cost; compiling the unit's original does not. */
static int extract(struct target *target, const struct wanted *w)
{
	struct finding_vec findings = { 0 };
	struct patch_source source = { 0 };
	SCOPED(kit_close) struct kit_unit k = { 0 };
	struct unit warm;
	const char *why = "no result";
	struct error *err = unit_compile_original(target, w->unit, &warm);
	double start = own_cpu_seconds() + children_cpu_seconds();

	if (!err)
		err = kit_open(&k, target, w->unit);
	if (!err)
		err = kit_extract(&k, w->function, &source, &findings);
	double total = own_cpu_seconds() + children_cpu_seconds() - start;

	if (err) {
		printf("# %s: %s\n", err->id, err->message);
	} else if (source.units.n && source.units.at[0].has_original) {
		print_row(w, &source.units.at[0], total);
		why = defect(w, &source.units.at[0], &findings);
		why = why ? why : not_found_by_name(target, w);
	}
	if (why) {
		printf("# %s: %s\n", w->function, why);
		fflush(stdout);
		findings_print(&findings, stderr);
	}
	error_free(err);
	patch_source_free(&source);
	findings_free(&findings);
	return why != NULL;
}

/* In a process of its own, for its memory. */
static bool try_function(struct target *target, const struct wanted *w)
{
	int status = 0;

	fflush(stdout);
	pid_t pid = fork();

	if (!pid) {
		int failed = extract(target, w);

		fflush(stdout);
		_exit(failed);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

static struct error *run(const char *name, int *status)
{
	struct target_vec targets = { 0 };
	struct error *err = target_list(&targets);
	size_t n = 0;

	for (size_t i = 0; i < targets.n; i++) {
		struct target *t = targets.at[i];
		bool fits = name ? streq(t->name, name) : starts_with(t->release, "6.12.") &&
							  *status == SKIP;

		for (size_t k = 0; !err && fits && k < ARRAY_SIZE(functions); k++) {
			bool fine = try_function(t, &functions[k]);

			printf("%s %zu - %s\n", fine ? "ok" : "not ok", ++n, functions[k].function);
			if (*status == SKIP || !fine)
				*status = !fine;
			err = check_interrupted();
		}
		target_free(t);
	}
	target_vec_free(&targets);
	return err;
}

int main(int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : getenv("SUTURE_TEST_TARGET");
	int status = SKIP;

	quiet = true;
	process_setup_signals();
	struct error *err = run(wanted && *wanted ? wanted : NULL, &status);

	if (!err)
		return status;
	fprintf(stderr, "extract-functions: %s: %s\n", err->id, err->message);
	error_free(err);
	return 2;
}
