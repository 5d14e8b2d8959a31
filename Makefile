# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make run      install what is missing, build, trace this host's TCP connections
# make check    install what is missing, build, run all tests
# make help     all targets and variables

VERSION := 0.1.0

BUILD  ?= build
PREFIX ?= /usr/local
CC     := $(CROSS_COMPILE)$(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG  ?= clang
# Debian's is out of a user's PATH; Ubuntu's is a wrapper that works only with the tools of the running kernel.
BPFTOOL ?= $(shell for tool in bpftool /usr/sbin/bpftool /usr/local/sbin/bpftool /usr/lib/linux-tools/*/bpftool; do \
	$$tool version >/dev/null 2>&1 && echo $$tool && break; done || echo bpftool)
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config
PYTHON ?= /usr/bin/python3

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
MAKEFLAGS += --no-print-directory
endif

# The target machine as libbpf's headers name it, and the byte order of its BPF.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
ARCH_x86_64 := x86
ARCH_i686 := x86
ARCH_aarch64 := arm64
ARCH_arm := arm
ARCH_powerpc64le := powerpc
ARCH_powerpc64 := powerpc
ARCH_riscv64 := riscv
ARCH_s390x := s390
ARCH_loongarch64 := loongarch
ARCH := $(or $(ARCH_$(MACHINE)),$(MACHINE))
BPF_TARGET := $(if $(filter s390x powerpc64 mips64,$(MACHINE)),bpfeb,bpfel)

OPT    ?= -O2 -g
CFLAGS ?=
WARN   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef
STD    := -std=gnu11 -D_GNU_SOURCE -DTCPLEDGER_VERSION='"$(VERSION)"'
SANITIZERS := address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifdef SANITIZE
SAN := -fsanitize=$(SANITIZERS)
endif
ifdef FUZZ
SAN := -fsanitize=fuzzer-no-link,$(SANITIZERS)
endif

LIBS        := libbpf libmnl libutf8proc
LIB_CFLAGS  := $(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
LIB_LDLIBS  := $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null || echo -lbpf -lmnl -lutf8proc) -lelf -lz -lpthread
TEST_LDLIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null || echo -lcmocka)

# A room sees the rooms on its line and no other: these include paths keep the arrows one way. tests/lint/walls.py holds
# them against the rules of ARCHITECTURE.md.
SEES_base            := base

SEES_model           := $(SEES_base) model
SEES_model/table     := $(SEES_model) model/table
SEES_model/netns     := $(SEES_model) model/netns
SEES_model/filter    := $(SEES_model/netns) model/filter
SEES_model/audit     := $(SEES_model/filter) model/audit
SEES_model/explain   := $(SEES_model) model/explain
SEES_model/fds       := $(SEES_model) model/fds
MODEL := model $(addprefix model/,table netns filter audit explain fds)

SEES_source/process  := base $(MODEL) source/process
SEES_source/netns    := $(SEES_source/process) source/netns
SEES_source/names    := $(SEES_source/netns) source/names
SEES_source/host     := $(SEES_source/netns) source/host
SEES_source/sockets  := $(SEES_source/host) source/sockets
SEES_source/events   := $(SEES_source/sockets) source/events
SEES_source/fds      := $(SEES_source/sockets) source/fds
SOURCE := $(addprefix source/,process netns names host sockets events fds)

SEES_live            := base $(MODEL) $(SOURCE) live
SEES_print           := base $(MODEL) print
SEES_sink            := $(SEES_print) sink

SEES_command         := base command
SEES_command/common  := base $(MODEL) $(SOURCE) live print sink command command/common
COMMANDS := $(filter-out command/common,$(patsubst src/%/,%,$(wildcard src/command/*/)))
$(foreach room,$(COMMANDS),$(eval SEES_$(room) := $(SEES_command/common) $(room)))

ROOMS := base $(MODEL) $(SOURCE) live print sink command command/common $(COMMANDS)

# Only these see the records that the kernel side writes, and only the last two of them its programs.
RECORDS_source/host    := -Iinclude
RECORDS_source/sockets := -Iinclude -I$(BUILD)/bpf
RECORDS_source/events  := -Iinclude -I$(BUILD)/bpf
sees = $(addprefix -Isrc/,$(SEES_$(1))) $(RECORDS_$(1))
SEES_ALL := $(addprefix -Isrc/,$(ROOMS)) -Iinclude

SRC := $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c))
OBJ := $(SRC:%.c=$(BUILD)/%.o)
LIB_OBJ := $(filter-out %/command/main.o,$(OBJ))
PROGRAM := $(BUILD)/tcpledger
SKELETONS := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))
ifdef FUZZ
SKELETONS := # no fuzzer needs them
endif

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
CHURN := $(BUILD)/tests/bench/churn
MEASURE := $(BUILD)/tests/bench/measure
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS := $(FUZZ_SRC:%.c=$(BUILD)/%)
VMLINUX_CHECK := $(BUILD)/tests/system/vmlinux_check

all: $(PROGRAM)

# ---- the program ----

