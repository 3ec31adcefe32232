#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "ctorch.h"

static void *library = NULL;

static const ct_api *fail(char **error, const char *text) {
  if (error) *error = strdup(text ? text : "unknown error");
  return NULL;
}

// By default the GNU library gives large blocks back to the system as they are freed, and the system clears their pages anew
// when the next operator asks for the same: a fifth of a training step. A user's own settings go first.
static void keep_freed_memory(void) {
#ifdef __GLIBC__
  if (getenv("GLIBC_TUNABLES") || getenv("MALLOC_MMAP_THRESHOLD_") || getenv("MALLOC_TRIM_THRESHOLD_")) return;
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

const ct_api *ct_load(const char *path, char **error) {
  // GNU OpenMP's idle threads spin for milliseconds by default, which starves whatever else runs on the machine.
  setenv("GOMP_SPINCOUNT", "10000", 0);
  keep_freed_memory();
  void *opened = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  if (!opened) return fail(error, dlerror());
  const ct_api *(*table)(void) = (const ct_api *(*)(void))dlsym(opened, "ct_api_table");
  if (!table) return fail(error, "it has no symbol ct_api_table");
  const ct_api *api = table();
  if (api->version != CT_API_VERSION) {
    char text[160];
    snprintf(text, sizeof text, "it has interface version %d, this program needs %d", api->version, CT_API_VERSION);
    return fail(error, text);
  }
  library = opened;
  return api;
}

void *ct_symbol(const char *name) { return library ? dlsym(library, name) : NULL; }
