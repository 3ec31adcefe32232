#define _GNU_SOURCE
#include "cmpi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

// OpenMPI's handles are the addresses of objects in its library, so that its header is not needed either.
static struct {
  void *library, *world, *float_type, *sum;
  int (*all_reduce)(const void *, void *, int, void *, void *, void *);
  int (*finalize)(void);
} mpi;

static char *said(const char *format, const char *detail) {
  char *text = NULL;
  return asprintf(&text, format, detail) < 0 ? NULL : text;
}

static void *opened(const char *path) {
  static const char *const names[] = {"libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"};
  // OpenMPI opens parts of its own that look for its symbols among all.
  if (path) return dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *library = dlopen(names[i], RTLD_NOW | RTLD_GLOBAL);
    if (library) return library;
  }
  return NULL;
}

char *mpi_begin(const char *path, int32_t *rank, int32_t *count) {
  if (mpi.library) return said("MPI was begun %s", "already");
  void *library = opened(path);
  if (!library) {
    const char *why = dlerror();
    return said("OpenMPI's library cannot be opened (%s)", why ? why : "no reason given");
  }
  int (*initialize)(int *, char ***, int, int *) = dlsym(library, "MPI_Init_thread");
  int (*rank_of)(void *, int *) = dlsym(library, "MPI_Comm_rank");
  int (*size_of)(void *, int *) = dlsym(library, "MPI_Comm_size");
  mpi.world = dlsym(library, "ompi_mpi_comm_world");
  mpi.float_type = dlsym(library, "ompi_mpi_float");
  mpi.sum = dlsym(library, "ompi_mpi_op_sum");
  mpi.all_reduce = dlsym(library, "MPI_Allreduce");
  mpi.finalize = dlsym(library, "MPI_Finalize");
  if (!initialize || !rank_of || !size_of || !mpi.world || !mpi.float_type || !mpi.sum || !mpi.all_reduce || !mpi.finalize) {
    return said("%s is not OpenMPI's, the one MPI that is known here", path ? path : "libmpi");
  }
  // One thread at a time calls it, not always the same (MPI_THREAD_SERIALIZED).
  int given = 0, own = 0, all = 0;
  if (initialize(NULL, NULL, 2, &given) || rank_of(mpi.world, &own) || size_of(mpi.world, &all)) {
    return said("OpenMPI could not %s", "begin");
  }
  mpi.library = library;
  *rank = own;
  *count = all;
  return NULL;
}

char *mpi_sum(float *values, int64_t count) {
  if (!mpi.library) return said("MPI was %s", "never begun");
  static const int64_t most = 1 << 28;
  for (int64_t start = 0; start < count; start += most) {
    int part = (int)(count - start < most ? count - start : most);
    // MPI_IN_PLACE is 1.
    if (mpi.all_reduce((void *)1, values + start, part, mpi.float_type, mpi.sum, mpi.world)) {
      return said("OpenMPI could not %s", "sum over the processes");
    }
  }
  return NULL;
}

void mpi_end(void) {
  if (mpi.library) mpi.finalize();
  mpi.library = NULL;
}
