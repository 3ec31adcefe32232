#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __linux__
#include <malloc.h>
#endif
#include <string.h>

#include "ctorch.h"

static void *library = NULL;

static const ct_api *fail(char **error, const char *text) {
  if (error) *error = strdup(text ? text : "unknown error");
  return NULL;
}

const ct_api *ct_load(const char *path, char **error) {
  // GNU OpenMP's idle threads spin for milliseconds by default, which starves whatever else runs on the machine.
  setenv("GOMP_SPINCOUNT", "10000", 0);
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

void ct_keep_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}
