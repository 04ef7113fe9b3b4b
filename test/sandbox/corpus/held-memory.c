/* Memory that belongs to no process, as far as one can tell from looking at processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>

#define PIECE (16L << 20)
#define CHILDREN 6
#define ENDS_MAX 4096

void say(const char *way, int reached);

static char zeroes[65536];

/* As slowly as whoever watches can follow on a busy machine: what is taken between two looks is taken. */
static void pace(void) { usleep(5000); }

static long fill(int end) {
  long taken = 0, count;
  fcntl(end, F_SETFL, O_NONBLOCK);
  while ((count = write(end, zeroes, sizeof zeroes)) > 0) taken += count;
  return taken;
}

/* Each is filled, given up, and stays. */
static long hold_segments(long bytes) {
  long taken = 0;
  for (; taken < bytes; taken += PIECE) {
    int segment = shmget(IPC_PRIVATE, PIECE, IPC_CREAT | 0600);
    char *place = segment < 0 ? (char *)-1 : shmat(segment, 0, 0);
    if (place == (char *)-1) break;
    memset(place, 1, PIECE);
    shmdt(place);
    if (getenv("PROBE_IS_FREE")) shmctl(segment, IPC_RMID, 0);
  }
  return taken;
}

static long hold_mapping(long bytes, const char *file) {
  int flags = MAP_SHARED | MAP_NORESERVE | (file ? 0 : MAP_ANONYMOUS);
  char *place = mmap(0, bytes, PROT_READ | PROT_WRITE, flags, file ? open(file, O_RDWR) : -1, 0);
  if (place == MAP_FAILED) return 0;
  for (long at = 0; at < bytes; at += 1 << 20) {
    memset(place + at, 1, 1 << 20);
    madvise(place + at, 1 << 20, MADV_DONTNEED);
  }
  return bytes;
}

static long hold_sockets(long bytes) {
  long taken = 0;
  int pair[2], size = 4 << 20;
  for (; taken < bytes && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0; pace())
    for (int each = 0; each < 2; each++) {
      setsockopt(pair[each], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
      taken += fill(pair[each]);
    }
  return taken;
}

/* Ends go into a message to a socket of the program's own and are then closed: they are in no table. */
static long hold_messages(long bytes) {
  long taken = 0;
  int way[2], pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, way)) return 0;
  fcntl(way[0], F_SETFL, O_NONBLOCK);
  for (; taken < bytes && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0; pace()) {
    long filled = fill(pair[0]) + fill(pair[1]);
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof pair)]; } control = {0};
    struct iovec text = {"x", 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof pair), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), pair, sizeof pair);
    if (sendmsg(way[0], &message, 0) < 0) {
      /* The queue is full: another one. */
      if (errno != EAGAIN || socketpair(AF_UNIX, SOCK_DGRAM, 0, way)) break;
      fcntl(way[0], F_SETFL, O_NONBLOCK);
      if (sendmsg(way[0], &message, 0) < 0) break;
    }
    taken += filled;
    close(pair[0]);
    close(pair[1]);
  }
  return taken;
}

static long hold_pipes(long bytes) {
  long taken = 0;
  int ends[2];
  for (; taken < bytes && pipe(ends) == 0; pace()) {
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    taken += fill(ends[1]);
  }
  return taken;
}

static long hold_connections(long bytes) {
  long taken = 0;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof here;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (void *)&here, length) || listen(listener, 64)) return 0;
  getsockname(listener, (void *)&here, &length);
  while (taken < bytes) {
    int one = socket(AF_INET, SOCK_STREAM, 0);
    if (one < 0 || connect(one, (void *)&here, length)) break;
    int other = accept(listener, 0, 0);
    if (other < 0) break;
    taken += fill(one) + fill(other);
    pace();
  }
  return taken;
}

/* A page that was only read costs nothing, and the table that names it a page for each two megabytes. */
static long hold_tables(long bytes) {
  long taken = 0;
  for (long step = 2 << 20; taken < bytes; ) {
    volatile char *place = mmap(0, step * 1024, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) break;
    for (long at = 0; at < 1024; at++, taken += 4096) (void)place[at * step];
    for (int each = 0; each < 4; each++) pace();
  }
  return taken;
}

static long hold_queues(long bytes) {
  struct { long type; char text[8000]; } message = {1};
  long taken = 0;
  while (taken < bytes) {
    int queue = msgget(IPC_PRIVATE, 0600);
    if (queue < 0) break;
    while (msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT) == 0) taken += sizeof message.text;
    if (getenv("PROBE_IS_FREE")) msgctl(queue, IPC_RMID, 0);
  }
  return taken;
}

/* Each waits for each other descriptor. */
static long hold_waits(long bytes) {
  static int waiting[ENDS_MAX];
  int count = 0, pair[2];
  long taken = 0;
  while (count < ENDS_MAX && (waiting[count] = epoll_create1(0)) >= 0) count++;
  for (int spare = 0; spare < count / 2; spare++) close(waiting[--count]);
  while (pipe(pair) == 0)
    for (int each = 0; each < 2; each++)
      for (int at = 0; at < count && taken < bytes; at++) {
        struct epoll_event event = {0};
        taken += epoll_ctl(waiting[at], EPOLL_CTL_ADD, pair[each], &event) == 0 ? 160 : 0;
      }
  return taken;
}

static long hold(const char *name, long bytes) {
  if (!strcmp(name, "held-segments")) return hold_segments(bytes);
  if (!strcmp(name, "held-shared")) return hold_mapping(bytes, 0);
  if (!strcmp(name, "held-zero")) return hold_mapping(bytes, "/dev/zero");
  if (!strcmp(name, "held-sockets") || !strcmp(name, "held-hidden")) return hold_sockets(bytes);
  if (!strcmp(name, "held-messages")) return hold_messages(bytes);
  if (!strcmp(name, "held-pipes")) return hold_pipes(bytes);
  if (!strcmp(name, "held-connections")) return hold_connections(bytes);
  if (!strcmp(name, "held-tables")) return hold_tables(bytes);
  if (!strcmp(name, "held-queues")) return hold_queues(bytes);
  if (!strcmp(name, "held-waits")) return hold_waits(bytes);
  return -1;
}

/* NAME held-... BYTES: several processes take so much together, and keep what they got. */
int try_held_memory(const char *name, int count, char **arguments) {
  if (count != 1 || strncmp(name, "held-", 5)) return 0;
  long bytes = atol(arguments[0]), taken = 0, part;
  int told[2];
  pipe(told);
  if (!strcmp(name, "held-hidden")) prctl(PR_SET_DUMPABLE, 0);
  for (int each = 0; each < CHILDREN; each++)
    if (fork() == 0) {
      part = hold(name, ((bytes / CHILDREN >> 20) + 1) << 20);
      write(told[1], &part, sizeof part);
      for (;;) pause();
    }
  for (int each = 0; each < CHILDREN && read(told[0], &part, sizeof part) == sizeof part; each++) taken += part;
  say(name, taken >= bytes);
  fprintf(stderr, "%s: %ld MiB\n", name, taken >> 20);
  if (getenv("PROBE_IS_FREE")) kill(0, SIGKILL);
  return 1;
}
