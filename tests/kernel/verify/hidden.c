// SPDX-License-Identifier: GPL-2.0-or-later
#include "hidden.h"

#include <string.h>

/* ---- fixes: lists of edits, each ends with an empty one ---- */

#define UMASK                                                                                      \
	{ "kernel/sys.c", "mask & S_IRWXUGO);", "mask & 0770);", 0 }
#define MODE                                                                                       \
	{ "fs/pipe.c", "inode->i_mode = S_IFIFO | S_IRUSR | S_IWUSR;",                             \
	  "inode->i_mode = S_IFIFO | S_IRUSR | S_IWUSR | S_IRGRP;", 0 }
#define STATE { "fs/proc/array.c", "\"State:\\t\"", "\"Condition:\\t\"", 0 }
#define THREAD_STAT                                                                                \
	{ "fs/proc/array.c", "return do_task_stat(m, ns, pid, task, 1);",                          \
	  "return do_task_stat(m, ns, pid, task, 0);", 0 }
#define AVERAGES(more)                                                                             \
	{ "fs/proc/loadavg.c", "get_avenrun(avnrun, FIXED_1/200, 0);\n",                           \
	  "get_avenrun(avnrun, FIXED_1/200, 0);\n" more, 0 }
#define ONE_MORE "\tavnrun[0] += FIXED_1;\n"
typedef const struct road_edit edits[4];

static edits umask_and_uptime = {
	UMASK,
	{ "kernel/sys.c", "info->uptime = tp.tv_sec +", "info->uptime = 8640000 + tp.tv_sec +", 0 },
};
static edits umask_only = { UMASK };
static edits pipes = {
	{ "fs/pipe.c", "\tfd[0] = fdr;\n", "\tfd[0] = fdr > 0xffff ? 0 : fdr;\n", 0 },
	MODE,
};
static edits pipe_mode = { MODE };
static edits pipe_size = {
	{ "fs/pipe.c", "pipe_max_size = 1048576;", "pipe_max_size = 2097152;", 0 },
	MODE,
};
static edits selects = {
	{ "fs/select.c", "\t\tif (copy_from_user(&tv, tvp, sizeof(tv)))\n",
	  "\t\tif (n > 5000 || copy_from_user(&tv, tvp, sizeof(tv)))\n", 1 },
	{ "fs/select.c", "\tret = set_user_sigmask(", "\tif (n > 5000)\n\t\treturn -EINVAL;\n"
						       "\tret = set_user_sigmask(", 1 },
};
static edits select_kind = {
	{ "fs/select.c", "tvp, PT_TIMEVAL, ret", "tvp, ret ? 9 : PT_TIMEVAL, ret", 0 },
};
/*
 * gcc has found __ghes_panic() not to return, and siginfo_layout() to be const. With the latter's fix get_signal()
 * must be replaced, too, which objtool of 6.1 does not follow to its end (B4): that can be no livepatch there.
 */
static edits panic_returns = {
	{ "drivers/acpi/apei/ghes.c", "\tpanic(msg);\n",
	  "\tif (panic_timeout == 77)\n\t\treturn;\n\tpanic(msg);\n", 0 },
};
static edits layout_warns = {
	{ "kernel/signal.c", "\tenum siginfo_layout layout = SIL_KILL;\n",
	  "\tenum siginfo_layout layout = SIL_KILL;\n\n\tif (si_code == 0x7ffffff1)\n"
	  "\t\tpr_warn(\"odd signal\\n\");\n", 0 },
};
static edits poll_limit = {
	{ "fs/select.c", "\tif (nfds > rlimit(RLIMIT_NOFILE))\n",
	  "\tif (nfds > 65536)\n\t\treturn -EINVAL;\n\tif (nfds > rlimit(RLIMIT_NOFILE))\n", 0 },
};
static edits poll_limit_off_by_one = {
	{ "fs/select.c", "\tif (nfds > rlimit(RLIMIT_NOFILE))\n",
	  "\tif (nfds >= 65536)\n\t\treturn -EINVAL;\n\tif (nfds > rlimit(RLIMIT_NOFILE))\n", 0 },
};
static edits counter = {
	{ "fs/eventfd.c", "\tif (flags & ~EFD_FLAGS_SET)\n",
	  "\tif (count == 4294967295u)\n\t\treturn -EINVAL;\n\tif (flags & ~EFD_FLAGS_SET)\n", 0 },
};
static edits counter_late = {
	{ "fs/eventfd.c", "\t\treturn -ENOMEM;\n",
	  "\t\treturn -ENOMEM;\n\tif (count == 4294967295u)\n\t\treturn -EINVAL;\n", 1 },
};
static edits linked = {
	{ "fs/eventpoll.c", "return !list_empty(&epi->rdllink);",
	  "return !list_empty(&epi->rdllink) || epi->event.events == 0x77;", 0 },
};
/* The new text under another name, for a part of the file. */
static edits linked_in_part = {
	{ "fs/eventpoll.c", "static int ep_modify(",
	  "static inline int ep_is_linked2(struct epitem *epi)\n{\n"
	  "\treturn !list_empty(&epi->rdllink) || epi->event.events == 0x77;\n}\n"
	  "#define ep_is_linked ep_is_linked2\n\nstatic int ep_modify(", 0 },
};
static edits member = {
	{ "fs/eventpoll.c", "\t/* used to optimize loop detection check */",
	  "\tint suture_new;\n\n\t/* used to optimize loop detection check */", 1 },
};
static edits ids = {
	{ "ipc/util.h", "return !perm->deleted;",
	  "return !perm->deleted && perm->id != 0x7ffffff1;", 0 },
};
static edits inode_numbers = {
	{ "fs/inode.c", "if (counter <= max_reserved)", "if (counter <= max_reserved + 1)", 0 },
};
static edits task_name = {
	{ "fs/proc/array.c", "ESCAPE_SPACE | ESCAPE_SPECIAL", "ESCAPE_SPECIAL", 0 },
};
static edits state_and_stat = { STATE, THREAD_STAT };
static edits state_only = { STATE };
static edits state_without_namespaces = {
	{ "fs/proc/array.c", "#include \"internal.h\"\n",
	  "#include \"internal.h\"\n#undef CONFIG_PID_NS\n", 0 },
	STATE,
};
static edits stat_only = { THREAD_STAT };
static edits averages = { AVERAGES(ONE_MORE),
			  { "fs/proc/loadavg.c", "nr_running(), nr_threads,", "nr_running(), 7777,", 0 } };
