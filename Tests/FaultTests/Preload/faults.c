// Loaded before the C library (LD_PRELOAD) to make it fail on purpose.
//
//   FAULT_CALL=n FAULT_ERRNO=e   the n-th writing call (open for creation, write, fsync, rename) and all after it fail
//   FAULT_CALL=n FAULT_ONCE=1    only the n-th does
//   FAULT_CALL=n FAULT_DIE=1     the process ends at the n-th, as by kill -9
//   FAULT_CALL=n FAULT_HALF=1    a write at the n-th call stores half of its bytes first
//   FAULT_CLOCK=1                the wall clock jumps by up to ±10 years each time it is read
//   FAULT_NOSYNC=1               fsync does nothing, for making large directories quickly
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;

static long setting(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

// Whether this call is to fail; ends the process where that is the fault.
static int fails(void) {
  long chosen = setting("FAULT_CALL");
  if (chosen == 0) return 0;
  long number = ++calls;
  if (setting("FAULT_ONCE") ? number != chosen : number < chosen) return 0;
  return 1;
}

static int fail(void) {
  if (setting("FAULT_DIE")) kill(getpid(), SIGKILL);
  errno = (int)setting("FAULT_ERRNO");
  return -1;
}

// Only regular files count: what goes to the terminal or a pipe is not storage.
static int is_file(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (is_file(descriptor) && fails()) {
    if (setting("FAULT_HALF")) syscall(SYS_write, descriptor, bytes, count / 2);
    return fail();
  }
  return syscall(SYS_write, descriptor, bytes, count);
}

int fsync(int descriptor) {
  if (fails()) return fail();
  return setting("FAULT_NOSYNC") ? 0 : (int)syscall(SYS_fsync, descriptor);
}

int rename(const char *from, const char *to) {
  if (fails()) return fail();
  return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static int opened(const char *path, int flags, mode_t mode) {
  if ((flags & O_CREAT) && strstr(path, "/dev/") != path && fails()) return fail();
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return opened(path, flags, mode);
}

static time_t jump(void) {
  static atomic_uint seed = 12345;
  unsigned now = seed = seed * 1103515245u + 12345u;
  return setting("FAULT_CLOCK") ? (time_t)(now % 630720000u) - 315360000 : 0;
}

int clock_gettime(clockid_t clock, struct timespec *value) {
  int result = (int)syscall(SYS_clock_gettime, clock, value);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) value->tv_sec += jump();
  return result;
}

int gettimeofday(struct timeval *value, void *zone) {
  struct timespec now;
  int result = clock_gettime(CLOCK_REALTIME, &now);
  value->tv_sec = now.tv_sec;
  value->tv_usec = now.tv_nsec / 1000;
  return result;
}

time_t time(time_t *value) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (value) *value = now.tv_sec;
  return now.tv_sec;
}
