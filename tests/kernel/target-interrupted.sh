#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Interrupted and simultaneous `suture target add`, with a real Debian kernel (needs the network and
# 3 GB in TMPDIR, runs about three minutes):
#   1. kill -9 while the source is being unpacked: no target is left;
#   2. two runs at once: the first gets Ctrl-C while it prepares the tree, the second waits for it,
#      then makes the target with the packages that were already fetched;
#   3. the target is one: a unit compiles in it, a third run finds it complete;
#   4. no network, a full disk, an unknown release: the right error, nothing left.
#
# usage: target-interrupted.sh SUTURE [RELEASE]
set -u
suture=$(realpath "${1:?usage: $0 SUTURE [RELEASE]}")
release=${2:-latest-cloud}
dir=$(mktemp -d)
export SUTURE_CACHE=$dir/cache
trap 'rm -rf "$dir"' EXIT
failed=0

check() { # check WHAT COMMAND...
	local what=$1
	shift
	if "$@"; then echo "ok: $what"; else echo "FAILED: $what"; failed=1; fi
}

wait_for() { # wait_for PATTERN PID: until a path exists, or the process is gone
	while ! compgen -G "$1" >/dev/null; do
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.1
	done
}

has_id() { # has_id ID FILE
	grep -q "suture: error $1:" "$2" || { cat "$2"; false; }
}

no_target() { [ -z "$("$suture" target list)" ]; }
no_tree() { ! compgen -G "$SUTURE_CACHE/targets/debian/*" >/dev/null; }

# 1
"$suture" target add "debian:$release" >"$dir/1.out" 2>"$dir/1.err" &
pid=$!
check "unpacking has begun" wait_for "$SUTURE_CACHE/targets/debian/*/source/fs" $pid
kill -KILL $pid
wait $pid 2>/dev/null
check "killed: no target" no_target

# 2
"$suture" target add "debian:$release" >"$dir/2.out" 2>"$dir/2.err" &
first=$!
check "the first run is at the tree again" wait_for "$SUTURE_CACHE/targets/debian/*/obj/scripts" $first
"$suture" target add "debian:$release" >"$dir/3.out" 2>"$dir/3.err" &
second=$!
until readlink /proc/$second/fd/* | grep -q /locks/ || ! kill -0 $second; do sleep 0.1; done 2>/dev/null
sleep 0.3
kill -INT $first
wait $first
check "Ctrl-C ends with an error" [ $? -eq 2 ]
check "that says so" has_id Y4 "$dir/2.err"
wait $second
check "the waiting run succeeds" [ $? -eq 0 ]
check "it had to wait" grep -q "waiting for another run" "$dir/3.err"

# 3
name=$(cat "$dir/3.out")
check "one target" [ "$("$suture" target list)" = "$name" ]
"$suture" target show --json "$name" >"$dir/show.json"
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",*$/\1/p" "$dir/show.json"; }
check "a unit compiles" make -s -C "$(value srctree)" O="$(value objtree)" CC="$(value cc)" \
	net/ipv4/tcp_input.o
check "with the shipped configuration" cmp "$(value objtree)/include/generated/autoconf.h" \
	"$(value kbuild)/include/generated/autoconf.h"
check "a module's headers work" make -s -C "$(value kbuild)" kernelrelease
check "the packages are gone" eval "! compgen -G \"$SUTURE_CACHE/downloads/*\" >/dev/null"
check "adding again is quick" timeout 10 "$suture" target add "$name"
echo "cache: $(du -sm "$SUTURE_CACHE" | cut -f1) MiB"
check "remove" "$suture" target remove "$name"
check "removed" no_tree

# 4
"$suture" target add debian:6.1.0-999-cloud-amd64 >/dev/null 2>"$dir/4.err"
check "unknown release" has_id T3 "$dir/4.err"
"$suture" target add debian:../../x >/dev/null 2>"$dir/5.err"
check "a path as release" has_id T2 "$dir/5.err"
echo 'Acquire::http::Proxy "http://127.0.0.1:1"; Acquire::https::Proxy "http://127.0.0.1:1";' >"$dir/apt.conf"
APT_CONFIG=$dir/apt.conf "$suture" target add "debian:$release" >/dev/null 2>"$dir/6.err"
check "no network" has_id T3 "$dir/6.err"
check "nothing left" no_tree
if [ "$(id -u)" = 0 ] && mkdir "$dir/small" && mount -t tmpfs -o size=100M none "$dir/small" 2>/dev/null; then
	SUTURE_CACHE=$dir/small "$suture" target add "debian:$release" >/dev/null 2>"$dir/7.err"
	check "full disk" has_id Y2 "$dir/7.err"
	check "nothing left there" [ ! -e "$dir"/small/targets/debian/* ]
	umount "$dir/small"
fi
exit $failed
