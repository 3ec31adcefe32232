#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <matio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "matlab_internal.h"

static uae_mat_type type_of(const matvar_t *variable) {
  if (variable->isLogical) return UAE_MAT_BOOL;
  switch (variable->class_type) {
    case MAT_C_SPARSE:
    case MAT_C_DOUBLE: return UAE_MAT_DOUBLE;
    case MAT_C_SINGLE: return UAE_MAT_SINGLE;
    case MAT_C_INT8: return UAE_MAT_INT8;
    case MAT_C_UINT8: return UAE_MAT_UINT8;
    case MAT_C_INT16: return UAE_MAT_INT16;
    case MAT_C_UINT16: return UAE_MAT_UINT16;
    case MAT_C_INT32: return UAE_MAT_INT32;
    case MAT_C_UINT32: return UAE_MAT_UINT32;
    case MAT_C_INT64: return UAE_MAT_INT64;
    case MAT_C_UINT64: return UAE_MAT_UINT64;
    default: return UAE_MAT_UNKNOWN;
  }
}

static uae_mat_kind kind_of(const matvar_t *variable) {
  if (variable->rank < 1 || variable->rank > UAE_MAT_RANK) return UAE_MAT_OTHER;
  if (variable->isComplex) return UAE_MAT_COMPLEX;
  switch (variable->class_type) {
    case MAT_C_SPARSE: return UAE_MAT_SPARSE;
    case MAT_C_STRUCT:
    case MAT_C_OBJECT: return UAE_MAT_STRUCT;
    case MAT_C_CELL: return UAE_MAT_CELL;
    case MAT_C_CHAR: return UAE_MAT_TEXT;
    default: return type_of(variable) == UAE_MAT_UNKNOWN ? UAE_MAT_OTHER : UAE_MAT_ARRAY;
  }
}

bool uae_send_all(int pipe, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  while (count > 0) {
    ssize_t sent = write(pipe, next, count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    next += sent;
    count -= (size_t)sent;
  }
  return true;
}

// The number of bytes, 0 at the end.
static size_t receive(int pipe, void *bytes, size_t count) {
  size_t got = 0;
  while (got < count) {
    ssize_t some = read(pipe, (uint8_t *)bytes + got, count - got);
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) break;
    got += (size_t)some;
  }
  return got;
}

size_t uae_type_size(uint32_t type) {
  switch (type) {
    case UAE_MAT_INT8: case UAE_MAT_UINT8: case UAE_MAT_BOOL: return 1;
    case UAE_MAT_INT16: case UAE_MAT_UINT16: case UAE_MAT_HALF: return 2;
    case UAE_MAT_SINGLE: case UAE_MAT_INT32: case UAE_MAT_UINT32: return 4;
    default: return 8;
  }
}

size_t uae_array_size(const uae_mat_variable *head) {
  size_t size = uae_type_size(head->type);
  for (uint32_t axis = 0; axis < head->rank; axis++)
    if (__builtin_mul_overflow(size, head->dims[axis], &size)) return SIZE_MAX;
  return size;
}

bool uae_send_variable(int pipe, uae_mat_variable *head, const void *data) {
  uint8_t flag = data != NULL;
  return uae_send_all(pipe, head, sizeof *head) && uae_send_all(pipe, &flag, 1) &&
         (!flag || uae_send_all(pipe, data, head->size));
}

bool uae_send_sparse(int pipe, uae_mat_variable *head, const uint64_t *starts, size_t columns, const uint64_t *rows,
                     const double *values, size_t count, size_t limit) {
  head->size = 8 * (columns + 1) + 16 * count;
  uint8_t *data = head->size <= limit ? malloc(head->size) : NULL;
  if (data) {
    memcpy(data, starts, 8 * (columns + 1));
    memcpy(data + 8 * (columns + 1), rows, 8 * count);
    memcpy(data + 8 * (columns + 1) + 8 * count, values, 8 * count);
  }
  bool sent = uae_send_variable(pipe, head, data);
  free(data);
  return sent;
}

// The element of a sparse matrix's values, which matio leaves in the type of the file.
static double value_at(const void *data, enum matio_types type, size_t index) {
  switch (type) {
    case MAT_T_SINGLE: return ((const float *)data)[index];
    case MAT_T_INT8: return ((const int8_t *)data)[index];
    case MAT_T_UINT8: return ((const uint8_t *)data)[index];
    case MAT_T_INT16: return ((const int16_t *)data)[index];
    case MAT_T_UINT16: return ((const uint16_t *)data)[index];
    case MAT_T_INT32: return ((const int32_t *)data)[index];
    case MAT_T_UINT32: return ((const uint32_t *)data)[index];
    default: return ((const double *)data)[index];
  }
}

static bool send_sparse(int pipe, mat_t *file, matvar_t *variable, uae_mat_variable *head, size_t limit) {
  const mat_sparse_t *sparse = NULL;
  if (Mat_VarReadDataAll(file, variable) == 0) sparse = variable->data;
  const size_t columns = head->rank == 2 ? head->dims[1] : 0;
  if (!sparse || !sparse->data || sparse->njc != columns + 1 || sparse->nir < sparse->ndata)
    return uae_send_variable(pipe, head, NULL);
  uint64_t *starts = malloc(8 * (columns + 1)), *rows = malloc(8 * (sparse->ndata + 1));
  double *values = malloc(8 * (sparse->ndata + 1));
  if (!starts || !rows || !values) return false;
  for (size_t index = 0; index <= columns; index++) starts[index] = sparse->jc[index];
  for (size_t index = 0; index < sparse->ndata; index++) {
    rows[index] = sparse->ir[index];
    values[index] = value_at(sparse->data, variable->data_type, index);
  }
  bool sent = uae_send_sparse(pipe, head, starts, columns, rows, values, sparse->ndata, limit);
  free(starts), free(rows), free(values);
  return sent;
}

