// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the kernel that say whether a task can be switched in them. */
#include "base/str.h"
#include "verify/relations.h"

/* They give the processor away, or may: each ends in schedule() or asks might_sleep(). */
static const char *const sleeping[] = {
	"schedule", "__schedule", "io_schedule", "schedule_idle", "schedule_preempt_disabled",
	"schedule_timeout", "schedule_timeout_interruptible", "schedule_timeout_killable",
	"schedule_timeout_uninterruptible", "schedule_timeout_idle", "io_schedule_timeout", /* kernel/sched/core.c, kernel/time/timer.c */
	"schedule_hrtimeout", "schedule_hrtimeout_range", "msleep", "msleep_interruptible",
	"usleep_range_state", /* kernel/time/ */
	"__cond_resched", "__SCT__cond_resched", "__SCT__might_resched", /* kernel/sched/core.c */
	"mutex_lock", "mutex_lock_interruptible", "mutex_lock_killable", "mutex_lock_io", /* kernel/locking/mutex.c */
	"down_read", "down_write", "down_read_killable", "down_write_killable", "down_read_interruptible", /* rwsem.c */
	"down", "down_interruptible", "down_killable", "down_timeout", /* semaphore.c */
	"wait_for_completion", "wait_for_completion_timeout", "wait_for_completion_interruptible",
	"wait_for_completion_killable", "wait_for_completion_io", /* kernel/sched/completion.c */
	"synchronize_rcu", "synchronize_rcu_expedited", "synchronize_srcu", "synchronize_net", /* kernel/rcu/ */
	"flush_work", "flush_delayed_work", "cancel_work_sync", "__flush_workqueue", /* kernel/workqueue.c */
};

/* Beginnings of names whose bearers do not sleep: locks that spin, what the compiler calls, copies. */
static const char *const awake[] = {
	"_raw_spin_", "_raw_read_", "_raw_write_", "__fentry__", "__x86_return_thunk", "__stack_chk_fail",
	"memcpy", "memset", "memmove", "memcmp", "strlen", "strcmp", "strncmp", "strnlen", "__memcpy", "__memset",
	"__rcu_read_", "__SCT__preempt_schedule", "__preempt_count_", "refcount_warn_saturate", "__list_",
	"__warn_printk", "_printk", "__const_udelay", "delay_", "ktime_get", "__sanitizer_cov",
};

bool name_sleeps(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sleeping); i++)
		if (streq(name, sleeping[i]))
			return true;
	return false;
}

bool name_never_sleeps(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(awake); i++)
		if (starts_with(name, awake[i]))
			return true;
	return false;
}

bool name_is_pointer_call(const char *name)
{
	/* arch/x86/lib/retpoline.S; static calls, kernel/static_call.c */
	return starts_with(name, "__x86_indirect_") || starts_with(name, "__SCT__") ||
	       starts_with(name, "__SCK__");
}