$(PROGRAM): $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(OPT) $(SAN) $(LDFLAGS) -o $@ $(OBJ) $(LIB_LDLIBS)

define compile_room
$(BUILD)/src/$(1)/%.o: src/$(1)/%.c Makefile $(if $(RECORDS_$(1)),| $(SKELETONS))
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) $(SAN) $(call sees,$(1)) $(LIB_CFLAGS) $(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach room,$(ROOMS),$(eval $(call compile_room,$(room))))

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -target $(BPF_TARGET) -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -g -O2 -Wall -Wextra -Werror -Wno-unused-parameter \
		-Ibpf -Iinclude -Ivmlinux $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDARY: $(SKELETONS:.skel.h=.bpf.o)
$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp
	$(Q)mv $@.tmp $@

# ---- the tests ----

# As a library: what a test defines itself, all of a source's functions, takes the source's place.
UNIT_LIB := $(BUILD)/tests/unit/lib.a
$(UNIT_LIB): $(LIB_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

.SECONDARY: $(UNIT:=.o)
$(BUILD)/tests/unit/%.o: tests/unit/%.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) $(SAN) $(SEES_ALL) -Itests/unit $(LIB_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_LIB)
	$(call say,TEST,$@)
	$(Q)$(CC) $(OPT) $(SAN) $(LDFLAGS) -o $@ $< $(UNIT_LIB) $(LIB_LDLIBS) $(TEST_LDLIBS)

$(CHURN) $(MEASURE): $(BUILD)/tests/bench/%: tests/bench/%.c Makefile
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< -lpthread

# Parsers that need nothing but model and base: no more than these is built once again for the fuzzers.
FUZZ_OBJ := $(filter $(BUILD)/src/base/% $(BUILD)/src/model/%,$(OBJ)) $(addprefix $(BUILD)/src/source/, \
	sockets/proc_net.o sockets/proc_unix.o sockets/diag_answer.o fds/fdinfo.o \
	events/backlog.o events/record_event.o process/process_status.o names/services.o)

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ) Makefile
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -fsanitize=fuzzer,$(SANITIZERS) $(SEES_ALL) $(LIB_CFLAGS) $(CFLAGS) $(LDFLAGS) \
		-MMD -MP -o $@ $< $(FUZZ_OBJ) $(LIB_LDLIBS)

fuzz-here: $(FUZZERS)
	$(Q)BUILD=$(BUILD) tests/fuzz/run $(ARGS)

# Every type of vmlinux.h once, so that its BTF can be held against the running kernel's.
$(BUILD)/tests/system/vmlinux_types.o: vmlinux/vmlinux.h Makefile
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)sed -n 's/^struct \([a-z0-9_]*\) {$$/struct \1 a_\1;/p' $< | (echo '#include "vmlinux.h"'; cat) | \
		$(CLANG) -target $(BPF_TARGET) -g -O2 -Ivmlinux -x c -c -o $@ -