static bool send_variable(int pipe, mat_t *file, matvar_t *variable, const char *wanted, size_t limit) {
  uae_mat_variable head;
  memset(&head, 0, sizeof head);
  snprintf(head.name, sizeof head.name, "%s", variable->name ? variable->name : "");
  head.kind = kind_of(variable);
  head.type = type_of(variable);
  if (variable->rank >= 1 && variable->rank <= UAE_MAT_RANK) {
    head.rank = (uint32_t)variable->rank;
    for (uint32_t axis = 0; axis < head.rank; axis++) head.dims[axis] = variable->dims[axis];
  }
  head.size = uae_array_size(&head);
  const bool is_wanted = wanted && strcmp(head.name, wanted) == 0;
  if (is_wanted && head.kind == UAE_MAT_SPARSE) return send_sparse(pipe, file, variable, &head, limit);
  bool has_data = false;
  if (is_wanted && head.kind == UAE_MAT_ARRAY && head.size > 0 && head.size <= limit) {
    has_data = Mat_VarReadDataAll(file, variable) == 0 && variable->data && variable->nbytes == head.size;
  }
  return uae_send_variable(pipe, &head, has_data ? variable->data : NULL);
}

static void say_nothing(int level, char *text) {
  (void)level;
  (void)text;
}

// Lets the process take no more memory than it has plus `more` bytes, where the system tells what it has (Linux).
static void bound_memory(size_t more) {
  FILE *status = fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (status && fscanf(status, "%lu", &pages) == 1) {
    const rlim_t most = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
    const struct rlimit memory = {most, most};
    setrlimit(RLIMIT_AS, &memory);
  }
  if (status) fclose(status);
}

// What the child does. It never returns, runs no handler of the parent's, and prints nothing.
_Noreturn static void decode(const char *path, int pipe, const char *wanted, size_t limit, unsigned seconds) {
  const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGINT, SIGTERM, SIGHUP};
  for (size_t index = 0; index < sizeof signals / sizeof *signals; index++) signal(signals[index], SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  const struct rlimit time = {seconds, seconds}, no_core = {0, 0};
  setrlimit(RLIMIT_CPU, &time);
  bound_memory(3 * limit + (512UL << 20));
  setrlimit(RLIMIT_CORE, &no_core);
  int null = open("/dev/null", O_WRONLY);
  if (null >= 0) dup2(null, STDERR_FILENO), dup2(null, STDOUT_FILENO);
  Mat_LogInitFunc("uae", say_nothing);
  if (H5Fis_hdf5(path) > 0) _exit(uae_h5_send(pipe, path, wanted, limit) ? 0 : 1);

  mat_t *file = Mat_Open(path, MAT_ACC_RDONLY);
  if (!file) _exit(2);
  for (size_t count = 0; count < UAE_MAT_VARIABLES; count++) {
    matvar_t *variable = Mat_VarReadNextInfo(file);
    if (!variable) break;
    if (!send_variable(pipe, file, variable, wanted, limit)) _exit(1);
    Mat_VarFree(variable);
  }
  _exit(0);
}

static bool receive_contents(int pipe, size_t limit, uae_mat_contents *contents) {
  while (contents->count < UAE_MAT_VARIABLES) {
    uae_mat_variable *variable = &contents->variables[contents->count];
    uint8_t has_data = 0;
    size_t got = receive(pipe, variable, sizeof *variable);
    variable->data = NULL;
    if (got == 0) return true;
    if (got != sizeof *variable || receive(pipe, &has_data, 1) != 1) return false;
    // A child that went wrong may say anything.
    variable->name[UAE_MAT_NAME - 1] = 0;
    if (variable->rank > UAE_MAT_RANK || variable->type > UAE_MAT_HALF || variable->kind > UAE_MAT_OTHER) return false;
    contents->count++;
    if (!has_data) continue;
    if (variable->size > limit || !(variable->data = malloc(variable->size))) return false;
    if (receive(pipe, variable->data, variable->size) != variable->size) return false;
  }
  return true;
}

int uae_mat_read(const char *path, const char *wanted, size_t limit, unsigned seconds, uae_mat_contents *contents,
                 char *message) {
  contents->count = 0;
  int ends[2];
  if (pipe(ends) != 0) {
    snprintf(message, UAE_MESSAGE, "cannot make a pipe: %s", strerror(errno));
    return 1;
  }
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  pid_t child = fork();
  if (child == 0) decode(path, ends[1], wanted, limit, seconds);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    snprintf(message, UAE_MESSAGE, "cannot start a process to read it in: %s", strerror(errno));
    return 1;
  }
  bool whole = receive_contents(ends[0], limit, contents);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;

  uae_mat_free(contents);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
    snprintf(message, UAE_MESSAGE, "is not a MATLAB file of version 4, 5 or 7.3, nor HDF5");
  } else if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    snprintf(message, UAE_MESSAGE, "cannot be read in %u s of processor time: it is damaged", seconds);
  } else {
    snprintf(message, UAE_MESSAGE, "is damaged: the library for it fails");
  }
  return 1;
}

void uae_mat_free(uae_mat_contents *contents) {
  for (size_t index = 0; index < contents->count; index++) free(contents->variables[index].data);
  contents->count = 0;
}
