#include <errno.h>
#include <fcntl.h>
#include <matio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cimages.h"

static uae_mat_type type_of(const matvar_t *variable) {
  if (variable->isComplex) return UAE_MAT_OTHER;
  switch (variable->class_type) {
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
    default: return UAE_MAT_OTHER;
  }
}

static bool send_all(int pipe, const void *bytes, size_t count) {
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

static bool send_variable(int pipe, mat_t *file, matvar_t *variable, const char *wanted, size_t limit) {
  uae_mat_variable head;
  memset(&head, 0, sizeof head);
  snprintf(head.name, sizeof head.name, "%s", variable->name ? variable->name : "");
  head.type = variable->rank >= 1 && variable->rank <= UAE_MAT_RANK ? type_of(variable) : UAE_MAT_OTHER;
  if (head.type != UAE_MAT_OTHER) {
    head.rank = (uint32_t)variable->rank;
    size_t size = Mat_SizeOfClass(variable->class_type);
    for (uint32_t axis = 0; axis < head.rank; axis++) {
      head.dims[axis] = variable->dims[axis];
      if (__builtin_mul_overflow(size, variable->dims[axis], &size)) size = SIZE_MAX;
    }
    head.size = size;
  }
  bool has_data = false;
  if (head.type != UAE_MAT_OTHER && wanted && strcmp(head.name, wanted) == 0 && head.size > 0 && head.size <= limit) {
    has_data = Mat_VarReadDataAll(file, variable) == 0 && variable->data && variable->nbytes == head.size;
  }
  uint8_t flag = has_data;
  return send_all(pipe, &head, sizeof head) && send_all(pipe, &flag, 1) &&
         (!has_data || send_all(pipe, variable->data, head.size));
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
    if (variable->rank > UAE_MAT_RANK || variable->type > UAE_MAT_UINT64) return false;
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
    snprintf(message, UAE_MESSAGE, "is not a MATLAB file of version 4, 5 or 7.3");
  } else if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    snprintf(message, UAE_MESSAGE, "cannot be read in %u s of processor time: it is damaged", seconds);
  } else {
    snprintf(message, UAE_MESSAGE, "is damaged: the MATLAB library fails on it");
  }
  return 1;
}

void uae_mat_free(uae_mat_contents *contents) {
  for (size_t index = 0; index < contents->count; index++) free(contents->variables[index].data);
  contents->count = 0;
}
