// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/fate.h"

#include <stdlib.h>

void name_fate_free(struct name_fate *fate)
{
	free(fate->reason);
	free(fate->new_name);
	free(fate->object);
	free(fate->symbol);
	free(fate->patched);
	free(fate->link_name);
	*fate = (struct name_fate) {0};
}
