/*
 * The first process of a container and of a machine of a sandbox. It reads one request, starts the program as nobody, holds it to its limits, and says in frames what happened; then it ends.
 * `src/sandbox/guest` is the other side of both. Nothing that the program writes is read here: it is passed on in pieces of limited size.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534
#define SAMPLE_MS 20
#define PIECE 16384
#define RECORD_MAX (2u << 20)
#define WORDS_MAX 8192
#define PAGE 4096ull
#define FILES_LEAST 256ull

enum { SUPERVISOR_MACHINE, SUPERVISOR_CONTAINER };

static struct {
  int kind, frames, source, has_line_port;
  const char *groups;
  char *arguments[WORDS_MAX], *environment[WORDS_MAX], *out[WORDS_MAX];
  int argument_count, environment_count, out_count;
  uint64_t memory, disk, room, processes, output, stdin_left, port_left;
  uint64_t sent, disk_at_start, files_at_start, cpu_at_start;
  pid_t program;
  int status, has_ended, limit;
  int stdin_pipe, stdout_pipe, stderr_pipe, children;
} self = {.frames = 1, .source = 0, .stdin_pipe = -1, .stdout_pipe = -1, .stderr_pipe = -1};

/* ---- frames ---- */

static void write_all(int file, const void *bytes, size_t length) {
  const char *rest = bytes;
  while (length > 0) {
    ssize_t count = write(file, rest, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(3);
    rest += count;
    length -= count;
  }
}

/* QEMU passes on what is written to this port, and shows by its answer that it is there. */
#define LINE_PORT 0xe9

static void write_frames(const void *bytes, size_t length) {
#ifdef __x86_64__
  if (self.has_line_port) {
    outsb(LINE_PORT, bytes, length);
    return;
  }
#endif
  write_all(self.frames, bytes, length);
}

static void send_frame(char type, const void *bytes, uint32_t length) {
  char frame[5 + PIECE];
  frame[0] = type;
  memcpy(frame + 1, &length, 4);
  memcpy(frame + 5, bytes, length);
  write_frames(frame, 5 + length);
}

static void finish(int status) {
  if (self.kind == SUPERVISOR_CONTAINER) _exit(status);
  if (!self.has_line_port) tcdrain(self.frames);
  reboot(RB_AUTOBOOT);
  for (;;) pause();
}

static void fail(const char *what) {
  char text[512];
  int length = snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
  send_frame('B', text, length < (int)sizeof text ? length : (int)sizeof text - 1);
  finish(2);
}

/* ---- the machine ---- */

static void must_mount(const char *source, const char *place, const char *kind, const char *options) {
  mkdir(place, 0755);
  if (mount(source, place, kind, MS_NOSUID | (strcmp(kind, "devtmpfs") ? MS_NODEV : 0), options) != 0) fail(place);
}

static void read_text(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
  if (file >= 0) close(file);
  text[length < 0 ? 0 : length] = 0;
}

static int write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  int is_written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
  if (file >= 0) close(file);
  return is_written;
}

/*
 * Where a machine finds its request. QEMU hands it out byte by byte at a port of the processor, also to a machine whose state was kept. Others put it beside this program.
 */
#define REQUEST_FILE "/.kernell/request"
#define REQUEST_ENTRY "opt/kernell/request"
#define SELECTOR_PORT 0x510
#define DATA_PORT 0x511
#define DIRECTORY 0x19

static ssize_t read_source(void *bytes, size_t length) {
#ifdef __x86_64__
  if (self.source < 0) {
    size_t count = length < self.port_left ? length : self.port_left;
    insb(DATA_PORT, bytes, count);
    self.port_left -= count;
    return count;
  }
#endif
  return read(self.source, bytes, length);
}

/* @returns Whether there is one. */
static int open_request(void) {
  self.source = open(REQUEST_FILE, O_RDONLY | O_CLOEXEC);
  if (self.source >= 0) return 1;
#ifdef __x86_64__
  struct { uint32_t size; uint16_t selector, reserved; char name[56]; } __attribute__((packed)) entry;
  uint32_t count;
  if (ioperm(SELECTOR_PORT, 2, 1) != 0) fail("ports");
  outw(DIRECTORY, SELECTOR_PORT);
  insb(DATA_PORT, &count, sizeof count);
  for (count = be32toh(count); count > 0 && count < 1024; count--) {
    insb(DATA_PORT, &entry, sizeof entry);
    if (strncmp(entry.name, REQUEST_ENTRY, sizeof entry.name) != 0) continue;
    self.port_left = be32toh(entry.size);
    outw(be16toh(entry.selector), SELECTOR_PORT);
    return 1;
  }
#endif
  return 0;
}

