// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_mutants.c - put known bugs back one by one: what catches each, how fast
 */
#include "mutants.h"
#include "verbs.h"

enum kit_status verb_mutants(const struct verb *verb,
			     const struct kit_vars *vars,
			     struct kit_progress *progress, GError **error)
{
	struct session *session = NULL;
	enum kit_status status = KIT_STATUS_USAGE;

	if (vars->core != KIT_CORE_KIT) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "mutants are patches of our core: CORE=kit");
		return status;
	}
	session = verb_begin(verb, vars, progress, error);
	if (!session)
		return status;
	progress_begin(progress, verb->name);
	if (mutants_run(session, G_MAXUINT, error)) {
		progress_end(progress, "%u cells",
			     session->cells->len - session->not_started);
		status = verb_report(session, error);
	}
	session_free(session);
	return status;
}
