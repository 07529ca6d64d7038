/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transition of the kernel's livepatches (kernel/livepatch of 6.1 and 6.12, x86-64, ORC unwinder).
 * docs/model.md tells what is modelled and what is not. Switches: run `model-check --list`.
 */
#include "instance.h"
#include "state.pml"
#include "properties.pml"
#include "handler.pml"
#include "callbacks.pml"
#include "waiting.pml"
#include "patching.pml"
#include "transition.pml"
#include "core.pml"
#include "modules.pml"
#include "tasks.pml"
#include "scenarios.pml"
