#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mutants.sh - each planted bug must be found by what it is meant for
#
#   mutants.sh NAME...
#
# A mutant is a patch in mutants/ with three lines in front of it: what is wrong, in
# which file of the core, and who finds it: a build (asan, tsan), seeded schedules
# (sched) or the lock analysis (lock), with the cases to run. A fourth line may say how
# many schedules it takes if not the usual number. The patch is applied to a copy of
# the file; one that does not apply is a failure, as is one that survives. A bug found
# by a schedule must come back with its seed.
#
# Environment, from the Makefile: CORE, O, ASAN_CC, TSAN_CC, LOCK_CC
set -eu
here=$(cd "$(dirname "$0")" && pwd)

field() {
	sed -n "s/^$1: //p" "$2"
}

# build VARIANT COMPILER FILE DIR: DIR/core-test with FILE replaced
build() {
	$2 -c "$4/$3" -o "$4/mutant.o"
	others=$(find "$O/$1" -name '*.o' ! -path "$O/$1/core/${3%.c}.o")
	# shellcheck disable=SC2086
	$2 -pthread $others "$4/mutant.o" -o "$4/core-test"
}

# Prints why the mutant was not found; nothing when it was.
try() {
	patch=$here/mutants/$1.patch
	dir=$O/mutants/$1
	file=$(field File "$patch")
	detector=$(field Detector "$patch")
	kind=${detector%% *}
	cases=${detector#* }
	schedules=$(field Schedules "$patch")
	mkdir -p "$dir"
	cp "$CORE/$file" "$dir/$file"
	if ! patch -s -F0 "$dir/$file" "$patch" >"$dir/log" 2>&1; then
		echo "does not apply to $file"
		return
	fi
	case $kind in
	lock)
		if $LOCK_CC "$dir/$file" >"$dir/log" 2>&1; then
			echo "survived"
		elif ! grep -q thread-safety "$dir/log"; then
			echo "does not compile"
		fi
		return
		;;
	tsan) build tsan "$TSAN_CC" "$file" "$dir" ;;
	*) build asan "$ASAN_CC" "$file" "$dir" ;;
	esac
	if TSAN_OPTIONS=halt_on_error=1 "$dir/core-test" ${schedules:+-n "$schedules"} \
		"$cases" >"$dir/log" 2>&1; then
		echo "survived"
	elif [ "$kind" = sched ] && ! grep -q "replayed: the same steps" "$dir/log"; then
		echo "was found but did not come back"
	fi
}

echo "KTAP version 1"
echo "1..$#"
n=0
bad=0
for name; do
	n=$((n + 1))
	why=$(try "$name")
	if [ "$why" ]; then
		echo "not ok $n mutant_$name # $why"
		bad=1
	else
		sed -n 's/^# \(seed [0-9]* fails.*\)/# \1/p' "$O/mutants/$name/log"
		echo "ok $n mutant_$name"
	fi
done
exit $bad
