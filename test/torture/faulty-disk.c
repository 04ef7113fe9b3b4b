/*
 * A disk that forgets what was not synced, for a process that is loaded with LD_PRELOAD. It stands in front of the C
 * library's file calls for everything below one folder, counts the calls that change something, and at the chosen one
 * refuses it, tears it, or cuts the power: then every file goes back to what was synced, every name to what was
 * committed, and the process is gone.
 *
 * Model of the file system (that of ext4, xfs and btrfs): syncing any file or folder commits all earlier changes of names
 * (creation, rename, removal) in their order; content is durable up to the size it had when its own file was synced.
 *
 *   FAULTY_DISK_ROOT   folder that is watched
 *   FAULTY_DISK_TRASH  folder outside of it, on the same device, for files that were removed but may have to come back
 *   FAULTY_DISK_AT     number of the changing call, from 0; absent: none
 *   FAULTY_DISK_KIND   crash | fail | tear
 *   FAULTY_DISK_CUT    lose (default) | half: how much of the unsynced content is left after a cut
 *   FAULTY_DISK_IGNORE part of a path: syncs of files below it answer at once and do nothing, as if nobody had asked
 *   FAULTY_DISK_COUNT  file that gets the number of changing calls when the power is cut
 *
 * Opening ROOT/.power-cut cuts the power at once.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 4096
#define CHANGES_MAX 8192
#define FDS_MAX 65536
#define PATH_BYTES 1024

struct tracked_file {
  dev_t device;
  ino_t inode;
  int fd; /* a duplicate of ours, for truncating */
  off_t synced;
  int is_lost;    /* a sync was refused: nothing later becomes durable */
  int is_ignored; /* its syncs do nothing */
};

enum change_kind { CREATED, RENAMED, REMOVED };
struct name_change {
  enum change_kind kind;
  char from[PATH_BYTES];
  char to[PATH_BYTES];
  char saved[PATH_BYTES + 16]; /* where the file that was replaced or removed waits; empty for none */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tracked_file files[FILES_MAX];
static int file_count;
static struct name_change *changes;
static int change_count;
static int saved_count;
static int file_of_fd[FDS_MAX]; /* index + 1, 0 for an fd that is not watched; -1 for a folder below the root */
static long calls;
static long fault_at = -1;
static char root[PATH_BYTES], trash[PATH_BYTES], count_path[PATH_BYTES], ignored[PATH_BYTES];
static enum { KIND_CRASH, KIND_FAIL, KIND_TEAR } fault_kind = KIND_CRASH;
static int keeps_half;

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_close)(int);
static FILE *(*real_fopen)(const char *, const char *);
static int (*real_fileno)(FILE *);

__attribute__((constructor)) static void start(void) {
  real_open = dlsym(RTLD_NEXT, "open");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_close = dlsym(RTLD_NEXT, "close");
  real_fopen = dlsym(RTLD_NEXT, "fopen64");
  real_fileno = dlsym(RTLD_NEXT, "fileno");
  changes = calloc(CHANGES_MAX, sizeof *changes);
  const char *value;
  if ((value = getenv("FAULTY_DISK_ROOT")) != NULL) snprintf(root, sizeof root, "%s/", value);
  if ((value = getenv("FAULTY_DISK_TRASH")) != NULL) snprintf(trash, sizeof trash, "%s", value);
  if ((value = getenv("FAULTY_DISK_COUNT")) != NULL) snprintf(count_path, sizeof count_path, "%s", value);
  if ((value = getenv("FAULTY_DISK_IGNORE")) != NULL) snprintf(ignored, sizeof ignored, "%s", value);
  if ((value = getenv("FAULTY_DISK_AT")) != NULL) fault_at = atol(value);
  if ((value = getenv("FAULTY_DISK_CUT")) != NULL) keeps_half = strcmp(value, "half") == 0;
  if ((value = getenv("FAULTY_DISK_KIND")) != NULL) {
    if (strcmp(value, "fail") == 0) fault_kind = KIND_FAIL;
    if (strcmp(value, "tear") == 0) fault_kind = KIND_TEAR;
  }
}

static int is_watched(const char *path) { return root[0] != 0 && strncmp(path, root, strlen(root)) == 0; }

static void undo(const struct name_change *change) {
  if (change->kind == CREATED) real_unlink(change->to);
  if (change->kind == RENAMED) real_rename(change->to, change->from);
  if (change->saved[0] != 0) real_rename(change->saved, change->kind == REMOVED ? change->from : change->to);
}

