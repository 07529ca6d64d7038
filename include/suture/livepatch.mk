# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the Makefile of livepatches that are written by hand. The whole Makefile:
#
#     obj-m := livepatch-thing.o
#     include /usr/include/suture/livepatch.mk
#
# `make` builds with the target's headers and converts what was linked (docs/handwritten.md).
#
# Set before the include, in the environment or on make's command line:
#
#   livepatches-m   which of obj-m are livepatches (default: all of obj-m)
#   SUTURE          the program (default: suture)
#   SUTURE_TARGET   the kernel to be patched (default: the only target)
#   SUTURE_SYMBOLS  a symbol list instead of a target; KDIR must then be given
#   SUTURE_FLAGS    more for `suture convert`: --module FILE.ko
#   KDIR            the kernel's headers (default: the target's)
#   KBUILD_FLAGS    more for Kbuild's make (default: CC=, the target's compiler)
#
# A FILE.ko of livepatches-m that exists after make has ended is converted; it is removed when
# anything went wrong, or when make was interrupted.

suture-include := $(patsubst %/suture/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

ifneq ($(KERNELRELEASE),)
# Kbuild reads the same Makefile a second time.
ccflags-y += -I$(suture-include)
else

SUTURE ?= suture
livepatches-m ?= $(obj-m)
suture-modules := $(livepatches-m:.o=.ko)

# Asked only by rules that build.
suture-show = $(shell $(SUTURE) target show $(SUTURE_TARGET) | sed -n 's/^$(1)  *//p')
ifdef SUTURE_SYMBOLS
suture-from = --symbols $(SUTURE_SYMBOLS)
suture-kernel = $(SUTURE_SYMBOLS)
else
suture-kernel = $(eval suture-kernel := $(call suture-show,name))$(suture-kernel)
suture-from = --target $(suture-kernel)
KDIR ?= $(call suture-show,headers)
KBUILD_FLAGS ?= CC=$(call suture-show,compiler)
endif

# No BTF: it would be made for the module as it was before the conversion. No strip: the kernel finds
# livepatch symbols by their place in the whole table.
suture-kbuild = $(MAKE) -C $(suture-dir) M=$(CURDIR) $(KBUILD_FLAGS) KBUILD_MODPOST_WARN=1 \
	CONFIG_DEBUG_INFO_BTF_MODULES= INSTALL_MOD_STRIP=
suture-dir = $(eval suture-dir := $(KDIR))$(suture-dir)

.PHONY: all modules modules_install clean suture-check

all: modules

suture-check:
	@command -v $(SUTURE) >/dev/null || { \
		echo "livepatch.mk: there is no program '$(SUTURE)': install Suture, or say" \
			"where it is with SUTURE=PATH" >&2; exit 1; }
ifdef SUTURE_SYMBOLS
	@test -r "$(SUTURE_SYMBOLS)" || { \
		echo "livepatch.mk: there is no symbol list $(SUTURE_SYMBOLS)" >&2; exit 1; }
else
	@$(SUTURE) target show $(SUTURE_TARGET) >/dev/null || { \
		echo "livepatch.mk: which kernel is to be patched? Name one of 'suture target list'" \
			"with SUTURE_TARGET=NAME, or add one with 'suture target add'" >&2; exit 1; }
endif
	@test -f "$(suture-dir)/Makefile" || { \
		echo "livepatch.mk: there are no kernel headers in KDIR='$(suture-dir)'" >&2; exit 1; }

# One shell, so that one trap covers linking and converting. What was made for another kernel is linked
# anew; the file of a conversion that changed nothing stays as old as it is.
modules: suture-check
	+@trap 'rm -f $(suture-modules) $(suture-modules:=.converted)' EXIT; \
	trap 'exit 130' INT TERM HUP; \
	made_for='$(suture-kernel) $(SUTURE_FLAGS)'; \
	[ "$$(cat .suture-made-for 2>/dev/null)" = "$$made_for" ] || rm -f $(suture-modules); \
	echo "$$made_for" >.suture-made-for || exit; \
	$(suture-kbuild) modules || exit; \
	for ko in $(suture-modules); do \
		$(SUTURE) convert $$ko -o $$ko.converted $(suture-from) $(SUTURE_FLAGS) || exit; \
		if cmp -s $$ko.converted $$ko; then rm -f $$ko.converted; \
		else mv -f $$ko.converted $$ko || exit; fi; \
	done; \
	trap - EXIT

modules_install: modules
	+@$(suture-kbuild) modules_install

clean: suture-check
	+@$(suture-kbuild) clean
	@rm -f .suture-made-for

endif
