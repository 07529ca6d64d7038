// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations of the model and what must come out. */
#ifndef SUTURE_MODEL_ROWS_H
#define SUTURE_MODEL_ROWS_H

#include <stddef.h>

#include "model/search.h"

struct row {
	const char *name;
	const char *switches; /* for the preprocessor of spin, as in a shell */
	const char *property; /* what must be violated; NULL: everything holds */
	enum search_kind check;
	const char *what;
};

extern const struct row model_rows[];
extern const size_t model_row_count;

#endif