static void cut_power(void) {
  for (int index = 0; index < file_count; index += 1) {
    struct stat now;
    if (fstat(files[index].fd, &now) != 0 || now.st_size <= files[index].synced) continue;
    off_t unsynced = now.st_size - files[index].synced;
    if (ftruncate(files[index].fd, files[index].synced + (keeps_half ? unsynced / 2 : 0)) != 0) abort();
  }
  for (int index = change_count - 1; index >= 0; index -= 1) undo(&changes[index]);
  if (count_path[0] != 0) {
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", calls);
    int fd = real_open(count_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || real_write(fd, text, (size_t)length) != length) abort();
  }
  _exit(99);
}

/* Counts a changing call; true when this one is to be refused or torn. Cuts the power itself. The lock is held. */
static int is_fault(void) {
  long mine = calls;
  calls += 1;
  if (mine != fault_at) return 0;
  if (fault_kind == KIND_CRASH) cut_power();
  return 1;
}

static void commit_names(void) {
  for (int index = 0; index < change_count; index += 1) {
    if (changes[index].saved[0] != 0) real_unlink(changes[index].saved);
  }
  change_count = 0;
}

static struct name_change *add_change(enum change_kind kind, const char *from, const char *to) {
  if (change_count == CHANGES_MAX) abort();
  struct name_change *change = &changes[change_count];
  change_count += 1;
  change->kind = kind;
  snprintf(change->from, sizeof change->from, "%s", from);
  snprintf(change->to, sizeof change->to, "%s", to);
  change->saved[0] = 0;
  return change;
}

/* Moves a file that is about to lose its name out of the way, so that a cut can bring it back. */
static void save_file(struct name_change *change, const char *path) {
  if (access(path, F_OK) != 0) return;
  snprintf(change->saved, sizeof change->saved, "%s/%d", trash, saved_count);
  saved_count += 1;
  if (real_rename(path, change->saved) != 0) abort();
}

static void watch_fd(int fd, const char *path, int is_writable) {
  struct stat now;
  if (fd < 0 || fd >= FDS_MAX || fstat(fd, &now) != 0) return;
  if (S_ISDIR(now.st_mode)) {
    file_of_fd[fd] = -1;
    return;
  }
  if (!is_writable || !S_ISREG(now.st_mode)) return;
  int index = 0;
  while (index < file_count && (files[index].inode != now.st_ino || files[index].device != now.st_dev)) index += 1;
  if (index == file_count) {
    if (file_count == FILES_MAX) abort();
    files[index] = (struct tracked_file){now.st_dev, now.st_ino, fcntl(fd, F_DUPFD_CLOEXEC, 1000), now.st_size, 0, 0};
    file_count += 1;
  }
  files[index].is_ignored = ignored[0] != 0 && strstr(path + strlen(root) - 1, ignored) != NULL;
  file_of_fd[fd] = index + 1;
}

static int open_watched(const char *path, int flags, mode_t mode) {
  pthread_mutex_lock(&lock);
  if (strcmp(path + strlen(root), ".power-cut") == 0) cut_power();
  int is_new = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  int fd;
  if (is_new && is_fault()) {
    fd = -1;
    errno = EIO;
  } else {
    fd = real_open(path, flags, mode);
    if (fd >= 0 && is_new) add_change(CREATED, "", path);
    watch_fd(fd, path, (flags & O_ACCMODE) != O_RDONLY);
  }
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return fd;
}

#define OPEN_BODY                                     \
  mode_t mode = 0;                                    \
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {         \
    va_list list;                                     \
    va_start(list, flags);                            \
    mode = (mode_t)va_arg(list, int);                 \
    va_end(list);                                     \
  }                                                   \
  return is_watched(path) ? open_watched(path, flags, mode) : real_open(path, flags, mode)

int open(const char *path, int flags, ...) { OPEN_BODY; }
int open64(const char *path, int flags, ...) { OPEN_BODY; }

/* 0: not watched. The lock is held when the answer is not 0. */
static struct tracked_file *begin(int fd) {
  if (fd < 0 || fd >= FDS_MAX || file_of_fd[fd] <= 0) return NULL;
  pthread_mutex_lock(&lock);
  return &files[file_of_fd[fd] - 1];
}

