# GNU make.  `make` builds build/plimsoll; VARIANT=san builds with ASan+UBSan in build/san.
# Every folder under src/ is a room; every .c in it is taken.
VARIANT ?= release
O := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
PKGS := $(shell cat tools/pkgs)
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
BASE := -std=gnu17 $(WARN) -Iinclude -Isrc -isystem vendor/yyjson -D_GNU_SOURCE -ffp-contract=off -MMD -MP
release_FLAGS := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fvisibility=hidden
san_FLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
clang_FLAGS := -O2
FLAGS := $(BASE) $($(VARIANT)_FLAGS) $(shell pkg-config --cflags $(PKGS))
release_LD := -pie -Wl,-z,relro,-z,now
san_LD := -fsanitize=address,undefined
LIBS := $(shell pkg-config --libs $(PKGS)) $(shell cat tools/libs) -lm -lpthread
SRC := $(wildcard src/*/*.c)
LIB_SRC := $(filter-out src/cli/main.c,$(SRC))
OBJ := $(LIB_SRC:%.c=$(O)/%.o) $(O)/vendor/yyjson/yyjson.o
UNIT := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))

all: $(O)/plimsoll
units: $(UNIT)

$(O)/plimsoll: $(O)/src/cli/main.o $(O)/libplimsoll.a
	$(CC) $($(VARIANT)_LD) -o $@ $^ $(LIBS)
$(O)/libplimsoll.a: $(OBJ)
	rm -f $@ && ar rcs $@ $^
$(O)/vendor/yyjson/yyjson.o: vendor/yyjson/yyjson.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -w -fPIE -c -o $@ $<
# Generated tables hold no code: no sanitizer, no optimizer, or they take minutes to build.
$(O)/src/%_data.o: src/%_data.c
	@mkdir -p $(@D)
	$(CC) $(BASE) -O0 -fPIE -c -o $@ $<
$(O)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<
$(O)/unit/%: tests/unit/%.c $(O)/libplimsoll.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -Wno-missing-prototypes $($(VARIANT)_LD) -o $@ $< $(O)/libplimsoll.a -lcmocka $(LIBS)

PREFIX ?= /usr/local
TO := $(DESTDIR)$(PREFIX)
# The program looks for its rulebooks beside itself: ../share/plimsoll/rulebooks.
install: $(O)/plimsoll
	install -d $(TO)/bin $(TO)/share/man/man1 $(TO)/share/bash-completion/completions
	install -m 755 $(O)/plimsoll $(TO)/bin/plimsoll
	install -m 644 man/plimsoll.1 $(TO)/share/man/man1/plimsoll.1
	install -m 644 completions/plimsoll $(TO)/share/bash-completion/completions/plimsoll
	find rulebooks lists catalog -type f -exec install -D -m 644 '{}' '$(TO)/share/plimsoll/{}' ';'

clean:
	rm -rf build
.PHONY: all units install clean
.DELETE_ON_ERROR:
-include $(OBJ:.o=.d) $(O)/src/cli/main.d