/* The state of a machine that waits here is kept, and each of its copies finds another request. */
static void wait_for_request(void) {
  static const struct timespec pause = {0, 2000000};
  if (open_request()) return;
  send_frame('R', "", 0);
  while (!open_request()) nanosleep(&pause, 0);
}

static void open_line(void) {
  struct termios raw;
#ifdef __x86_64__
  self.has_line_port = ioperm(LINE_PORT, 1, 1) == 0 && inb(LINE_PORT) == LINE_PORT;
  if (self.has_line_port) return;
#endif
  self.frames = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self.frames < 0 || tcgetattr(self.frames, &raw) != 0) _exit(3);
  cfmakeraw(&raw);
  raw.c_cflag |= CLOCAL | CREAD;
  cfsetspeed(&raw, B115200);
  tcsetattr(self.frames, TCSANOW, &raw);
}

static void prepare_machine(void) {
  /* The first file system lets everybody write. */
  if (chmod("/", 0755) != 0) _exit(3);
  mkdir("/dev", 0755);
  if (mount("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=0755") != 0 && errno != EBUSY) _exit(3);
  open_line();
  must_mount("proc", "/proc", "proc", "hidepid=2");
  must_mount("groups", "/.kernell/groups", "cgroup2", 0);
  if (!write_text("/.kernell/groups/cgroup.subtree_control", "+memory +pids")) fail("control groups");
  if (mkdir("/.kernell/groups/program", 0700) != 0) fail("a control group");
  self.groups = "/.kernell/groups/program";
  wait_for_request();
}

static void prepare_container(void) {
  self.kind = SUPERVISOR_CONTAINER;
  self.groups = "/sys/fs/cgroup";
  self.source = fcntl(0, F_DUPFD_CLOEXEC, 10);
  self.frames = fcntl(1, F_DUPFD_CLOEXEC, 10);
  /* The program is the same user: it must not look into this process. */
  prctl(PR_SET_DUMPABLE, 0);
}

/* ---- the request ---- */

static void read_exactly(void *bytes, size_t length) {
  char *rest = bytes;
  while (length > 0) {
    ssize_t count = read_source(rest, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("the request ends too early");
    rest += count;
    length -= count;
  }
}

static void put_file(uint32_t length) {
  static char path[PAGE];
  static char piece[PIECE];
  struct { uint8_t is_executable; uint16_t path_length; } __attribute__((packed)) head;
  read_exactly(&head, sizeof head);
  if (head.path_length >= sizeof path || sizeof head + head.path_length > length) fail("a path");
  read_exactly(path, head.path_length);
  path[head.path_length] = 0;
  for (char *end = strchr(path, '/'); end; end = strchr(end + 1, '/')) {
    *end = 0;
    if (mkdir(path, 0755) == 0 && getuid() == 0) (void)!chown(path, NOBODY, NOBODY);
    *end = '/';
  }
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, head.is_executable ? 0755 : 0644);
  if (file < 0) fail("a file of the request");
  uint32_t left = length - sizeof head - head.path_length;
  while (left > 0) {
    uint32_t count = left < sizeof piece ? left : sizeof piece;
    read_exactly(piece, count);
    for (uint32_t done = 0; done < count;) {
      ssize_t wrote = write(file, piece + done, count - done);
      if (wrote <= 0) fail("a file of the request");
      done += wrote;
    }
    left -= count;
  }
  if (getuid() == 0 && fchown(file, NOBODY, NOBODY) != 0) fail("a file of the request");
  close(file);
}

static void keep_word(char **words, int *count, uint32_t length) {
  char *word = length < RECORD_MAX && *count < WORDS_MAX - 1 ? malloc(length + 1) : 0;
  if (!word) fail("a word of the request");
  read_exactly(word, length);
  word[length] = 0;
  words[(*count)++] = word;
}

/* A machine whose state was kept thinks that it is the moment of then, and knows nothing that its copies do not know. */
static void renew(uint32_t length) {
  struct { uint64_t now_ms; struct { int bits, size; char bytes[32]; } pool; } fresh = {.pool = {256, 32, ""}};
  if (length != 40) fail("the time");
  read_exactly(&fresh.now_ms, 8);
  read_exactly(fresh.pool.bytes, 32);
  if (self.kind == SUPERVISOR_CONTAINER) return;
  struct timespec now = {fresh.now_ms / 1000, fresh.now_ms % 1000 * 1000000};
  clock_settime(CLOCK_REALTIME, &now);
  int pool = open("/dev/urandom", O_RDWR | O_CLOEXEC);
  if (pool < 0 || ioctl(pool, RNDADDENTROPY, &fresh.pool) != 0) fail("randomness");
  ioctl(pool, RNDRESEEDCRNG);
  close(pool);
}