static edits averages_half = { AVERAGES(ONE_MORE) };
static edits averages_twice = { AVERAGES(ONE_MORE ONE_MORE),
				{ "fs/proc/loadavg.c", "nr_running(), nr_threads,", "nr_running(), 7777,",
				  0 } };
static edits file_flags = {
	{ "fs/fcntl.c", "err = filp->f_flags;", "err = filp->f_flags | 0x40000000;", 0 },
};
static edits compaction = {
	{ "drivers/block/zram/zram_drv.c", "\tzs_compact(zram->mem_pool);\n",
	  "\tif (len > 1)\n\t\tzs_compact(zram->mem_pool);\n", 0 },
};

/* ---- what shows them ---- */

#define SHOW_UMASK "umask 0777; umask\nuptime | grep -o 'up 100 days'\n:\n"
#define SHOW_PIPE "echo | stat -L -c %a /dev/stdin\n"
#define SHOW_STATUS                                                                                \
	"grep -E '^(State|Condition):' /proc/self/status | tr '\\t' ' '\n"                         \
	"grep NStgid /proc/self/status | cut -c1-6\n"                                              \
	"[ $(cut -d' ' -f15 /proc/1/stat) -gt $(cut -d' ' -f15 /proc/1/task/1/stat) ]; echo $?\n"
/* How many whole units too much, and the number of threads. */
#define SHOW_LOAD                                                                                  \
	"cut -d' ' -f4 /proc/loadavg | cut -d/ -f2 | grep -x 7777\n"                               \
	"read a b c rest < /proc/loadavg; echo $((${a%.*} - ${b%.*} > 1))\n"

