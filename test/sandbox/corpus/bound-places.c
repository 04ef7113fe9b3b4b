/* What a program does with places of this machine that it sees. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

void say(const char *way, int reached);

/* NAME bound-sockets STREAM-SOCKET DATAGRAM-SOCKET */
static void reach_sockets(char **paths) {
  struct sockaddr_un stream = {.sun_family = AF_UNIX}, datagram = {.sun_family = AF_UNIX};
  strncpy(stream.sun_path, paths[0], sizeof stream.sun_path - 1);
  strncpy(datagram.sun_path, paths[1], sizeof datagram.sun_path - 1);
  int pair[2] = {-1, -1};
  int peer = socket(AF_UNIX, SOCK_STREAM, 0);
  say("connect", peer >= 0 && connect(peer, (void *)&stream, sizeof stream) == 0);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  say("connect one of a pair", connect(pair[0], (void *)&stream, sizeof stream) == 0);
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  say("connect one of a pair of packets", connect(pair[0], (void *)&stream, sizeof stream) == 0);
  pair[0] = -1;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  say("send from one of a pair", sendto(pair[0], "x", 1, 0, (void *)&datagram, sizeof datagram) == 1);
  pair[0] = -1;
  socketpair(AF_UNIX, SOCK_RAW, 0, pair);
  say("send from one of a raw pair", sendto(pair[0], "x", 1, 0, (void *)&datagram, sizeof datagram) == 1);
}

static int has_set_id(const char *path) {
  struct stat stat_;
  return stat(path, &stat_) == 0 && (stat_.st_mode & 06000) != 0;
}

/* NAME bound-modes DIRECTORY: files that others would run with the rights of their owner. */
static void make_set_id(const char *directory) {
  chdir(directory);
  umask(0);
  int plain = open("plain", O_CREAT | O_WRONLY, 0755);
  say("plain", plain >= 0);
  chmod("plain", 04755);
  say("chmod", has_set_id("plain"));
  fchmod(plain, 02755);
  say("fchmod", has_set_id("plain"));
  fchmodat(AT_FDCWD, "plain", 06755, 0);
  say("fchmodat", has_set_id("plain"));
  syscall(452, AT_FDCWD, "plain", 06755, 0);
  say("fchmodat2", has_set_id("plain"));
  close(open("opened", O_CREAT | O_WRONLY, 04755));
  say("open", has_set_id("opened"));
  syscall(SYS_openat, AT_FDCWD, "opened-at", O_CREAT | O_WRONLY, 04755);
  say("openat", has_set_id("opened-at"));
  unsigned long long how[3] = {O_CREAT | O_WRONLY, 04755, 0};
  syscall(437, AT_FDCWD, "opened-at-2", how, sizeof how);
  say("openat2", has_set_id("opened-at-2"));
  creat("created", 04755);
  say("creat", has_set_id("created"));
  mknod("made", S_IFREG | 04755, 0);
  say("mknod", has_set_id("made"));
  mknodat(AT_FDCWD, "made-at", S_IFREG | 04755, 0);
  say("mknodat", has_set_id("made-at"));
  int unnamed = open(".", O_TMPFILE | O_RDWR, 04755);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", unnamed);
  linkat(AT_FDCWD, path, AT_FDCWD, "unnamed", AT_SYMLINK_FOLLOW);
  say("open without a name", has_set_id("unnamed"));
}

/* NAME bound-growth DIRECTORY BYTES: writes so much, in one file or in many. */
static void grow(const char *directory, long bytes) {
  static char piece[1 << 20];
  chdir(directory);
  long taken = 0;
  for (int number = 0; taken < bytes; number++) {
    char name[32];
    snprintf(name, sizeof name, "grown-%d", number % 16);
    int file = open(name, O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (file < 0 || write(file, piece, sizeof piece) != sizeof piece) break;
    close(file);
    taken += sizeof piece;
    fsync(file);
  }
  say("growth", taken >= bytes);
}

/* NAME bound-unnamed DIRECTORY BYTES: the same in files that have no name any more, and stays. */
static void grow_unnamed(const char *directory, long bytes) {
  static char piece[1 << 20];
  chdir(directory);
  long taken = 0;
  for (; taken < bytes; taken += sizeof piece) {
    int file = open("unnamed", O_CREAT | O_WRONLY, 0600);
    unlink("unnamed");
    if (file < 0 || write(file, piece, sizeof piece) != sizeof piece) break;
  }
  say("growth", taken >= bytes);
  if (!getenv("PROBE_IS_FREE")) for (;;) pause();
}

int try_bound_places(const char *name, int count, char **arguments) {
  if (!strcmp(name, "bound-sockets") && count == 2) reach_sockets(arguments);
  else if (!strcmp(name, "bound-modes") && count == 1) make_set_id(arguments[0]);
  else if (!strcmp(name, "bound-growth") && count == 2) grow(arguments[0], atol(arguments[1]));
  else if (!strcmp(name, "bound-unnamed") && count == 2) grow_unnamed(arguments[0], atol(arguments[1]));
  else return 0;
  return 1;
}
