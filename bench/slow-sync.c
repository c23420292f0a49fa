/* Makes every sync to disk take at least SLOW_SYNC_US microseconds, as on common disks: loaded before a program with LD_PRELOAD.
   The real sync is done as well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct timespec start, now, rest;
  clock_gettime(CLOCK_MONOTONIC, &start);
  int result = real(fd);
  clock_gettime(CLOCK_MONOTONIC, &now);
  const char *wanted = getenv("SLOW_SYNC_US");
  long left = (wanted ? atol(wanted) : 0) * 1000 - ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec);
  if (left > 0) {
    rest.tv_sec = left / 1000000000L;
    rest.tv_nsec = left % 1000000000L;
    nanosleep(&rest, 0);
  }
  return result;
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
