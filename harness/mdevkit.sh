#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mdevkit.sh - the way in: mdevkit.sh VERB [NAME=value...]
#
# Sees that the machine has what is needed (harness/packages), installs it on
# Debian and Ubuntu after saying what and why, builds the runner and becomes it.
# Exit status 2: something is missing and cannot be installed from here.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
list=$root/harness/packages
build=${KIT_BUILD:-$root/build}

# depmod lives where ordinary users do not look.
export PATH="$PATH:/usr/sbin:/sbin"
# What make or the caller's environment says must not reach the kernel's build.
for name in MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES ARCH CROSS_COMPILE CC CFLAGS LDFLAGS \
	KBUILD_OUTPUT KCFLAGS INSTALL_MOD_PATH O M V W C; do unset "$name"; done

# Which rows of the list count for this call?
groups_for()
{
	printf always
	case ${1:-} in check | lint) printf " %s" "$1" ;; esac
	for word in "$@"; do
		case $word in KERNEL=debug | KERNEL=kcsan | KERNEL=plain) printf ' kernel' ;; esac
	done
}

present()
{
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	file:*) [ -e "${1#file:}" ] ;;
	esac
}

# Lines "PACKAGE REASON" of what is missing.
missing()
{
	while read -r package group probe reason; do
		case $package in '' | '#'*) continue ;; esac
		case " $1 " in *" $group "*) ;; *) continue ;; esac
		present "$probe" || printf '%s %s\n' "$package" "$reason"
	done <"$list"
}

# Become root for one command, or fail.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		sudo "$@"
	else
		return 1
	fi
}

give_up()
{
	echo "mdevkit: $1" >&2
	exit 2
}

install_missing()
{
	names=$(printf '%s\n' "$1" | cut -d' ' -f1 | sort -u | tr '\n' ' ')
	echo "mdevkit needs these packages, which are not installed:" >&2
	printf '%s\n' "$1" | sort -u | sed 's/ /: /; s/^/  /' >&2
	command -v apt-get >/dev/null || give_up "install them (the names are Debian's) and run again"
	as_root true || give_up "not root and no sudo; as root: apt-get install $names"
	log=$build/install.log
	as_root apt-get -qq update >"$log" 2>&1 || true
	# shellcheck disable=SC2086 # one word per package
	if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		--no-install-recommends install $names >>"$log" 2>&1; then
		tail -n 5 "$log" >&2
		give_up "apt-get could not install them, log in $log"
	fi
}

if [ "${1:-}" = clean ]; then
	# Only what carries our mark: KIT_BUILD may point anywhere.
	[ ! -e "$build/.runner.lock" ] || rm -rf "$build"
	exit 0
fi
mkdir -p "$build" || exit 2
need=$(missing "$(groups_for "$@")")
[ -z "$need" ] || install_missing "$need"
cd "$root"
if ! flock "$build/.runner.lock" make -s -f harness/Makefile; then
	echo "mdevkit: the runner does not build" >&2
	exit 125
fi
exec "$build/bin/mdevkit" "$@"
