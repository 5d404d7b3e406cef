/* effects.c: where the data file of the lists' legal effects is. */
#include "cli/effects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM 4200

static bool there(char *path, const char *folder, const char *tail) {
    int n = snprintf(path, PATH_ROOM, "%s/%s", folder, tail);
    return n > 0 && n < PATH_ROOM && access(path, R_OK) == 0;
}

static void find_file(char *path) {
    static const char *const in_env[] = {"us/lists.json", "lists.json", "../lists.json"};
    static const char *const beside[] = {"rulebooks/us/lists.json",
                                         "share/plimsoll/rulebooks/us/lists.json"};
    const char *env = getenv("PLIMSOLL_RULEBOOKS");
    char exe[4000];
    for (int i = 0; env && *env && i < 3; i++)
        if (there(path, env, in_env[i])) return;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    for (int up = 0; up < 3 && n > 0; up++) { /* build/plimsoll, build/san/plimsoll, bin/plimsoll */
        char *slash = strrchr(exe, '/');
        if (!slash) break;
        *slash = 0;
        for (int i = 0; i < 2; i++)
            if (there(path, exe, beside[i])) return;
    }
    snprintf(path, PATH_ROOM, "%s", beside[0]);
}

const char *plm_cli_shipped_lists(void) {
    static char path[PATH_ROOM];
    char file[PATH_ROOM];
    find_file(file);
    for (int up = 0; up < 3; up++) { /* FOLDER/rulebooks/us/lists.json -> FOLDER/lists */
        char *slash = strrchr(file, '/');
        if (!slash) return up == 2 ? "lists" : NULL;
        *slash = 0;
    }
    int n = snprintf(path, sizeof path, "%s/lists", file);
    return n > 0 && (size_t)n < sizeof path ? path : NULL;
}

plm_effects *plm_cli_effects(const char *verb, const char *file) {
    char path[PATH_ROOM];
    plm_fault f = {0};
    if (!file) find_file(path);
    plm_effects *e = plm_effects_open(file ? file : path, &f);
    if (!e) plm_cli_fault(verb, &f);
    return e;
}