static void read_limits(uint32_t length) {
  uint64_t values[4];
  char options[128];
  if (length != sizeof values) fail("limits");
  read_exactly(values, sizeof values);
  self.memory = values[0], self.disk = (values[1] + PAGE - 1) / PAGE * PAGE, self.processes = values[2];
  self.output = values[3];
  if (self.kind == SUPERVISOR_CONTAINER) return;
  /* Room for what is put in is added by the other side; what is used then is subtracted. */
  uint64_t files = self.disk / PAGE > FILES_LEAST ? self.disk / PAGE : FILES_LEAST;
  snprintf(options, sizeof options, "size=%llu,nr_inodes=%llu,mode=0755,uid=%d,gid=%d", (unsigned long long)(self.disk + PAGE * 2),
           (unsigned long long)(files + 16), NOBODY, NOBODY);
  must_mount("tmp", "/tmp", "tmpfs", options);
}

/* Own directory of the program, with room for what is put in at the start. */
static void open_work(uint32_t length) {
  uint64_t values[2];
  char options[128];
  if (length != sizeof values) fail("room");
  read_exactly(values, sizeof values);
  self.room = values[0];
  if (self.kind == SUPERVISOR_MACHINE) {
    snprintf(options, sizeof options, "size=%llu,nr_inodes=%llu,mode=0755,uid=%d,gid=%d", (unsigned long long)values[0],
             (unsigned long long)values[1], NOBODY, NOBODY);
    must_mount("work", "/work", "tmpfs", options);
  }
  if (chdir("/work") != 0) fail("/work");
}

/* The last record is the program's standard input, which is passed on from where it is. */
static void read_request(void) {
  struct { char type; uint32_t length; } __attribute__((packed)) head;
  for (;;) {
    read_exactly(&head, sizeof head);
    if (head.type == 'A') keep_word(self.arguments, &self.argument_count, head.length);
    else if (head.type == 'E') keep_word(self.environment, &self.environment_count, head.length);
    else if (head.type == 'O') keep_word(self.out, &self.out_count, head.length);
    else if (head.type == 'T') renew(head.length);
    else if (head.type == 'L') read_limits(head.length);
    else if (head.type == 'W') open_work(head.length);
    else if (head.type == 'F') put_file(head.length);
    else if (head.type == 'I') break;
    else errno = EPROTO, fail("the request");
  }
  self.stdin_left = head.length;
  if (self.argument_count == 0) fail("a program");
}

/* ---- what is used ---- */

static uint64_t read_count(const char *name, const char *key) {
  char path[256], text[PAGE];
  snprintf(path, sizeof path, "%s/%s", self.groups, name);
  read_text(path, text, sizeof text);
  if (!key) return strtoull(text, 0, 10);
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    size_t length = strlen(key);
    if (strncmp(line, key, length) == 0 && line[length] == ' ') return strtoull(line + length, 0, 10);
  }
  return 0;
}

/* Either of the two ways in which kernels lay out control groups: what is not there counts nothing. */
static uint64_t cpu_microseconds(void) {
  return read_count("cpu.stat", "usage_usec") + read_count("cpuacct/cpuacct.usage", 0) / 1000;
}

static uint64_t memory_peak(void) {
  return read_count("memory.peak", 0) + read_count("memory/memory.max_usage_in_bytes", 0);
}

static int is_full(const char *path, uint64_t bytes_at_start, uint64_t files_at_start) {
  struct statvfs place;
  if (statvfs(path, &place) != 0) return 0;
  uint64_t files = self.disk / PAGE > FILES_LEAST ? self.disk / PAGE : FILES_LEAST;
  return (place.f_blocks - place.f_bfree) * place.f_frsize > bytes_at_start + self.disk ||
         place.f_files - place.f_ffree > files_at_start + files;
}

static void note_start(void) {
  struct statvfs place;
  if (statvfs("/work", &place) == 0) {
    self.disk_at_start = (place.f_blocks - place.f_bfree) * place.f_frsize;
    self.files_at_start = place.f_files - place.f_ffree;
  }
  self.cpu_at_start = cpu_microseconds();
}

