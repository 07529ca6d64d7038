#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the guest: loads the modules of this test in every order that matters and prints what can be
# read. "== CASE" begins a case, "NAME VALUE" is something read. What is right is known to convert.c alone.
cd /test || exit 1
klp=/sys/kernel/livepatch
a=/sys/module/suture_a/parameters

begin() {
	echo "== $1"
	echo "time $(cut -d" " -f1 /proc/uptime)"
}

# Reads a file, each line with a prefix.
show() { sed "s/^/$1./" "$2"; }

there() { [ -d "/sys/module/$1" ]; }

# value FILE KEY: sets $value to the rest of the line; a process less than sed.
value() {
	while read -r key value; do
		[ "$key" = "$2" ] && return 0
	done < "$1"
	value=
	return 1
}

# "NAME VALUE", nothing when suture_a is not there.
answer() { there suture_a && value /proc/suture_a answer && echo "$1 $value"; }

# "NAME 0", or "NAME STATUS MESSAGE"
try_insmod() {
	text=$(insmod suture_a.ko 2>&1)
	echo "$1 $?${text:+ $text}"
}

# settled NAME [FIFTIETHS]: waits until the livepatch is not in transition any more, or gone.
settled() {
	n=0
	while read -r state 2>/dev/null < "$klp/$1/transition" && [ "$state" = 1 ]; do
		n=$((n + 1))
		[ $n -lt "${2:-3000}" ] || return 1
		usleep 20000
	done 2>/dev/null
	return 0
}

# load NAME [PARAMETER...]: a livepatch; "load.NAME 0" is a success.
load() {
	name=$1
	shift
	text=$(insmod "$name.ko" "$@" 2>&1)
	echo "load.$name $?${text:+ $text}"
	settled "$name" || echo "stuck $name"
}

disable() {
	{ echo 0 > "$klp/$1/enabled"; } 2>/tmp/error || sed 's/^/disable.error /' /tmp/error
	settled "$1" || echo "stuck $1"
}

# The module's last reference goes a moment after the transition.
remove() {
	there "$1" || return
	n=0
	until rmmod "$1" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 100 ] || break
		usleep 10000
	done
	[ $n -lt 100 ] && return
	echo "remove.$1 $(rmmod "$1" 2>&1)"
}

unload() {
	disable "$1"
	remove "$1"
}

# Addresses that the kernel itself gives for a module's symbols, in the order of its symbol table, as
# they were when symbols was called.
symbols() { grep -F "[suture_" /proc/kallsyms > /tmp/kallsyms; }
addresses() {
	module=$1
	shift
	awk -v m="[$module]" -v names=" $* " \
		'$4 == m && index(names, " " $3 " ") { print "kallsyms." $3, $1 }' /tmp/kallsyms
}

# busybox tries a module that was refused a second time.
log_of() { dmesg | sed -n "s/.*\] $1: /log /p" | uniq; }

begin automatic
show before.core /proc/version
insmod suture_a.ko
show before /proc/suture_a
load lp_auto
show core /proc/version
answer with
unload lp_auto
show after.core /proc/version
answer after

begin positions
load lp_positions
show core /proc/version
unload lp_positions

begin homonyms
insmod suture_b.ko
show before /proc/suture_b
load lp_homonyms
show a /proc/suture_a
show b /proc/suture_b
symbols
addresses suture_a twin pair common
addresses suture_b common
unload lp_homonyms
show after /proc/suture_b
remove suture_b

begin loaded-before
load lp_coming
answer with
echo "patched.a $(cat $klp/lp_coming/suture_a/patched)"

begin unloaded-and-loaded-again
remove suture_a
echo "patched.a $(cat $klp/lp_coming/suture_a/patched)"
echo "there $(grep -c '^suture_a ' /proc/modules)"
try_insmod second
answer again
remove suture_a
try_insmod third
answer third

begin never-loaded
echo "patched.c $(cat $klp/lp_coming/suture_c/patched)"
echo "enabled $(cat $klp/lp_coming/enabled) $(cat $klp/lp_coming/transition)"
unload lp_coming
there suture_a || insmod suture_a.ko
answer after
remove suture_a

begin loaded-after
load lp_coming
echo "patched.a $(cat $klp/lp_coming/suture_a/patched)"
insmod suture_a.ko
echo "patched.a $(cat $klp/lp_coming/suture_a/patched)"
answer with
unload lp_coming
answer after

begin sections
load lp_sections
show core /proc/version
unload lp_sections

begin pointers
load lp_pointers
show core /proc/version
show a /proc/suture_a
symbols
addresses suture_a a_secret a_helper
unload lp_pointers

