// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm.c - the storm program: arguments, statistics, verdict
 *
 *   storm --storm NAME[,NAME...] --seed N [--seconds N | --ops N]
 *         [--size smoke|quick|full] [--epoch N] [--list]
 *
 * With --seconds the storms share the time and the clock ends the last epoch.
 * With --ops nothing depends on a clock: an epoch ends when so many operations
 * were made, and the run when all were; that is the form for a machine on which
 * the schedule is a function of the seed. --epoch runs one epoch only: every
 * epoch stands for itself, so a failure in epoch 7 comes back without 0 to 6.
 *
 * Output is KTAP, one case for each check of each storm, with `# stat` lines
 * every second and the totals at the end. On a failure: the first finding of
 * each check and the shortest window of the history that shows it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "kit_tap.h"

#define MAX_STORMS 16
#define WHY_BYTES 400
#define EXTRA_ROUNDS 3 /* of the given time, when an overlap is missing */

struct size {
	const char *name;
	unsigned int seconds;
	uint64_t epoch_ops;
};

static const struct size sizes[] = {
	{ "smoke", 3, 3000 },
	{ "quick", 10, 8000 },
	{ "full", 60, 30000 },
};

static const char *const check_names[NCHECKS] = {
	[CHECK_UNMAP] = "unmap_leaves_nothing_reachable",
	[CHECK_DATA] = "data_was_mapped",
	[CHECK_ERRNO] = "results_are_allowed",
	[CHECK_STRICT] = "stricter_promises_hold",
	[CHECK_REPLACE] = "failed_replace_changes_nothing",
	[CHECK_CLOSE] = "close_returns_everything",
	[CHECK_LEDGER] = "ledger_clean",
	[CHECK_HANG] = "nothing_hangs",
	[CHECK_PLAN] = "same_seed_same_plan",
	[CHECK_OVERLAP] = "overlaps_reached",
};

struct options {
	const struct storm *storm[MAX_STORMS];
	unsigned int nstorms;
	uint64_t seed;
	const struct size *size;
	unsigned int seconds; /* 0: by operations */
	uint64_t ops; /* of each storm */
	long epoch; /* -1: all */
};

static struct finding weak; /* the first one of the storm */
static struct options options = { .seed = 1, .size = &sizes[0], .epoch = -1 };
static struct world world;
static uint64_t started_ms;
static unsigned int cases_left; /* for the plan to come out right on a hang */

static const char *repeat_text(char *text, size_t room, unsigned int epoch)
{
	snprintf(text, room,
		 "storm --storm %s --seed %" PRIu64 " --size %s --epoch %u",
		 world.storm->name, options.seed, options.size->name, epoch);
	return text;
}

static void print_stat(const struct world *w, const struct totals *totals)
{
	uint64_t n[OP_NKINDS] = { 0 };
	uint64_t ops = totals->ops;

	/* Racy reads of other threads' counters: statistics. */
	for (unsigned int i = 0; !w->counted && i < w->nactors; i++) {
		ops += w->actor[i].nops;
		for (unsigned int k = 0; k < OP_NKINDS; k++)
			n[k] += w->actor[i].tally[k].n;
	}
	for (unsigned int k = 0; k < OP_NKINDS; k++)
		n[k] += totals->tally[k].n;
	tap_note("stat t=%" PRIu64 " storm=%s epoch=%u ops=%" PRIu64
		 " maps=%" PRIu64 " unmaps=%" PRIu64 " swaps=%" PRIu64
		 " dmas=%" PRIu64 " pins=%" PRIu64 " touches=%" PRIu64,
		 (tap_now_ms() - started_ms) / 1000, w->storm->name, w->epoch,
		 ops, n[OP_MAP],
		 n[OP_UNMAP] + n[OP_UNMAP_RANGE] + n[OP_UNMAP_ALL],
		 n[OP_ATTACH] + n[OP_DETACH],
		 n[OP_READ] + n[OP_WRITE] + n[OP_COPY] + n[OP_FILL] + n[OP_CRC],
		 n[OP_PIN], n[OP_TOUCH]);
}

static void print_history(const struct finding *finding)
{
	struct event_ring *rings[MAX_ACTORS];

	if (!finding->window.to)
		return;
	for (unsigned int i = 0; i < world.nactors; i++)
		rings[i] = &world.actor[i].events;
	events_print(rings, world.nactors, &finding->window);
}

