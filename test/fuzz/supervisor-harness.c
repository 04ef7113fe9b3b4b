/*
 * Reads requests as the supervisor of containers reads them, again and again in one process, so that the sanitizers see every byte: a length of four bytes and a request on standard input,
 * one byte on standard output for each: how it ended. Nothing is put anywhere: files go to /dev/null, directories are not made.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static jmp_buf over;
static const char *request;
static size_t request_left;

static ssize_t fuzz_read(int file, void *bytes, size_t length) {
  (void)file;
  size_t count = length < request_left ? length : request_left;
  memcpy(bytes, request, count);
  request += count, request_left -= count;
  return count;
}

#define main supervisor_main
#define _exit(status) longjmp(over, 1 + (status))
#define read fuzz_read
#define open(...) dup(2)
#define mkdir(path, mode) ((void)(path), 0)
#define chown(path, user, group) 0
#define fchown(file, user, group) 0
#define chdir(path) 0
#define write(file, bytes, length) ((void)(bytes), (ssize_t)(length))
#include SUPERVISOR
#undef main
#undef _exit
#undef read
#undef write

static void forget(char **words, int count) {
  while (count > 0) free(words[--count]);
}

static int is_read(void *bytes, size_t length) {
  for (char *rest = bytes; length > 0;) {
    ssize_t count = read(0, rest, length);
    if (count <= 0) return 0;
    rest += count, length -= count;
  }
  return 1;
}

int main(void) {
  uint32_t length;
  while (is_read(&length, sizeof length)) {
    char *bytes = malloc(length ? length : 1);
    if (!bytes || !is_read(bytes, length)) return 1;
    memset(&self, 0, sizeof self);
    self.kind = SUPERVISOR_CONTAINER;
    request = bytes, request_left = length;
    int ended = setjmp(over);
    if (ended == 0) read_request();
    forget(self.arguments, self.argument_count);
    forget(self.environment, self.environment_count);
    forget(self.out, self.out_count);
    free(bytes);
    char answer = '0' + ended;
    if (write(1, &answer, 1) != 1) return 1;
  }
  return 0;
}
