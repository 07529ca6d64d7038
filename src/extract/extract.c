// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/extract.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"
#include "extract/preprocess.h"
#include "extract/write.h"

struct error *extract_unit(const struct extract_request *request, struct extract_result *result)
{
	SCOPED(tu_free) struct tu tu = {0};
	SCOPED(closure_free) struct closure c = {.request = request, .result = result, .tu = &tu};
	scoped_str struct str text = {0};

	*result = (struct extract_result) {0};
	TRY(preprocess(request->target, request->command, request->farm, request->workdir, &tu,
		       &result->cpp_cpu));
	TRY(closure_run(&c));
	write_source(&c, &text);
	result->text = take(text.s);
	return NULL;
}

void extract_result_free(struct extract_result *result)
{
	for (size_t i = 0; i < result->decisions.n; i++) {
		free(result->decisions.at[i].what);
		free(result->decisions.at[i].how);
		free(result->decisions.at[i].reason);
		free(result->decisions.at[i].needed_by);
	}
	for (size_t i = 0; i < result->replaced.n; i++) {
		free(result->replaced.at[i].name);
		free(result->replaced.at[i].new_name);
	}
	for (size_t i = 0; i < result->places.n; i++)
		free(result->places.at[i].file);
	text_place_vec_free(&result->places);
	extract_decision_vec_free(&result->decisions);
	extract_replaced_vec_free(&result->replaced);
	str_vec_free_all(&result->near);
	free(result->text);
	*result = (struct extract_result) {0};
}