static void print_totals(const struct totals *totals)
{
	char line[400];

	for (unsigned int k = 0; k < OP_NKINDS; k++) {
		const struct tally *tally = &totals->tally[k];
		int len;

		if (!tally->n)
			continue;
		len = snprintf(line, sizeof(line), "ops %s n=%" PRIu64,
			       op_name(k), tally->n);
		for (unsigned int e = 0; e < NERRNOS && tally->rc[e].n; e++)
			len += snprintf(
				line + len, sizeof(line) - len, " %s=%" PRIu64,
				tally->rc[e].rc ?
					tap_errno_name(tally->rc[e].rc) :
					"ok",
				tally->rc[e].n);
		tap_note("%s", line);
	}
	for (unsigned int i = MDMA_LEDGER_CALLBACKS; i < MDMA_LEDGER_N; i++)
		if (strcmp(mdma_ledger_name(i), "?"))
			tap_note("ledger %s=%" PRIu64, mdma_ledger_name(i),
				 totals->overlap[i]);
}

static void result(const struct storm *storm, enum check check, bool ok,
		   const char *why)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/%s", storm->name, check_names[check]);
	tap_result(ok, name, "%s", why);
	cases_left--;
}

/* What is missing goes to @why, which has @room bytes. */
static bool overlaps_reached(const struct storm *storm,
			     const struct totals *totals, char *why,
			     size_t room)
{
	bool ok = true;
	int len = snprintf(why, room, "never reached:");

	for (unsigned int i = 0; i < MAX_OVERLAPS && storm->overlap[i]; i++) {
		if (totals->overlap[storm->overlap[i]])
			continue;
		ok = false;
		len += snprintf(why + len, room - len, " %s",
				mdma_ledger_name(storm->overlap[i]));
	}
	for (unsigned int i = 0; i < MAX_SIGHTS && storm->sight[i].kind; i++) {
		const struct sight *sight = &storm->sight[i];

		if (tally_count(&totals->tally[sight->kind], sight->rc))
			continue;
		ok = false;
		len += snprintf(why + len, room - len, " %s=%s",
				op_name(sight->kind),
				tap_errno_name(sight->rc));
	}
	return ok;
}

static bool check_overlaps(const struct storm *storm,
			   const struct totals *totals)
{
	char why[WHY_BYTES];
	bool ok = overlaps_reached(storm, totals, why, sizeof(why));

	result(storm, CHECK_OVERLAP, ok, why);
	return ok;
}

static bool report(const struct storm *storm, const struct totals *totals)
{
	char text[160];
	bool ok = !(totals->nweak && world.strict);

	for (unsigned int i = 0; i < NCHECKS; i++) {
		if (!world.failed[i] || i == CHECK_STRICT)
			continue;
		ok = false;
		tap_note("found by %s: %s", check_names[i],
			 world.finding[i].text);
		print_history(&world.finding[i]);
	}
	if (totals->nweak) {
		world.failed[CHECK_STRICT] = true;
		world.finding[CHECK_STRICT] = weak;
		tap_note("stricter promises broken n=%" PRIu64, totals->nweak);
	}
	if (!ok)
		tap_note("repeat with: %s",
			 repeat_text(text, sizeof(text), world.epoch));
	print_totals(totals);
	tap_note("plan %s epochs=%u ops=%" PRIu64 " hash=%016" PRIx64,
		 storm->name, totals->epochs, totals->ops, totals->hash);
	for (unsigned int i = 0; i < CHECK_OVERLAP; i++)
		result(storm, i, !world.failed[i], world.finding[i].text);
	if (ok)
		return check_overlaps(storm, totals) && !totals->nweak;
	result(storm, CHECK_OVERLAP, false,
	       "stopped before: another check failed");
	return false;
}

/* In the watchdog's thread; a stuck thread would not let us end otherwise. */
static void hung(struct world *w, const char *what)
{
	struct finding finding = {
		.window = { .from = 0,
			    .to = REG_OPEN,
			    .dev = EVENT_ANY,
			    .ioas = EVENT_ANY },
	};
	char text[160];

	snprintf(finding.text, sizeof(finding.text), "hung: %s", what);
	tap_note("%s", finding.text);
	for (unsigned int i = 0; i < w->nactors; i++)
		tap_note("  %s.%u: %" PRIu64 " operations, now %s",
			 w->actor[i].part->role->name, i,
			 (uint64_t)w->actor[i].nops, op_name(w->actor[i].now));
	print_history(&finding);
	for (unsigned int i = 0; i < NCHECKS; i++)
		if (w->failed[i])
			tap_note("found by %s: %s", check_names[i],
				 w->finding[i].text);
	tap_note("repeat with: %s", repeat_text(text, sizeof(text), w->epoch));
	for (unsigned int i = 0; i < NCHECKS; i++)
		result(w->storm, i,
		       i != CHECK_HANG && i != CHECK_OVERLAP && !w->failed[i],
		       i == CHECK_HANG ? finding.text :
		       w->failed[i]    ? w->finding[i].text :
					 "stopped before: hung");
	while (cases_left) {
		tap_result(false, "not_run", "an earlier storm hung");
		cases_left--;
	}
	_exit(TAP_EXIT_FAIL);
}