static int limit_reached(void) {
  if (read_count("memory.events", "oom_kill") + read_count("memory/memory.oom_control", "oom_kill") > 0) return 'm';
  if (read_count("pids.events", "max") + read_count("pids/pids.events", "max") > 0) return 'p';
  if (is_full("/work", self.disk_at_start, self.files_at_start) || is_full("/tmp", 0, 1)) return 'd';
  return 0;
}

static void send_usage(void) {
  uint64_t values[2] = {cpu_microseconds() - self.cpu_at_start, memory_peak()};
  send_frame('U', values, sizeof values);
}

/* ---- the program ---- */

static void kill_all(void) {
  if (self.kind == SUPERVISOR_CONTAINER) kill(-1, SIGKILL);
  else write_text("/.kernell/groups/program/cgroup.kill", "1");
}

static void confine(void) {
  char text[32];
  if (self.kind == SUPERVISOR_CONTAINER) return;
  snprintf(text, sizeof text, "%llu", (unsigned long long)self.memory);
  if (!write_text("/.kernell/groups/program/memory.max", text)) fail("memory.max");
  snprintf(text, sizeof text, "%llu", (unsigned long long)self.processes);
  if (!write_text("/.kernell/groups/program/pids.max", text)) fail("pids.max");
}

/* Rights to ports outlive a change of user, and another program in the same process. */
static int give_up_ports(void) {
#ifdef __x86_64__
  return self.kind == SUPERVISOR_CONTAINER || (ioperm(SELECTOR_PORT, 2, 0) == 0 && ioperm(LINE_PORT, 1, 0) == 0);
#else
  return 1;
#endif
}

static void become_program(int input, int output, int errors) {
  static const struct rlimit no_core = {0, 0}, files = {1024, 1024};
  const struct rlimit file = {self.room, self.room};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  signal(SIGPIPE, SIG_DFL);
  if (self.kind == SUPERVISOR_MACHINE && !write_text("/.kernell/groups/program/cgroup.procs", "0")) return;
  /* Where memory runs out, the program goes and not the supervisor. */
  write_text("/proc/self/oom_score_adj", "1000");
  setsid();
  dup2(input, 0), dup2(output, 1), dup2(errors, 2);
  if (!give_up_ports()) return;
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_NOFILE, &files);
  setrlimit(RLIMIT_FSIZE, &file);
  if (getuid() == 0 && (setgroups(0, 0) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
    return;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
  execve(self.arguments[0], self.arguments, self.environment);
}

static void start_program(void) {
  int input[2], output[2], errors[2], failure[2], error = 0;
  sigset_t child;
  if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC) || pipe2(errors, O_CLOEXEC) || pipe2(failure, O_CLOEXEC)) fail("pipes");
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, 0);
  self.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  confine();
  note_start();
  self.program = fork();
  if (self.program < 0) fail("fork");
  if (self.program == 0) {
    become_program(input[0], output[1], errors[1]);
    error = errno;
    (void)!write(failure[1], &error, sizeof error);
    _exit(127);
  }
  close(input[0]), close(output[1]), close(errors[1]), close(failure[1]);
  if (read(failure[0], &error, sizeof error) == sizeof error) {
    send_frame('N', &error, 4);
    finish(0);
  }
  close(failure[0]);
  self.stdin_pipe = input[1], self.stdout_pipe = output[0], self.stderr_pipe = errors[0];
  fcntl(self.stdin_pipe, F_SETFL, O_NONBLOCK);
  fcntl(self.stdout_pipe, F_SETFL, O_NONBLOCK);
  fcntl(self.stderr_pipe, F_SETFL, O_NONBLOCK);
  send_frame('S', "", 0);
}

/* ---- supervision ---- */

static void close_pipe(int *pipe) {
  if (*pipe >= 0) close(*pipe);
  *pipe = -1;
}

/* One byte beyond the limit tells the other side that there was more. @returns Whether something was read. */
static int pass_output(int *pipe, char type) {
  char piece[PIECE];
  ssize_t count = *pipe < 0 ? -1 : read(*pipe, piece, sizeof piece);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) close_pipe(pipe);
  if (count <= 0) return 0;
  uint64_t room = self.output + 1 > self.sent ? self.output + 1 - self.sent : 0;
  uint64_t kept = (uint64_t)count < room ? (uint64_t)count : room;
  if (kept > 0) send_frame(type, piece, kept);
  self.sent += kept;
  if (self.sent > self.output && !self.limit) self.limit = 'o', kill_all();
  return 1;
}

