/*
 * What a hostile program tries, one attack per name. Each prints a line per way that it tried: `way: reached` where it came through, else `way: refused` and the number of the error. Attacks
 * that take without end are given how much they take at most, so that they can also be tried where nothing contains them.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#define PAGE 4096

/* In files of their own. Each says whether it knows the attack. */
int try_held_memory(const char *name, int count, char **arguments);
int try_bound_places(const char *name, int count, char **arguments);

void say(const char *way, int reached) {
  int error = errno;
  if (reached) printf("%s: reached\n", way);
  else printf("%s: refused %d\n", way, error);
  fflush(stdout);
}

int write_all(const char *path, int flags) {
  int file = open(path, flags | O_WRONLY | O_CREAT, 0600);
  int ok = file >= 0 && write(file, "x", 1) == 1;
  if (file >= 0) close(file);
  return ok;
}

/* NAME network PORT SOCKET-PATH ABSTRACT-NAME */
static int connect_unix(const char *name, int is_abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + is_abstract, name, sizeof address.sun_path - 2);
  int peer = socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1;
  return peer >= 0 && connect(peer, (struct sockaddr *)&address, length) == 0;
}

static void try_network(char **arguments) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[0]))};
  inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
  int tcp = socket(AF_INET, SOCK_STREAM, 0);
  say("tcp", connect(tcp, (struct sockaddr *)&there, sizeof there) == 0);
  struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = there.sin_port};
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
  int tcp6 = socket(AF_INET6, SOCK_STREAM, 0);
  say("tcp over v6", connect(tcp6, (struct sockaddr *)&mapped, sizeof mapped) == 0);
  /* Nobody has to be there for a datagram to leave by a route to the outside. */
  inet_pton(AF_INET, "192.0.2.1", &there.sin_addr);
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  say("udp", sendto(udp, "x", 1, 0, (struct sockaddr *)&there, sizeof there) == 1);
  say("unix path", connect_unix(arguments[1], 0));
  say("unix abstract", connect_unix(arguments[2], 1));
  say("netlink", socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
  say("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
  say("packet", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
  say("vsock", socket(AF_VSOCK, SOCK_STREAM, 0) >= 0);
}

/* NAME files SECRET-FILE: whether it can be read by any name. */
static int can_read(const char *path) {
  char text[64];
  int file = open(path, O_RDONLY);
  int ok = file >= 0 && read(file, text, sizeof text) > 0;
  if (file >= 0) close(file);
  return ok;
}

static void try_files(char **arguments) {
  const char *secret = arguments[0];
  char path[PAGE];
  say("path", can_read(secret));
  snprintf(path, sizeof path, "../../../../../../../..%s", secret);
  say("dots", can_read(path));
  snprintf(path, sizeof path, "/proc/self/root%s", secret);
  say("proc self root", can_read(path));
  snprintf(path, sizeof path, "/proc/1/root%s", secret);
  say("proc 1 root", can_read(path));
  snprintf(path, sizeof path, "/proc/%d/cwd/../../../../../..%s", getppid(), secret);
  say("proc parent cwd", can_read(path));
  unlink("link");
  say("symbolic link", symlink(secret, "link") == 0 && can_read("link"));
  unlink("hard");
  say("hard link", link(secret, "hard") == 0 && can_read("hard"));
  for (int number = 3; number < 64; number++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d/../../../../../..%s", number, secret);
    if (can_read(path)) say("descriptor", 1);
  }
}

/* NAME writes: changes the machine. Never to be tried where nothing contains it. */
static void try_writes(void) {
  say("write root", write_all("/written", O_TRUNC));
  say("write usr", write_all("/usr/written", O_TRUNC));
  say("write etc", write_all("/etc/written", O_TRUNC));
  say("write dev", write_all("/dev/written", O_TRUNC));
  say("write sysctl", write_all("/proc/sys/kernel/core_pattern", 0));
  say("device", mknod("disk", S_IFBLK | 0600, makedev(8, 0)) == 0);
  say("chroot", chroot("/work") == 0);
}

/* NAME processes PID: reaches for a process that is not its own. */
static void try_processes(char **arguments) {
  pid_t other = atoi(arguments[0]);
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
  say("signal", kill(other, 0) == 0);
  say("signal group", kill(-other, 0) == 0);
  say("trace me", ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
  say("attach", ptrace(PTRACE_ATTACH, other, 0, 0) == 0);
  say("read memory", process_vm_readv(other, &here, 1, &there, 1, 0) == 1 || errno == EFAULT);
}

/* NAME privileges: more rights than it was given. Never to be tried where nothing contains it. */
static int child_of_clone(void *unused) { return unused != 0; }

static void try_privileges(void) {
  static char stack[65536];
  say("setuid", setuid(0) == 0);
  say("setgid", setgid(0) == 0);
  say("new user namespace", unshare(CLONE_NEWUSER) == 0);
  pid_t child = clone(child_of_clone, stack + sizeof stack, CLONE_NEWUSER | SIGCHLD, 0);
  say("clone into a user namespace", child > 0 && waitpid(child, 0, 0) == child);
  say("mount", mount("none", "/work", "tmpfs", 0, "") == 0);
  say("unmount", umount2("/proc", MNT_DETACH) == 0);
  say("hostname", sethostname("taken", 5) == 0);
}

/* NAME kernel: parts of the kernel that no program here needs. Bad arguments do: who is let in hears that they are bad. */
static void try_kernel(void) {
  struct { const char *way; long number; } calls[] = {
      {"bpf", SYS_bpf},
      {"userfaultfd", SYS_userfaultfd},
      {"perf_event_open", SYS_perf_event_open},
      {"io_uring_setup", SYS_io_uring_setup},
      {"keyctl", SYS_keyctl},
      {"add_key", SYS_add_key},
      {"init_module", SYS_init_module},
      {"kexec_load", SYS_kexec_load},
      {"open_by_handle_at", SYS_open_by_handle_at},
      {"setns", SYS_setns},
      {"move_mount", SYS_move_mount},
      {"pidfd_getfd", SYS_pidfd_getfd},
  };
  for (size_t index = 0; index < sizeof calls / sizeof *calls; index++) {
    long result = syscall(calls[index].number, -1L, -1L, -1L, -1L, -1L, -1L);
    say(calls[index].way, result >= 0 || (errno != EPERM && errno != ENOSYS));
  }
  errno = 0;
  syscall(SYS_clone3, 0, 0);
  say("clone3", errno != ENOSYS);
}

/* NAME terminal: types into a terminal; without one the kernel says so, unless it is not even asked. */
static void try_terminal(void) {
  char letter = 'x';
  int terminal = open("/dev/tty", O_RDWR);
  say("terminal", terminal >= 0);
  ioctl(0, TIOCSTI, &letter);
  say("type into it", errno != EPERM);
  /* The upper half of the request is not looked at by the kernel, and must not mislead a filter. */
  syscall(SYS_ioctl, 0L, 0x100000000L | TIOCSTI, &letter);
  say("type into it, with noise", errno != EPERM);
}

/* NAME environment TEXT: looks for a text in every environment that there is to read. */
static void try_environment(char **arguments) {
  extern char **environ;
  int found = 0;
  for (char **each = environ; *each; each++) found |= strstr(*each, arguments[0]) != 0;
  DIR *processes = opendir("/proc");
  for (struct dirent *entry; processes && (entry = readdir(processes));) {
    char path[300], text[65536];
    snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text);
    if (file >= 0) close(file);
    if (length > 0) found |= memmem(text, length, arguments[0], strlen(arguments[0])) != 0;
  }
  errno = 0;
  say("environment", found);
}

static void *stay(void *unused) {
  for (;;) pause();
  return unused;
}

/* NAME private|shared|unmapped|segments BYTES: takes so much, and keeps what it got where it gets no more. */
static void take_memory(const char *how, long bytes) {
  const long piece = 1 << 20;
  long taken = 0;
  int file = strcmp(how, "unmapped") == 0 ? memfd_create("unmapped", 0) : -1;
  static char zeroes[1 << 20];
  for (; taken < bytes; taken += piece) {
    char *place = MAP_FAILED;
    if (file >= 0) {
      if (write(file, zeroes, piece) != piece) break;
      continue;
    }
    if (strcmp(how, "segments") == 0) {
      int segment = shmget(IPC_PRIVATE, piece, IPC_CREAT | 0600);
      place = segment < 0 ? MAP_FAILED : shmat(segment, 0, 0);
      if (place == (char *)-1) break;
      shmctl(segment, IPC_RMID, 0);
    } else if (strcmp(how, "unmapped") != 0) {
      int kind = strcmp(how, "shared") == 0 ? MAP_SHARED : MAP_PRIVATE;
      place = mmap(0, piece, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    }
    if (place == MAP_FAILED) break;
    memset(place, 1, piece);
  }
  say(how, taken >= bytes);
  if (taken < bytes && strcmp(how, "unmapped") != 0) stay(0);
}

/* NAME forks|threads COUNT: starts so many that stay. */
static void start_many(const char *how, int count) {
  int started = 0;
  for (int tries = 0; tries < count; tries++) {
    pthread_t thread;
    if (strcmp(how, "threads") == 0) started += pthread_create(&thread, 0, stay, 0) == 0;
    else {
      pid_t child = fork();
      if (child == 0) stay(0);
      started += child > 0;
    }
  }
  say(how, started >= count);
  /* Not asked for by somebody who only counts: there the children end with the group. */
  if (getenv("PROBE_IS_FREE")) kill(0, SIGKILL);
  stay(0);
}

/* NAME files-many COUNT, and NAME sparse BYTES */
static void make_files(int count) {
  int made = 0;
  for (; made < count; made++) {
    char name[32];
    snprintf(name, sizeof name, "many-%d", made);
    int file = open(name, O_WRONLY | O_CREAT, 0600);
    if (file < 0) break;
    close(file);
  }
  say("many", made >= count);
}

static void make_sparse(long bytes) {
  int file = open("sparse", O_RDWR | O_CREAT, 0600);
  signal(SIGXFSZ, SIG_IGN);
  say("sparse", file >= 0 && ftruncate(file, bytes) == 0);
}

/* NAME swap SECRET-FILE: a name is a plain file at one moment and a link at the next, and so is the directory above it. */
static void swap_for_ever(char **arguments) {
  mkdir("real", 0700);
  write_all("real/file", O_TRUNC);
  write_all("plain", O_TRUNC);
  symlink(arguments[0], "away");
  char directory[PAGE];
  snprintf(directory, sizeof directory, "%s", arguments[0]);
  *strrchr(directory, '/') = 0;
  symlink(directory, "elsewhere");
  printf("swapping\n");
  fflush(stdout);
  for (;;) {
    syscall(SYS_renameat2, AT_FDCWD, "plain", AT_FDCWD, "away", 2);
    syscall(SYS_renameat2, AT_FDCWD, "real", AT_FDCWD, "elsewhere", 2);
  }
}

/* NAME odd-files: names that are no plain files, and one that looks like very much. */
static void make_odd_files(void) {
  mkfifo("pipe", 0600);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
  write_all("one", O_TRUNC);
  link("one", "two");
  symlink("/dev/zero", "zero");
  symlink(".", "here");
  int file = open("hole", O_RDWR | O_CREAT, 0600);
  signal(SIGXFSZ, SIG_IGN);
  ftruncate(file, 1 << 20);
}

/* NAME stubborn: hears no signal, leaves its group and session, and lives on in a child that nobody waits for. */
static void be_stubborn(void) {
  for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
  if (fork() > 0) stay(0);
  setsid();
  if (fork() > 0) _exit(0);
  printf("stubborn\n");
  fflush(stdout);
  for (;;) pause();
}

/* NAME orphan: ends at once and leaves a child that holds its output. */
static void leave_orphan(void) {
  if (fork() == 0) {
    setsid();
    stay(0);
  }
  printf("left\n");
  fflush(stdout);
}

/* The directory in which every program of a sandbox begins. */
static int is_contained(void) {
  char directory[PAGE];
  return getcwd(directory, sizeof directory) && strcmp(directory, "/work") == 0 && getuid() != 0;
}

int main(int count, char **arguments) {
  const char *name = count > 1 ? arguments[1] : "";
  char **rest = arguments + 2;
  if (!strcmp(name, "network") && count == 5) try_network(rest);
  else if (!strcmp(name, "files") && count == 3) try_files(rest);
  else if (!strcmp(name, "writes") && is_contained()) try_writes();
  else if (!strcmp(name, "processes") && count == 3) try_processes(rest);
  else if (!strcmp(name, "privileges") && is_contained()) try_privileges();
  else if (!strcmp(name, "kernel")) try_kernel();
  else if (!strcmp(name, "terminal")) try_terminal();
  else if (!strcmp(name, "environment") && count == 3) try_environment(rest);
  else if (!strcmp(name, "private") && count == 3) take_memory(name, atol(rest[0]));
  else if (!strcmp(name, "shared") && count == 3) take_memory(name, atol(rest[0]));
  else if (!strcmp(name, "unmapped") && count == 3) take_memory(name, atol(rest[0]));
  else if (!strcmp(name, "segments") && count == 3) take_memory(name, atol(rest[0]));
  else if (!strcmp(name, "forks") && count == 3) start_many(name, atoi(rest[0]));
  else if (!strcmp(name, "threads") && count == 3) start_many(name, atoi(rest[0]));
  else if (!strcmp(name, "many") && count == 3) make_files(atoi(rest[0]));
  else if (!strcmp(name, "sparse") && count == 3) make_sparse(atol(rest[0]));
  else if (!strcmp(name, "swap") && count == 3) swap_for_ever(rest);
  else if (!strcmp(name, "odd-files")) make_odd_files();
  else if (!strcmp(name, "stubborn")) be_stubborn();
  else if (!strcmp(name, "orphan")) leave_orphan();
#ifdef __x86_64__
  else if (!strcmp(name, "other-architecture")) {
    /* Number 20 is `getpid` in the table of 32 bits. */
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    say("other architecture", result > 0);
  }
#endif
  else if (try_held_memory(name, count - 2, rest)) return 0;
  else if (try_bound_places(name, count - 2, rest)) return 0;
  else return 64;
  return 0;
}
