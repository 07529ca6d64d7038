#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make-kernel.sh SOURCE DIR: builds the small kernel of small.config from the source tree of a
# target, as a user does, out of tree: DIR/source, DIR/build. DIR/in-tree is a tree of the kind that is
# built in its own source, of which only fs/proc/cmdline.o is compiled: vmlinux is the one of DIR/build.
# Nothing is done when DIR has them.
#
# A kernel is built where it stays (its files name their directory), so it is DIR/.complete that
# says that it is whole: written last, with the key of what went in. Anything else is built anew.
set -eu

source=$1
dir=$2
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-gcc}

fail() {
	echo "make-kernel.sh: $*" >&2
	exit 1
}

key() {
	echo "$source"
	sed -n '1,/^NAME/p' "$source/Makefile"
	"$cc" --version
	cat "$here/small.config" "$here/make-kernel.sh"
}

# A source of its own: links to the same files, which nobody writes to. A target's source has only its
# own architecture; files of others that Kconfig and Makefiles read all the same are empty ones here.
foreign_files() {
	grep -rhoE '^[[:space:]]*source "arch/[^"$]*"' --include='Kconfig*' . | sed 's/.*"\(.*\)"/\1/'
	grep -rhoE '^include \$\(srctree\)/arch/[^ $]*$' --include=Makefile . | sed 's/.*srctree)\///'
}

make_source() {
	cp -al "$source" "$dir/source" 2> /dev/null || cp -a "$source" "$dir/source"
	cd "$dir/source"
	foreign_files | sort -u | while read -r file; do
		[ -e "$file" ] && continue
		mkdir -p "$(dirname "$file")"
		: > "$file"
	done
	cd - > /dev/null
}

# Kconfig drops an option without a word when something that it depends on is missing.
check_config() {
	grep '^CONFIG_' "$here/small.config" | while read -r line; do
		grep -qxF "$line" "$dir/build/.config" || fail "the configuration lost $line"
	done
}

kernel_make() {
	make -s ARCH=x86_64 CC="$cc" KBUILD_BUILD_USER=test KBUILD_BUILD_HOST=test "$@"
}

build() {
	kernel_make -C "$dir/source" O="$dir/build" "$@"
}

make_in_tree() {
	cp -al "$dir/source" "$dir/in-tree" 2> /dev/null || cp -a "$dir/source" "$dir/in-tree"
	cp "$dir/build/.config" "$dir/in-tree"
	kernel_make -C "$dir/in-tree" -j"$(nproc)" modules_prepare fs/proc/cmdline.o
	cp "$dir/build/vmlinux" "$dir/build/Module.symvers" "$dir/in-tree"
}

mkdir -p "$dir"
exec 9> "$dir/.lock"
flock 9
key=$(key | sha256sum)
[ "$(cat "$dir/.complete" 2> /dev/null)" = "$key" ] && exit 0
rm -rf "$dir/source" "$dir/build" "$dir/in-tree" "$dir/.complete"
make_source
build KCONFIG_ALLCONFIG="$here/small.config" allnoconfig
check_config
build -j"$(nproc)"
make_in_tree
echo "$key" > "$dir/.complete.new"
mv "$dir/.complete.new" "$dir/.complete"
