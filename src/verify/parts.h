// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the verifier share; nobody else includes this. */
#ifndef SUTURE_VERIFY_PARTS_H
#define SUTURE_VERIFY_PARTS_H

#include "description/description.h"
#include "verify/fidelity.h"
#include "verify/instance.h"
#include "verify/verify.h"

/* All that one verification knows. */
struct verification {
	const struct verify_request *rq;
	struct description description; /* of the fix; empty when there is none */
	struct exports exports;
	struct kernel_images images;
	struct livepatch lp;
	struct fixed_kernel p;
	struct fidelity fidelity;
	struct error *impact_error; /* why the whole kernel was not asked (O2), or NULL */
	struct finding_vec impact, layout;
	struct instance_vec instances; /* of the model of the transition, that were searched */
	const struct obligation *obligations; /* those before the one that is looked at are judged */
};

/* One obligation: looks, and says what it found. */
typedef void obligation_check(struct verification *v, struct finding_vec *list);

obligation_check check_reproduction, check_closure, check_fidelity, check_targets, check_data,
	check_contracts, check_loader, check_convergence, check_coupling, check_extras,
	check_preconditions, check_assumption;

/* closure.c: the claim by which an entity of P is in the livepatch; NULL: none. */
const struct claim *claim_of(const struct verification *v, const struct entity *theirs);

#endif