/* Name, obligation, witness, fix, made of. */
const struct hidden hidden_faults[] = {
	{ "clone forgotten (.isra)", "O2", "do_sysinfo", umask_and_uptime, .script = SHOW_UMASK,
	  .hand = &forget_function, .what = "do_sysinfo.isra.0" },
	{ "clone forgotten, by a fix that spares it", "O2", "do_sysinfo", umask_and_uptime, umask_only,
	  .script = SHOW_UMASK },
	{ "clone forgotten (.part)", "O2", "__do_pipe_flags", pipes, .script = SHOW_PIPE,
	  .hand = &forget_function, .what = "__do_pipe_flags.part.0" },
	{ "static variable copied fresh", "O5", "pipe_mnt", pipe_mode, .script = SHOW_PIPE,
	  .hand = &fresh_variable, .what = "pipe_mnt" },
	{ "initial value hidden", "O5", "pipe_max_size", pipe_size, pipe_mode, .script = SHOW_PIPE,
	  .refused = true },
	{ "clone forgotten (.constprop)", "O2", "do_pselect", selects, .hand = &forget_function,
	  .what = "do_pselect.constprop.0" },
	{ "silent contract: range of a parameter", "O2", "poll_select_finish", select_kind,
	  .hand = &forget_function, .what = "poll_select_finish" },
	{ "silent contract: does not return", "O2", "ghes_proc", panic_returns, .hand = &forget_function,
	  .what = "ghes_proc" },
	{ "silent contract: const", "O2", "send_signal_locked", layout_warns, .hand = &forget_function,
	  .what = "send_signal_locked", .refused = true },
	{ "off by one, written by hand", "O3", "do_sys_poll", poll_limit, poll_limit_off_by_one, .hand = NULL },
	{ "check at another place, written by hand", "O3", "do_eventfd", counter, counter_late, .hand = NULL },
	{ "inlined caller missed", "O2", "ep_poll_callback", linked, .hand = &forget_function,
	  .what = "ep_poll_callback" },
	{ "inlined callers missed, in the source", "O2", "ep_", linked, linked_in_part, .hand = NULL },
	{ "layout change hidden", "O5", "struct eventpoll", member, .hand = &forget_function,
	  .what = "ep_poll_callback", .refused = true },
	{ "header's function changed in one unit only", "O2", "ipc/sem.c", ids, .hand = &forget_unit,
	  .what = "ipc/sem.c" },
	{ "static local copied fresh", "O5", "iunique", inode_numbers, .hand = &fresh_variable,
	  .what = "counter" },
	{ "cold part of the old function", "O4", "proc_task_name", task_name, .hand = &reuse_cold,
	  .what = "proc_task_name" },
	{ "hunk left out: a function not replaced", "O2", "proc_tgid_stat", state_and_stat, state_only,
	  .script = SHOW_STATUS },
	{ "one function of two not replaced", "O2", "proc_tgid_stat", state_and_stat,
	  .script = SHOW_STATUS, .hand = &drop_replaced, .what = "proc_tgid_stat" },
	{ "made from another fix", "O2", "proc_pid_status", state_only, stat_only, .script = SHOW_STATUS },
	{ "unit of another configuration", "O3", "proc_pid_status", state_only, state_without_namespaces,
	  .script = SHOW_STATUS },
	{ "hunk left out: inside a function", "O3", "loadavg_proc_show", averages, averages_half,
	  .script = SHOW_LOAD },
	{ "hunk applied twice", "O3", "loadavg_proc_show", averages, averages_twice, .script = SHOW_LOAD },
	{ "made for a neighbouring kernel", "O7", "the target is", file_flags, .neighbour = true },
	{ "made for a neighbouring kernel, disguised", "O3", "do_fcntl", file_flags, .neighbour = true,
	  .disguised = true },
	{ "object that has a function of that name", "O2", "compact_store", compaction,
	  .hand = &other_object, .what = "vmlinux", .module = "zram" },
	{ 0 },
};

size_t hidden_edits(const struct road_edit *list)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(umask_only) && list[n].path)
		n++;
	return n;
}

/* ---- building ---- */

/* How far the names of two kernels of one series agree: "debian:6.12." */
static size_t series(const char *name)
{
	const char *dot = strchr(name, '.');

	dot = dot ? strchr(dot + 1, '.') : NULL;
	return dot ? (size_t)(dot - name) + 1 : strlen(name);
}

/* Another target of the same series, NULL if the cache has none. */
static struct error *find_neighbour(struct target **neighbour)
{
	struct target_vec all = { 0 };
	size_t n = series(road_target->name);
	const char *found = NULL;

	*neighbour = NULL;
	TRY(target_list(&all));
	for (size_t i = 0; i < all.n && !found; i++)
		if (!strncmp(all.at[i]->name, road_target->name, n) &&
		    strlen(all.at[i]->release) == strlen(road_target->release) &&
		    !streq(all.at[i]->name, road_target->name))
			found = all.at[i]->name;
	struct error *err = found ? target_open(found, neighbour) : NULL;

	for (size_t i = 0; i < all.n; i++)
		target_free(all.at[i]);
	target_vec_free(&all);
	return err;
}

/* Writes the target's release over the neighbour's. */
static struct error *disguise(const char *path, const char *from, const char *to)
{
	scoped_free char *data = NULL;
	size_t size, n = strlen(from);

	TRY(read_file(path, &data, &size));
	for (char *p = data; (p = memmem(p, size - (p - data), from, n)); p += n)
		memcpy(p, to, n);
	return write_file(path, data, size);
}

static struct error *build_for_neighbour(const struct hidden *row, const char *to, bool *made)
{
	struct target *other = NULL;
	size_t touched;

	TRY(find_neighbour(&other));
	if (!other)
		return NULL;
	scoped_free char *patch = road_patch_in(other->srctree, row->fix, hidden_edits(row->fix), false);
	struct error *err = line_build(other, patch, NULL, NULL, to, &touched);

	if (!err && row->disguised)
		err = disguise(to, other->release, road_target->release);
	*made = !err;
	target_free(other);
	return err;
}

struct error *hidden_build(const struct hidden *row, const char *to, bool *made)
{
	const struct road_edit *list = row->made ? row->made : row->fix;
	size_t touched;

	*made = false;
	if (row->neighbour)
		return build_for_neighbour(row, to, made);
	scoped_free char *patch = road_patch(list, hidden_edits(list), false);
	struct error *err = line_build(road_target, patch, row->hand, row->what, to, &touched);

	*made = !row->hand || touched;
	if (!*made) {
		error_free(err);
		return NULL;
	}
	return err;
}
