# SPDX-License-Identifier: GPL-2.0-only
# The one door: each verb is one call of harness/mdevkit.sh, with the variables
# that were given on the command line. "make help" is made of the ## comments.

MAKEFLAGS += --no-print-directory
# Variables of the command line as NAME=value words, quoted for the shell.
names := $(sort $(foreach word,$(MAKEOVERRIDES),$(firstword $(subst =, ,$(word)))))
given = $(foreach name,$(names),$(if $(filter command,$(origin $(name))),\
	'$(name)=$(subst ','\'',$($(name)))'))
mdevkit = @harness/mdevkit.sh $@ $(given)

.DEFAULT_GOAL := help
.PHONY: help run check stress hunt replay mutants shell build list selftest lint clean

run: ## fetch a kernel, build, boot, storm the samples, say the verdict
	$(mdevkit)

check: ## all tests
	$(mdevkit)

stress: ## long storms, truly parallel: SECONDS=60 SEED=n STORM=name,...
	$(mdevkit)

hunt: ## storms on the deterministic machine, a schedule per seed: SEEDS=1-100
	$(mdevkit)

replay: ## one schedule again, to the byte: SEED=n STORM=name
	$(mdevkit)

mutants: ## put known bugs back one by one: what catches each, and how fast
	$(mdevkit)

shell: ## a root shell in the guest, with the samples loaded
	$(mdevkit)

build: ## everything that a run needs, without running it
	$(mdevkit)

list: ## tests and storms, with what they need
	$(mdevkit)

selftest: ## the harness' own tests: units, guests that lie, determinism
	$(mdevkit)

lint: ## formatting, checkpatch, sparse, kernel-doc, shellcheck
	$(mdevkit)

clean: ## remove build/
	$(mdevkit)

help: ## this text
	@echo 'usage: make VERB [NAME=value...]'
	@echo
	@sed -n 's/^\([a-z]*\): ## /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14
	@echo
	@echo 'Variables: CORE=kit|tree KERNEL=stock|debug|kcsan|plain|host|PATH SUITE=name'
	@echo '  ACCEL=auto|kvm|tcg CPUS MEM JOBS SIZE=smoke|quick|full|soak TESTS=glob V=1'
	@echo
	@echo 'Exit status of the runner (make itself turns all but 0 into 2): 0 pass,'
	@echo '  1 a test failed, 2 wrong usage or missing tool, 3 kernel splat, 4 guest'
	@echo '  hung, 125 the build failed. harness/mdevkit.sh VERB returns it unchanged.'
