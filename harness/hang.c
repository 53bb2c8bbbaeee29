// SPDX-License-Identifier: GPL-2.0-only
/*
 * hang.c - what can still be learned from a guest that does not go on
 *
 * The ladder, from the least to the most violent:
 *   blocked    SysRq w: the stacks of tasks that wait
 *   tasks      SysRq t: the stacks of all
 *   registers  QMP: where every CPU is, and whether it takes interrupts; works
 *              whatever the guest does
 *   nmi        only if the console did not answer: a CPU that runs with its
 *              interrupts off prints its stack (the kernel command line makes it
 *              panic on an unknown NMI, so this is the end of the guest)
 *
 * A step on the console is over when the console has been quiet for QUIET
 * seconds, or at its limit. All output is on the console log; the caller kills
 * the guest afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "hang.h"
#include "qmp.h"

#define TICK_MS 100
#define QUIET 1.0

enum step {
	STEP_BLOCKED,
	STEP_TASKS,
	STEP_REGISTERS,
	STEP_NMI,
	STEP_DONE
};

struct ticket;

struct hang {
	struct qemu *qemu;
	char *registers_path;
	double scale;
	hang_done_fn done;
	void *data;
	enum step step;
	int64_t step_begin;
	int64_t last_console;
	bool answered; /* the console said something in this step */
	bool ever_answered;
	bool replied; /* QMP did, in this step */
	unsigned int timer;
	char *where;
	struct ticket *ticket; /* of the question that QMP has not answered yet */
};

/* A reply may come after hang_free(): it finds @hang cleared then. */
struct ticket {
	struct hang *hang;
};

static double limit_of(enum step step)
{
	static const double limits[] = { 6, 15, 5, 4, 0 };

	return limits[step];
}

char *hang_where(const char *registers)
{
	g_auto(GStrv) lines = g_strsplit(registers, "\n", -1);
	GString *where = g_string_new(NULL);
	int cpu = 0;

	for (int i = 0; lines[i]; i++) {
		const char *number = strstr(lines[i], "CPU#");
		const char *rip = strstr(lines[i], "RIP=");
		const char *flags = strstr(lines[i], "RFL=");
		const char *halted = strstr(lines[i], "HLT=");
		bool off;

		if (number)
			cpu = atoi(number + strlen("CPU#"));
		if (!rip)
			continue;
		g_string_append_printf(where, "%sCPU %d ",
				       where->len ? ", " : "", cpu);
		if (halted && halted[4] == '1') {
			g_string_append(where, "halted");
			continue;
		}
		off = flags && !(strtoull(flags + 4, NULL, 16) & 0x200);
		g_string_append_printf(where, "at %.16s%s", rip + 4,
				       off ? " with interrupts off" : "");
	}
	return g_string_free(where, FALSE);
}

static void on_registers(void *data, const char *text)
{
	struct ticket *ticket = data;
	struct hang *hang = ticket->hang;

	g_free(ticket);
	if (!hang)
		return;
	hang->ticket = NULL;
	hang->replied = true;
	if (!text)
		return;
	g_file_set_contents(hang->registers_path, text, -1, NULL);
	g_free(hang->where);
	hang->where = hang_where(text);
}

static void enter(struct hang *hang, enum step step)
{
	hang->step = step;
	hang->step_begin = g_get_monotonic_time();
	hang->last_console = hang->step_begin;
	hang->answered = false;
	hang->replied = false;
}

static void ask_registers(struct hang *hang)
{
	struct qmp *qmp = qemu_qmp(hang->qemu);

	if (!qmp) {
		hang->replied = true;
		return;
	}
	hang->ticket = g_new0(struct ticket, 1);
	hang->ticket->hang = hang;
	qmp_monitor(qmp, "info registers -a", on_registers, hang->ticket);
}

static bool step_over(const struct hang *hang, int64_t now)
{
	double since = (now - hang->step_begin) / (double)G_USEC_PER_SEC;
	double quiet = (now - hang->last_console) / (double)G_USEC_PER_SEC;

	if (since > limit_of(hang->step) * hang->scale)
		return true;
	if (hang->step == STEP_REGISTERS)
		return hang->replied;
	return hang->answered && quiet > QUIET * hang->scale;
}

char *hang_known(const struct hang *hang)
{
	return g_strdup_printf("%s%s",
			       hang->where ? hang->where : "registers unknown",
			       hang->ever_answered ?
				       ", task stacks are on the console" :
				       ", SysRq got no answer");
}

static void finish(struct hang *hang)
{
	g_autofree char *where = hang_known(hang);

	hang->timer = 0;
	hang->done(hang->data, where);
}

/* Take the next step; false if there is none. */
static bool advance(struct hang *hang)
{
	switch (hang->step) {
	case STEP_BLOCKED:
		/* Who did not answer w does not answer t. */
		if (!hang->answered) {
			enter(hang, STEP_REGISTERS);
			ask_registers(hang);
			return true;
		}
		enter(hang, STEP_TASKS);
		qemu_sysrq(hang->qemu, 't');
		return true;
	case STEP_TASKS:
		enter(hang, STEP_REGISTERS);
		ask_registers(hang);
		return true;
	case STEP_REGISTERS:
		if (hang->ever_answered || !qemu_qmp(hang->qemu))
			return false;
		enter(hang, STEP_NMI);
		qmp_send(qemu_qmp(hang->qemu), "inject-nmi", NULL, NULL, NULL,
			 NULL);
		return true;
	case STEP_NMI:
	case STEP_DONE:
		break;
	}
	return false;
}

static gboolean on_tick(gpointer data)
{
	struct hang *hang = data;

	if (!step_over(hang, g_get_monotonic_time()) || advance(hang))
		return G_SOURCE_CONTINUE;
	hang->step = STEP_DONE;
	finish(hang);
	return G_SOURCE_REMOVE;
}

struct hang *hang_start(struct qemu *qemu, const char *dir, double scale,
			hang_done_fn done, void *data)
{
	struct hang *hang = g_new0(struct hang, 1);

	hang->qemu = qemu;
	hang->registers_path = g_build_filename(dir, "registers.txt", NULL);
	hang->scale = scale;
	hang->done = done;
	hang->data = data;
	enter(hang, STEP_BLOCKED);
	qemu_sysrq(qemu, 'w');
	hang->timer = g_timeout_add(TICK_MS, on_tick, hang);
	return hang;
}

void hang_console(struct hang *hang)
{
	hang->last_console = g_get_monotonic_time();
	hang->answered = true;
	if (hang->step == STEP_BLOCKED || hang->step == STEP_TASKS)
		hang->ever_answered = true;
}

void hang_free(struct hang *hang)
{
	if (!hang)
		return;
	if (hang->timer)
		g_source_remove(hang->timer);
	if (hang->ticket)
		hang->ticket->hang = NULL;
	g_free(hang->registers_path);
	g_free(hang->where);
	g_free(hang);
}
