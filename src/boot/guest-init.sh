#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# First process of the guest (busybox ash). It drives one test and reports over the second serial
# line; the protocol is described in docs/test.md. Nothing here runs on the user's machine.
export PATH=/bin HOME=/ LC_ALL=C

# Kinds of load: "sh /init load-KIND", each in a session of its own so that it can be stopped.
case "$1" in
load-processes)
	while :; do
		(:)
		cat /proc/self/status /proc/self/maps /proc/meminfo > /dev/null
		usleep 60000
	done ;;
load-files)
	mkdir -p /tmp/load.$$ && cd /tmp/load.$$ || exit
	while :; do
		dd if=/dev/zero of=a bs=4k count=16 2> /dev/null
		mv a b && cat b > c && ls -l . /proc/self > /dev/null
		rm -f b c
		usleep 60000
	done ;;
load-sockets)
	httpd -f -p 127.0.0.1:80 -h /test &
	nc -l -p 9 > /dev/null < /dev/null &
	nc 127.0.0.1 80 > /dev/null &
	while :; do
		wget -q -O /dev/null http://127.0.0.1/ 2> /dev/null
		usleep 60000
	done ;;
load-sleepers)
	mkfifo /tmp/fifo.$$
	cat /tmp/fifo.$$ > /dev/null &
	sleep 100000 > /tmp/fifo.$$ &
	sleep 100000 | cat > /dev/null &
	tail -f /dev/null &
	wait ;;
esac

say() { echo "suture: $*" >&3; }

# Uptime in $up (seconds) and $ticks (hundredths).
now() {
	read -r up rest < /proc/uptime
	ticks=${up%.*}${up#*.}
	ticks=${ticks#0}
}

step() {
	now
	say step "$1" "$up"
	echo "suture: step $1" > /dev/kmsg
}

# block TAG STATUS FILE
block() {
	size=$(wc -c < "$3")
	if [ "$size" -gt 1048576 ]; then
		head -c 1048576 "$3" > /run/cut
		set -- "$1" "$2" /run/cut
		size=1048576
	fi
	say block "$1" "$2" "$size"
	cat "$3" >&3
	echo >&3
}

finish() {
	read -r taint < /proc/sys/kernel/tainted
	say taint "$taint_before" "$taint"
	echo "suture: step end" > /dev/kmsg
	say end
	sleep 5 # normally we are ended here from outside
	poweroff -f
	sleep 100
}

insert_modules() {
	for file in /suture/modules/*.ko; do
		[ -e "$file" ] || continue
		name=${file##*/}
		name=${name#*-}
		text=$(insmod "$file" 2>&1) && continue
		case "$text" in
		*"File exists"*) ;; # built in, or loaded as a dependency
		*) say fail module "${name%.ko} $text" ;;
		esac
	done
}

# While the user's script or insmod runs nothing else is written to the line but this. Enabling some tens
# of functions can take half a minute here: each has the kernel visit all its ftrace records.
beat() {
	while :; do
		say alive
		sleep 2
	done
}

run_script() {
	[ -n "$SCRIPT" ] || return
	step "$1"
	load_pause
	beat &
	beat=$!
	(cd /test && exec sh "$SCRIPT" "$1" 3>&- > "/run/$1" 2>&1 < /dev/null)
	status=$?
	kill "$beat"
	wait "$beat" 2> /dev/null
	load_continue
	block "$1" "$status" "/run/$1"
}

load=
load_start() {
	ip link set lo up 2> /dev/null
	for kind in processes files sockets sleepers; do
		setsid sh /init load-$kind 3>&- > /dev/null 2>&1 < /dev/null &
		load="$load $!"
	done
}
load_signal() {
	for session in $load; do
		kill "-$1" "-$session" 2> /dev/null
	done
}
load_pause() { load_signal STOP; }
load_continue() { load_signal CONT; }
load_stop() {
	load_signal CONT
	load_signal KILL
	load=
}

# Waits until the transition that began at $begin is over: transition SECONDS
transition() {
	now
	beaten=$ticks
	while read -r state 2> /dev/null < "$patch/transition" && [ "$state" = 1 ]; do
		now
		[ $((ticks - begin)) -lt $(($1 * 100)) ] || return 1
		if [ $((ticks - beaten)) -gt 200 ]; then
			say alive
			beaten=$ticks
		fi
		usleep 20000
	done 2> /dev/null
	now
	took=$((ticks - begin))
}

# Tasks that are not yet in the wanted patch state, with their stacks.
blockers() {
	for task in /proc/[0-9]*/task/[0-9]*; do
		read -r state < "$task/patch_state" || continue
		[ "$state" = "$1" ] || [ "$state" = -1 ] && continue
		read -r comm < "$task/comm"
		echo "task ${task##*/} $comm"
		cat "$task/stack"
	done > /run/blockers 2> /dev/null
	block blockers "$1" /run/blockers
}

unload() {
	tries=0
	until text=$(rmmod "$NAME" 2>&1); do
		tries=$((tries + 1))
		if [ $tries -gt 100 ]; then
			say fail unload "$text"
			return 1
		fi
		[ $((tries % 20)) = 0 ] && say alive
		usleep 100000
	done
}

# Tries to leave a stuck livepatch, as well as it goes.
give_up() {
	[ -e "$patch/enabled" ] && echo 0 > "$patch/enabled"
	now; begin=$ticks; transition 5 && rmmod "$NAME"
	finish
} 2> /dev/null

enable_patch() {
	step "${1}enable"
	begin=$ticks
	beat &
	beat=$!
	text=$(insmod /suture/livepatch.ko 2>&1)
	status=$?
	kill "$beat"
	wait "$beat" 2> /dev/null
	if [ $status != 0 ]; then
		say fail insmod "$text"
		finish
	fi
	if [ ! -e "$patch" ]; then
		say fail absent "$patch"
		finish
	fi
	if ! transition "$LIMIT"; then
		blockers 1
		say fail transition "enable $LIMIT"
		give_up
	fi
	say transition enable "$took"
}

disable_patch() {
	step "${1}disable"
	begin=$ticks
	if ! text=$(echo 0 2>&1 > "$patch/enabled"); then
		say fail disable "$text"
		finish
	fi
	if ! transition "$LIMIT"; then
		blockers 0
		say fail transition "disable $LIMIT"
		finish
	fi
	say transition disable "$took"
	step "${1}unload"
	unload || finish
}

/bin/busybox mkdir -p /proc /sys /tmp /run /test
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ip link set lo up
stty -F /dev/ttyS1 raw -echo
exec 3<> /dev/ttyS1
now
say ready "$up"
if [ ! -e /suture/config ]; then
	# A snapshot is made here. What follows happens after it was restored.
	read -t 60 -r word <&3 || poweroff -f
	for file in /drivers/*.ko; do
		[ -e "$file" ] && insmod "$file"
	done
	[ -b /dev/vda ] || sleep 1
	(cd / && cpio -idm < /dev/vda)
fi 2> /dev/null
[ -e /suture/config ] || poweroff -f # a disk that cannot be read: the test boots by itself
. /suture/config
read -r taint_before < /proc/sys/kernel/tainted
export SUTURE_LIVEPATCH=$NAME
patch=/sys/kernel/livepatch/$NAME

step modules
insert_modules
run_script before
[ -n "$NAME" ] || finish
step load
load_start
enable_patch
run_script with
disable_patch
run_script after
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	enable_patch "round-$round-"
	disable_patch "round-$round-"
	say round $round
done
load_stop
finish