static ssize_t end(ssize_t result) {
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

static ssize_t refuse(void) {
  errno = EIO;
  return -1;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  if (begin(fd) == NULL) return real_write(fd, bytes, size);
  if (!is_fault()) return end(real_write(fd, bytes, size));
  if (fault_kind == KIND_TEAR && real_write(fd, bytes, size / 2) < 0) abort();
  return end(refuse());
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) {
  if (begin(fd) == NULL) return real_pwrite(fd, bytes, size, offset);
  if (!is_fault()) return end(real_pwrite(fd, bytes, size, offset));
  if (fault_kind == KIND_TEAR && real_pwrite(fd, bytes, size / 2, offset) < 0) abort();
  return end(refuse());
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (begin(fd) == NULL) return real_writev(fd, parts, count);
  return end(is_fault() ? refuse() : real_writev(fd, parts, count));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
  if (begin(fd) == NULL) return real_pwritev(fd, parts, count, offset);
  return end(is_fault() ? refuse() : real_pwritev(fd, parts, count, offset));
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(fd, parts, count, offset);
}

static int sync_file(int fd, int (*real)(int)) {
  if (fd >= 0 && fd < FDS_MAX && file_of_fd[fd] == -1) {
    pthread_mutex_lock(&lock);
    if (is_fault()) return (int)end(refuse());
    int result = real(fd);
    if (result == 0) commit_names();
    return (int)end(result);
  }
  struct tracked_file *file = begin(fd);
  if (file == NULL) return real(fd);
  if (file->is_ignored) return (int)end(0);
  if (is_fault()) {
    file->is_lost = 1;
    return (int)end(refuse());
  }
  int result = real(fd);
  struct stat now;
  if (result == 0 && !file->is_lost && fstat(fd, &now) == 0) {
    file->synced = now.st_size;
    commit_names();
  }
  return (int)end(result);
}
int fsync(int fd) { return sync_file(fd, real_fsync); }
int fdatasync(int fd) { return sync_file(fd, real_fdatasync); }

int rename(const char *from, const char *to) {
  if (!is_watched(from)) return real_rename(from, to);
  pthread_mutex_lock(&lock);
  if (access(from, F_OK) != 0) return (int)end(real_rename(from, to));
  if (is_fault()) return (int)end(refuse());
  struct name_change *change = add_change(RENAMED, from, to);
  save_file(change, to);
  return (int)end(real_rename(from, to));
}

int unlink(const char *path) {
  if (!is_watched(path)) return real_unlink(path);
  pthread_mutex_lock(&lock);
  if (access(path, F_OK) != 0) return (int)end(real_unlink(path));
  if (is_fault()) return (int)end(refuse());
  save_file(add_change(REMOVED, path, ""), path);
  return (int)end(0);
}

int close(int fd) {
  if (fd >= 0 && fd < FDS_MAX) file_of_fd[fd] = 0;
  return real_close(fd);
}

/*
 * LevelDB writes through stdio, which calls the kernel without passing here. A watched stream is therefore one of our own
 * (fopencookie) over a watched descriptor, and `fileno` knows them.
 */
#define STREAMS_MAX 1024
static struct {
  FILE *stream;
  int fd;
} streams[STREAMS_MAX];

static ssize_t write_stream(void *cookie, const char *bytes, size_t size) {
  ssize_t written = write((int)(long)cookie, bytes, size);
  return written < 0 ? 0 : written; /* a cookie reports an error as 0 */
}

static int close_stream(void *cookie) {
  int fd = (int)(long)cookie;
  pthread_mutex_lock(&lock);
  for (int index = 0; index < STREAMS_MAX; index += 1) {
    if (streams[index].stream != NULL && streams[index].fd == fd) streams[index].stream = NULL;
  }
  pthread_mutex_unlock(&lock);
  return close(fd);
}

static FILE *open_stream(const char *path, const char *mode) {
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
  int fd = open_watched(path, flags, 0644);
  if (fd < 0) return NULL;
  FILE *stream = fopencookie((void *)(long)fd, mode, (cookie_io_functions_t){.write = write_stream, .close = close_stream});
  if (stream == NULL) abort();
  pthread_mutex_lock(&lock);
  int index = 0;
  while (index < STREAMS_MAX && streams[index].stream != NULL) index += 1;
  if (index == STREAMS_MAX) abort();
  streams[index].stream = stream;
  streams[index].fd = fd;
  pthread_mutex_unlock(&lock);
  return stream;
}

FILE *fopen64(const char *path, const char *mode) {
  int is_write = mode[0] == 'w' || mode[0] == 'a';
  return is_watched(path) && is_write ? open_stream(path, mode) : real_fopen(path, mode);
}
FILE *fopen(const char *path, const char *mode) { return fopen64(path, mode); }

int fileno(FILE *stream) {
  pthread_mutex_lock(&lock);
  int fd = -1;
  for (int index = 0; index < STREAMS_MAX; index += 1) {
    if (streams[index].stream == stream) fd = streams[index].fd;
  }
  pthread_mutex_unlock(&lock);
  return fd >= 0 ? fd : real_fileno(stream);
}