begin keys
load lp_keys
echo 0 > /proc/sys/kernel/sched_schedstats
show off /proc/version
echo 1 > /proc/sys/kernel/sched_schedstats
show on /proc/version
echo 0 > /proc/sys/kernel/sched_schedstats
show again /proc/version
unload lp_keys
load lp_key_way_out
answer module.off
echo 1 > $a/key
answer module.on
echo 0 > $a/key
unload lp_key_way_out

begin indirect-calls
load lp_ibt
show a /proc/suture_a
unload lp_ibt

begin callbacks
load lp_callbacks refuse_core=1
show refused.core /proc/version
answer refused
echo "there $(grep -c '^lp_callbacks ' /proc/modules)"
load lp_callbacks
show core /proc/version
answer with
remove suture_a
echo 1 > /sys/module/lp_callbacks/parameters/refuse_module
try_insmod insmod
echo "module.there $(grep -c '^suture_a ' /proc/modules)"
echo 0 > /sys/module/lp_callbacks/parameters/refuse_module
insmod suture_a.ko
answer again
unload lp_callbacks
answer after
show after.core /proc/version
log_of lp_callbacks

begin refused-then-loaded
remove suture_a
load lp_refuses
try_insmod first
echo 0 > /sys/module/lp_refuses/parameters/refuse
try_insmod second
answer second
unload lp_refuses
there suture_a || insmod suture_a.ko
answer after

begin shadow
load lp_shadow
show first /proc/suture_items
show second /proc/suture_items
unload lp_shadow
show after /proc/suture_items
load lp_shadow
show again /proc/suture_items
unload lp_shadow
log_of lp_shadow

begin stacked
answer none
load lp_first
answer first
load lp_second
answer second
disable lp_second
answer first.again
echo 1 > $klp/lp_second/enabled 2>/dev/null
remove lp_second
load lp_second
disable lp_first
answer second.alone
remove lp_first
unload lp_second
answer none.again

begin replace
load lp_first
answer stacked
load lp_state1
answer one
echo "first.there $(ls $klp | grep -c lp_first)"
remove lp_first
load lp_state2
answer two
echo "one.there $(ls $klp | grep -c lp_state1)"
remove lp_state1
load lp_state1
answer downgrade
echo "livepatches $(ls $klp)"
unload lp_state2
answer after
log_of lp_state2

begin sleeping
cat /proc/suture_sleep > /tmp/sleeper &
sleeper=$!
n=0
until [ "$(cat $a/sleepers)" = 1 ] || [ $n = 50 ]; do n=$((n + 1)); usleep 100000; done
insmod lp_sleep.ko
settled lp_sleep 125 && echo "early end"
echo "transition $(cat $klp/lp_sleep/transition)"
echo "waits.for $(cat /proc/$sleeper/patch_state)"
show new /proc/suture_sleep
echo 1 > $a/awake
settled lp_sleep || echo "stuck lp_sleep"
wait $sleeper
echo "transition $(cat $klp/lp_sleep/transition)"
echo "sleeper $(cat /tmp/sleeper)"
show with /proc/suture_sleep
unload lp_sleep
show after /proc/suture_sleep
echo 0 > $a/awake

begin reverse
cat /proc/suture_sleep > /tmp/sleeper &
sleeper=$!
n=0
until [ "$(cat $a/sleepers)" = 1 ] || [ $n = 50 ]; do n=$((n + 1)); usleep 100000; done
insmod lp_sleep.ko
echo "forth $(cat $klp/lp_sleep/enabled) $(cat $klp/lp_sleep/transition)"
rmmod lp_sleep 2>/dev/null
echo "rmmod $?"
echo 0 > $klp/lp_sleep/enabled
settled lp_sleep && echo "back yes"
echo "asleep $(cat $a/sleepers)"
remove lp_sleep
echo "there $(grep -c '^lp_sleep ' /proc/modules)"
echo 1 > $a/awake
wait $sleeper
echo "sleeper $(cat /tmp/sleeper)"
echo 0 > $a/awake

begin rounds
good=0
round=0
while [ $round -lt 50 ]; do
	round=$((round + 1))
	load lp_auto
	value /proc/suture_a answer && [ "$value" = 10422 ] && value /proc/version called &&
		good=$((good + 1))
	unload lp_auto
	value /proc/suture_a answer && [ "$value" = 1 ] && value /proc/version Linux &&
		good=$((good + 1))
done > /tmp/rounds
grep -v '^load.lp_auto 0$' /tmp/rounds
echo "good $good"
remove suture_a

begin end
