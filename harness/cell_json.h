/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cell_json.h - a cell as JSON, for reports
 */
#ifndef _KIT_HARNESS_CELL_JSON_H
#define _KIT_HARNESS_CELL_JSON_H

#include <json-glib/json-glib.h>

#include "cell.h"

/* Append @cell as one object. */
void cell_json_put(JsonBuilder *json, const struct cell *cell);

#endif /* _KIT_HARNESS_CELL_JSON_H */
