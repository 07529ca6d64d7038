// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For the guest: rseq-flags N sets the flags of its restartable sequence area to N and waits in a
 * critical section for a signal. The kernel complains once for deprecated flags (1, 2, 4), once for
 * unknown ones, each time with a static variable of its own, and ends the process.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/rseq.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static void nothing(int signal)
{
}

static void sit_in_section(uint32_t flags)
{
	static struct rseq_cs section __attribute__((aligned(32)));
	volatile struct rseq *area =
		(struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	struct itimerval soon = { { 0, 1000 }, { 0, 1000 } };
	uint64_t start, end, abort_ip;

	__asm__("leaq 1f(%%rip), %0\n\tleaq 2f(%%rip), %1\n\tleaq 4f(%%rip), %2"
		: "=r"(start), "=r"(end), "=r"(abort_ip));
	section.start_ip = start;
	section.post_commit_offset = end - start;
	section.abort_ip = abort_ip;
	signal(SIGALRM, nothing);
	area->flags = flags;
	setitimer(ITIMER_REAL, &soon, NULL);
	area->rseq_cs = (uintptr_t)&section;
	__asm__ volatile("1: pause\n\tjmp 1b\n2:\n\tjmp 5f\n\t.long 0x53053053\n4:\n\tnop\n5:");
}

int main(int argc, char **argv)
{
	int status;
	pid_t child = fork();

	if (!child) {
		sit_in_section(argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) ? 0 : 1;
}