$(VMLINUX_CHECK): tests/system/vmlinux_check.c Makefile
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) $(LIB_CFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(LIB_LDLIBS)

TEST_PROGRAMS := $(PROGRAM) $(UNIT) $(CHURN) $(VMLINUX_CHECK) $(BUILD)/tests/system/vmlinux_types.o

check-here: $(TEST_PROGRAMS)
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tests/run

check-vm-here: $(filter-out $(UNIT),$(TEST_PROGRAMS))
	$(Q)BUILD=$(BUILD) $(PYTHON) -B tests/vm/check.py $(ARGS)

# ---- what people type ----

requirements = packaging/requirements
# As many at once as there are processors, unless the user has said how many.
jobs = $(if $(filter -j% --jobs%,$(MAKEFLAGS)),,-j$(shell nproc))
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

run:
	@$(requirements) build
	@$(MAKE) $(jobs) all
	$(AS_ROOT) $(PROGRAM) trace $(ARGS)

check:
	@$(requirements) build check
	@$(MAKE) $(jobs) check-here

soak:
	@$(requirements) build check
	@$(MAKE) $(jobs) $(TEST_PROGRAMS)
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tests/run soak
	@$(MAKE) fuzz ARGS=180 # seconds for each fuzzer

check-vm:
	@$(requirements) build check vm
	@$(MAKE) $(jobs) check-vm-here

asan:
	@$(requirements) build check asan
	@$(MAKE) $(jobs) BUILD=$(BUILD)/asan SANITIZE=1 OPT='-O1 -g' check-here

fuzz:
	@$(requirements) build fuzz
	@$(MAKE) $(jobs) BUILD=$(BUILD)/fuzz CC=$(CLANG) FUZZ=1 OPT='-O1 -g' fuzz-here

bench:
	@$(requirements) build check bench
	@$(MAKE) $(jobs) all $(CHURN) $(MEASURE)
	$(AS_ROOT) env BUILD=$(BUILD) $(PYTHON) tests/bench/bench.py $(ARGS)
	$(AS_ROOT) env BUILD=$(BUILD) $(PYTHON) tests/bench/listing.py $(ARGS)
	$(AS_ROOT) env BUILD=$(BUILD) $(PYTHON) tests/bench/idle.py $(ARGS)

C_FILES := $(wildcard bpf/*.[ch] include/*.h vmlinux/*.h $(patsubst %,src/%/*.[ch],$(ROOMS)) tests/*/*.[ch])
SCRIPTS := packaging/requirements tests/run tests/fuzz/run tests/vm/init .ci/run
DOCUMENTS := README.md ARCHITECTURE.md CONTRIBUTING.md $(wildcard docs/*.md docs/*/*.md)

lint:
	@$(requirements) build lint
	@$(MAKE) $(jobs) lint-here

# Each step says how much it saw: a file that no step sees is not checked.
lint-here: $(SKELETONS)
	$(call say,WALLS,src)
	$(Q)printf '%s\n' $(foreach room,$(ROOMS),'$(room) $(call sees,$(room))') | $(PYTHON) -B tests/lint/walls.py $(CC) $(LIB_CFLAGS)
	$(call say,FORMAT,'$(words $(C_FILES)) C files')
	$(Q)! git ls-files -- '*.[ch]' | grep -vxF "$$(printf '%s\n' $(C_FILES))"
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(call say,CPPCHECK,'$(words $(SRC)) files of src')
	$(Q)cppcheck --quiet -j$(shell nproc) --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem -D__GNUC__ $(SEES_ALL) src
	$(call say,SHELL,'$(SCRIPTS)')
	$(Q)! git grep -lE '^#!/bin/(ba)?sh' | grep -vxF "$$(printf '%s\n' $(SCRIPTS))"
	$(Q)shellcheck $(SCRIPTS)
	$(call say,SPDX,'all files')
	$(Q)! git ls-files -- ':!LICENSE*' ':!*.md' ':!.gitignore' ':!tests/fuzz/corpus' | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause' | grep .
	$(call say,NAMES,'a verb and an object for each static function')
	$(Q)! grep -nE '^(__attribute__.*\) )?(static|JSON_INLINE) [^=;]*[ *][a-z0-9]+\(' $(wildcard bpf/*.[ch] src/*/*.[ch] src/*/*/*.[ch])
	$(call say,WIDTH,'$(DOCUMENTS)')
	$(Q)! LC_ALL=C.UTF-8 grep -nE '.{121,}' $(DOCUMENTS)
	$(call say,GETENV,'no variable names a file or a program')
	$(Q)! grep -rnE '\b(secure_)?getenv *\(' src | grep -v 'getenv("NO_COLOR")'
	$(call say,CLANG,'all objects')
	$(Q)$(MAKE) BUILD=$(BUILD)/clang CC=clang all

format:
	@$(requirements) lint
	clang-format -i $(C_FILES)

compdb: $(SKELETONS)
	$(call say,JSON,compile_commands.json)
	$(Q)( $(foreach room,$(ROOMS),for f in src/$(room)/*.c; do \
		printf '{"directory":"%s","file":"%s","command":"%s"}\n' "$(CURDIR)" "$$f" \
		"$(CC) -std=gnu11 -D_GNU_SOURCE -DTCPLEDGER_VERSION='\\\"$(VERSION)\\\"' $(call sees,$(room)) $(LIB_CFLAGS) -c $$f"; done;) ) | \
		sed '1s/^/[/; $$!s/$$/,/; $$s/$$/]/' > compile_commands.json

install: all
	install -D -m 0755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/tcpledger

clean:
	rm -rf $(BUILD) compile_commands.json

help:
	@echo 'make run [ARGS=…]   install what is missing, build, and trace (ARGS: options of tcpledger trace)'
	@echo 'make check          install what is missing, build, run all tests (as root: also those on the real kernel)'
	@echo 'make check-vm       on Debian'"'"'s 6.1 and 6.12 kernels, emulated, what a kernel can change (ARGS=--all: all but what is heavy)'
	@echo 'make soak           the long forms of tests: for an hour what make check does for a minute'
	@echo 'make                build $(BUILD)/tcpledger; touches no network'
	@echo 'make bench          measure beside tcpstates and bpftrace (ARGS=--short: a quick look)'
	@echo 'make asan           the tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make fuzz           fuzz the parsers (ARGS="SECONDS TARGET…": one minute of two of them is ARGS="60 filter policy")'
	@echo 'make lint           formatting, static analysis, warnings of clang;  make format: mend the formatting'
	@echo 'make compdb         compile_commands.json for editors'
	@echo 'make install        into $$(DESTDIR)$$(PREFIX)/bin;  make clean'
	@echo 'Variables: V=1 (show commands) BUILD CC CLANG BPFTOOL CROSS_COMPILE PREFIX DESTDIR CFLAGS LDFLAGS'

.PHONY: all run check check-here soak check-vm check-vm-here asan fuzz fuzz-here bench lint lint-here format compdb install clean help
.DELETE_ON_ERROR:

-include $(OBJ:.o=.d) $(UNIT:=.d) $(FUZZERS:=.d) $(CHURN).d $(VMLINUX_CHECK).d $(SKELETONS:.skel.h=.bpf.d)
