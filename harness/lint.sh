#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lint.sh - what tools can say about the text: make lint
#
# The runner calls it with KIT_KSRC, an unpacked kernel source whose checkers are
# used, KIT_SPARSE_LOG, the log of a build of the modules with C=2 W=1, and
# KIT_TMP, a directory to write to. A complaint fails, as does a tool that did not run.
# shellcheck disable=SC2317 # functions are called through run()

set -u
: "${KIT_KSRC:?}" "${KIT_SPARSE_LOG:?}" "${KIT_TMP:?}"
cd "$(dirname "$0")/.." || exit 2
failed=0
checked=0

# Where clang-format or our style decides, where a uAPI header cannot use kernel macros.
kernel_ignore=EMBEDDED_FILENAME,FILE_PATH_CHANGES,OPEN_ENDED_LINE,BIT_MACRO,LINE_SPACING
kernel_ignore=$kernel_ignore,PARENTHESIS_ALIGNMENT,SPACING
# Programs have no kernel types, helpers or attributes, and GLib's names are its own.
user_ignore=$kernel_ignore,CAMELCASE,PREFER_KERNEL_TYPES,EMBEDDED_FUNCTION_NAME,VOLATILE
user_ignore=$user_ignore,STATIC_CONST_CHAR_ARRAY,PREFER_DEFINED_ATTRIBUTE_MACRO,ARRAY_SIZE
user_ignore=$user_ignore,MACRO_ARG_REUSE,SSCANF_TO_KSTRTO,COMPLEX_MACRO,NEW_TYPEDEFS,SPLIT_STRING

say()
{
	printf "%s: %s\n" "$1" "$2"
	failed=$((failed + 1))
}

# files PATTERN...: of the project, present, not ignored
files()
{
	git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
		while read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

# run NAME COMMAND...: each line of output is a complaint; no files is one too
run()
{
	name=$1
	shift
	checked=$((checked + 1))
	command -v "$1" >/dev/null || { say "$name" "$1 is missing"; return; }
	output=$("$@" 2>&1)
	status=$?
	[ "$status" = 0 ] && [ -z "$output" ] && return
	printf '%s\n' "$output"
	say "$name" "failed with status $status"
}

# Two at a time; xargs returns 123 when one of them failed.
each() { xargs -r -P 2 -n 8 "$@"; }

# It leaves notes about names in the directory it runs in.
checkpatch()
{
	ignore=$1
	shift
	files "$@" | sed "s|^|$PWD/|" | (cd "$KIT_TMP" && each perl "$KIT_KSRC/scripts/checkpatch.pl" \
		--no-tree --root="$KIT_KSRC" --strict --no-summary --terse --show-types \
		--max-line-length=100 --ignore="$ignore" -f)
}

kernel_doc() { files '*.[ch]' | each "$KIT_KSRC/scripts/kernel-doc" -none -Werror; }

format() { files '*.[ch]' | each clang-format --dry-run -Werror --ferror-limit=1; }

licence()
{
	files '*.[ch]' '*.sh' '*Makefile' '*Kbuild' .ci/run | while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' ||
			echo "$file: no SPDX-License-Identifier: GPL-2.0-only at its head"
		[ "$(wc -l <"$file")" -le 1000 ] || echo "$file: more than 1000 lines"
	done
}

sparse_said()
{
	[ -s "$KIT_SPARSE_LOG" ] || echo "no log of a build with sparse"
	grep -n 'sparse is not available\|not up to date' "$KIT_SPARSE_LOG"
	grep -q '^  CHECK ' "$KIT_SPARSE_LOG" || echo "sparse did not run"
	grep -E '(iommufd|vfio|samples/mdev)/[^:]*:[0-9]+(:[0-9]+)?: (warning|error)' "$KIT_SPARSE_LOG"
	return 0
}

shells=$(files '*.sh' .ci/run)
# shellcheck disable=SC2086 # one word per file
run shellcheck shellcheck $shells
run sparse sparse_said
run licence licence
run clang-format format
run kernel-doc kernel_doc
run 'checkpatch (kernel)' checkpatch "$kernel_ignore" iommufd vfio samples
run 'checkpatch (programs)' checkpatch "$user_ignore" 'harness/*.[ch]' 'workloads/*.[ch]'
[ "$failed" != 0 ] || echo "lint: $checked checks passed"
exit $((failed != 0))