/* Called more often than that; a line for each second. */
static void stat_second(const struct world *w, const struct totals *totals)
{
	static uint64_t next_ms;
	uint64_t now = tap_now_ms();

	if (now < next_ms)
		return;
	print_stat(w, totals);
	next_ms = now + 1000;
}

/* The first promise that was broken, with its history while that is there. */
static void show_weak(void)
{
	weak = world.finding[CHECK_STRICT];
	tap_note("found by %s: %s", check_names[CHECK_STRICT], weak.text);
	print_history(&weak);
}

static bool run_storm(const struct storm *storm)
{
	uint64_t deadline = 0;
	struct totals totals = { 0 };
	unsigned int epoch = options.epoch < 0 ? 0 : options.epoch;
	unsigned int extra = EXTRA_ROUNDS;
	char why[WHY_BYTES];
	bool ok;

	if (options.seconds)
		deadline = tap_now_ms() +
			   1000ull * options.seconds / options.nstorms;
	tap_note("progress storm %s: %s", storm->name, storm->aim);
	do {
		struct limits limits = { .ops = options.size->epoch_ops,
					 .deadline_ms = deadline };

		if (!options.seconds && options.ops - totals.ops < limits.ops)
			limits.ops = options.ops - totals.ops;
		ok = engine_epoch(&world, storm, options.seed, epoch++, &limits,
				  &totals, stat_second);
		if (world.failed[CHECK_STRICT] && totals.nweak == world.nweak)
			show_weak();
		/* Not there yet on a slow machine: some more, but not for ever. */
		if (ok && deadline && tap_now_ms() >= deadline && extra &&
		    !overlaps_reached(storm, &totals, why, sizeof(why))) {
			deadline += 1000ull * options.seconds / options.nstorms;
			extra--;
		}
	} while (ok && options.epoch < 0 &&
		 (options.seconds ? tap_now_ms() < deadline :
				    totals.ops < options.ops));
	print_stat(&world, &totals);
	return report(storm, &totals);
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s --storm NAME[,NAME...] [--seed N] [--seconds N | --ops N]\n"
		"       [--size smoke|quick|full] [--epoch N] [--list]\n",
		program);
	return TAP_EXIT_USAGE;
}

static int list(void)
{
	for (unsigned int i = 0; storm_at(i); i++)
		printf("%-12s %s\n", storm_at(i)->name, storm_at(i)->aim);
	return TAP_EXIT_PASS;
}

static bool parse_storms(char *names)
{
	char *rest = names;
	char *name;

	while ((name = strsep(&rest, ","))) {
		const struct storm *storm = storm_find(name);

		if (!storm || options.nstorms == MAX_STORMS) {
			fprintf(stderr,
				"no storm is called \"%s\"; see --list\n",
				name);
			return false;
		}
		options.storm[options.nstorms++] = storm;
	}
	return true;
}

static bool parse_size(const char *name)
{
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (strcmp(sizes[i].name, name))
			continue;
		options.size = &sizes[i];
		return true;
	}
	fprintf(stderr, "no size is called \"%s\"\n", name);
	return false;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (!errno && end != text && !*end && *text != '-')
		return true;
	fprintf(stderr, "\"%s\" is not a number\n", text);
	return false;
}

static bool parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "storm", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "ops", required_argument, NULL, 'o' },
		{ "size", required_argument, NULL, 'z' },
		{ "epoch", required_argument, NULL, 'e' },
		{ 0 },
	};
	uint64_t seconds = 0, epoch;
	bool ok = true;
	int c;

	while (ok && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			ok = parse_storms(optarg);
			break;
		case 'n':
			ok = parse_number(optarg, &options.seed);
			break;
		case 't':
			ok = parse_number(optarg, &seconds);
			break;
		case 'o':
			ok = parse_number(optarg, &options.ops) && options.ops;
			break;
		case 'z':
			ok = parse_size(optarg);
			break;
		case 'e':
			ok = parse_number(optarg, &epoch);
			options.epoch = epoch;
			break;
		default:
			ok = false;
			break;
		}
	}
	options.seconds = seconds;
	if (!options.seconds && !options.ops && options.epoch < 0)
		options.seconds = options.size->seconds;
	if (!options.ops)
		options.ops = options.size->epoch_ops;
	return ok && optind == argc && options.nstorms;
}

int main(int argc, char **argv)
{
	bool ok = true;

	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	if (!parse(argc, argv))
		return usage(argv[0]);
	started_ms = tap_now_ms();
	cases_left = options.nstorms * NCHECKS;
	tap_plan(cases_left, options.seed);
	if (engine_init(hung))
		return TAP_EXIT_FAIL;
	for (unsigned int i = 0; i < options.nstorms; i++)
		ok = run_storm(options.storm[i]) && ok;
	return ok ? TAP_EXIT_PASS : TAP_EXIT_FAIL;
}
