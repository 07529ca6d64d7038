#!/bin/sh
# Runs in the guest: unpacks the root with the real tools, then runs each line "SET SCRIPT" of the plan,
# with the test modules of that set. The kernel's scripts find modules in test_modules (6.12) or by
# modprobe (6.1).
root=/root
export KDIR=/livepatch # the scripts want a directory to build modules in; they are built already
mkdir -p $root && cd $root && cpio -idm < /test/root.cpio || exit 1
mkdir -p proc sys dev tmp livepatch/test_modules "lib/modules/$(uname -r)"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t debugfs debugfs sys/kernel/debug
mount -t devtmpfs dev dev
mount -t tmpfs tmpfs tmp
ln -s /proc/self/fd dev/fd # for the <(...) of bash

while read -r set script; do
	modules="$root/sets/$set/lib/modules/$(uname -r)"
	mount -o bind "$modules" livepatch/test_modules
	mount -o bind "$modules" "lib/modules/$(uname -r)"
	begin=$(cut -d . -f 1 /proc/uptime)
	echo "@@ begin $set $script"
	# shellcheck disable=SC2016
	timeout 600 chroot $root /bin/bash -c 'cd /livepatch && exec "./$1"' run "$script" < /dev/null 2>&1
	status=$?
	echo "@@ end $status $(($(cut -d . -f 1 /proc/uptime) - begin))"
	umount livepatch/test_modules "lib/modules/$(uname -r)"
done < /test/plan
exit 0