static void pass_input(void) {
  static char piece[PIECE];
  static ssize_t length = 0, done = 0;
  if (done == length && self.stdin_left > 0) {
    length = read_source(piece, self.stdin_left < sizeof piece ? self.stdin_left : sizeof piece);
    done = 0;
    if (length <= 0) length = 0, self.stdin_left = 0;
    self.stdin_left -= length;
  }
  if (done < length) {
    ssize_t count = write(self.stdin_pipe, piece + done, length - done);
    if (count > 0) done += count;
    else if (errno != EAGAIN && errno != EINTR) self.stdin_left = 0, done = length;
  }
  if (done == length && self.stdin_left == 0) close_pipe(&self.stdin_pipe);
}

static void reap(void) {
  struct signalfd_siginfo ignored;
  while (read(self.children, &ignored, sizeof ignored) > 0);
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == self.program) self.status = status, self.has_ended = 1;
}

static void look(void) {
  static uint64_t next_ms = 0;
  static int count = 0;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t now_ms = now.tv_sec * 1000ull + now.tv_nsec / 1000000;
  if (now_ms < next_ms || self.limit) return;
  next_ms = now_ms + SAMPLE_MS;
  self.limit = limit_reached();
  if (self.limit) kill_all();
  else if (count++ % 2 == 0) send_usage();
}

static void supervise(void) {
  while (!self.has_ended) {
    struct pollfd watched[] = {{self.children, POLLIN, 0},
                               {self.stdout_pipe, POLLIN, 0},
                               {self.stderr_pipe, POLLIN, 0},
                               {self.stdin_pipe, POLLOUT, 0},
                               {self.kind == SUPERVISOR_CONTAINER ? self.source : -1, 0, 0}};
    poll(watched, 5, SAMPLE_MS);
    /* Whoever asked for all of this is gone. */
    if (watched[4].revents & (POLLHUP | POLLERR)) kill_all(), _exit(4);
    if (watched[1].revents) pass_output(&self.stdout_pipe, 'o');
    if (watched[2].revents) pass_output(&self.stderr_pipe, 'e');
    if (watched[3].revents) pass_input();
    if (watched[0].revents) reap();
    look();
  }
  if (!self.limit) self.limit = limit_reached();
  if (!self.limit && WIFSIGNALED(self.status) && WTERMSIG(self.status) == SIGXFSZ) self.limit = 'd';
  kill_all();
  /* All that could write is dead: what is in the pipes is all that there will be. */
  while (pass_output(&self.stdout_pipe, 'o'));
  while (pass_output(&self.stderr_pipe, 'e'));
}

/* ---- what comes out ---- */

/* Every name on the way is a directory itself, and the last one a file: no link is followed. */
static int open_plain(char *path) {
  int directory = open("/work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (char *name = path, *end; directory >= 0; name = end + 1) {
    end = strchr(name, '/');
    if (end) *end = 0;
    int next = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (end ? O_DIRECTORY : 0));
    close(directory);
    if (end) *end = '/';
    if (!end) return next;
    directory = next;
  }
  return -1;
}

static void hand_out(int index) {
  char piece[PIECE];
  struct stat about;
  int file = open_plain(self.out[index]);
  if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode)) {
    struct { uint16_t index; uint8_t is_executable; uint64_t size; } __attribute__((packed)) head = {
        index, (about.st_mode & 0111) != 0, about.st_size};
    send_frame('f', &head, sizeof head);
    while (self.sent < self.output) {
      uint64_t room = self.output - self.sent;
      ssize_t count = read(file, piece, room < sizeof piece ? room : sizeof piece);
      if (count <= 0) break;
      send_frame('b', piece, count);
      self.sent += count;
    }
  }
  if (file >= 0) close(file);
}

static void report(void) {
  uint8_t ended[3] = {self.limit, WIFSIGNALED(self.status) != 0,
                      WIFSIGNALED(self.status) ? WTERMSIG(self.status) : WEXITSTATUS(self.status)};
  send_usage();
  send_frame('X', ended, sizeof ended);
  for (int index = 0; index < self.out_count; index++) hand_out(index);
  send_frame('Z', "", 0);
}

int main(int count, char **arguments) {
  /* Whether it runs at all can be asked of it. */
  if (count > 1 && strcmp(arguments[1], "true") == 0) return 0;
  if (count > 1 && strcmp(arguments[1], "container") == 0) prepare_container();
  else prepare_machine();
  umask(022);
  read_request();
  start_program();
  supervise();
  report();
  finish(0);
}
