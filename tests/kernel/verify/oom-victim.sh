# A process outgrows the memory of its control group, and is killed.
group=/tmp/cgroup/small
mkdir -p /tmp/cgroup
grep -q /tmp/cgroup /proc/mounts || mount -t cgroup2 none /tmp/cgroup || exit 1
echo +memory > /tmp/cgroup/cgroup.subtree_control
mkdir -p $group
echo 8M > $group/memory.max
sh -c "echo \$\$ > $group/cgroup.procs && exec dd if=/dev/zero of=/dev/null bs=64M count=1" 2> /dev/null
echo "dd ended with $?"
grep oom_kill $group/memory.events
rmdir $group
