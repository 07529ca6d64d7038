# Debian packages that Suture needs, and how they are installed. Sourced by check and demo.
BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config libelf-dev libdw-dev libjansson-dev libzydis-dev libz3-dev"
RUN_PACKAGES="apt dpkg make gcc-12 flex bison bc libssl-dev libelf-dev dwarves xz-utils kmod cpio rsync
	patch diffutils busybox-static qemu-system-x86"
TEST_PACKAGES="$RUN_PACKAGES gcc-11 clang libclang-14-dev libcmocka-dev mawk procps spin tcc"

install_missing() {
	missing=
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok' || missing="$missing $p"
	done
	[ -z "$missing" ] && return 0
	echo "installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	if apt-get update >"$log" 2>&1 &&
	   apt-get install -y --no-install-recommends $missing >>"$log" 2>&1; then
		rm -f "$log"
	else
		tail -20 "$log"
		rm -f "$log"
		return 1
	fi
}
