// SPDX-License-Identifier: GPL-2.0-or-later
/* What test-syscall.sh expects of its livepatch beside the system call: a parameter, a file in sysfs. */
#include <linux/kobject.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sysfs.h>

/* In the fixed kernel/sys.c. */
extern int waited_pids[NR_CPUS];
extern unsigned int waited_pids_named, waited_pids_left;

module_param_array_named(klp_pids, waited_pids, int, &waited_pids_named, 0);

static struct kobject *dir;

static ssize_t npids_show(struct kobject *kobject, struct kobj_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(waited_pids_left));
}

static struct kobj_attribute npids = __ATTR_RO(npids);

int show_npids(struct klp_patch *patch)
{
	int ret;

	waited_pids_left = waited_pids_named;
	dir = kobject_create_and_add("test_klp_syscall", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	ret = sysfs_create_file(dir, &npids.attr);
	if (ret)
		kobject_put(dir);
	return ret;
}

void hide_npids(struct klp_patch *patch)
{
	kobject_put(dir);
}
