/** A call of the kernel by its name, with its number for each architecture; 0 where that has none (no number here is 0). */
export type SystemCall = { readonly name: string; readonly x64: number; readonly arm64: number }

export type DeniedCalls = { readonly why: string; readonly calls: readonly SystemCall[] }

/** Calls that no program in a sandbox may make, and why. What computes, reads, writes and starts programs needs none of them. */
export const DENIED_CALLS: readonly DeniedCalls[] = [
  {
    why: 'Looks into other processes, or changes them.',
    calls: [
      { name: 'ptrace', x64: 101, arm64: 117 },
      { name: 'process_vm_readv', x64: 310, arm64: 270 },
      { name: 'process_vm_writev', x64: 311, arm64: 271 },
      { name: 'kcmp', x64: 312, arm64: 272 },
      { name: 'pidfd_getfd', x64: 438, arm64: 438 },
      { name: 'process_madvise', x64: 440, arm64: 440 },
    ],
  },
  {
    why: 'Changes what is mounted, or the root.',
    calls: [
      { name: 'mount', x64: 165, arm64: 40 },
      { name: 'umount2', x64: 166, arm64: 39 },
      { name: 'pivot_root', x64: 155, arm64: 41 },
      { name: 'chroot', x64: 161, arm64: 51 },
      { name: 'move_mount', x64: 429, arm64: 429 },
      { name: 'open_tree', x64: 428, arm64: 428 },
      { name: 'fsopen', x64: 430, arm64: 430 },
      { name: 'fsconfig', x64: 431, arm64: 431 },
      { name: 'fsmount', x64: 432, arm64: 432 },
      { name: 'fspick', x64: 433, arm64: 433 },
      { name: 'mount_setattr', x64: 442, arm64: 442 },
    ],
  },
  {
    why: 'Enters or makes namespaces; in a new one a program has all capabilities again, and reaches much more of the kernel.',
    calls: [
      { name: 'unshare', x64: 272, arm64: 97 },
      { name: 'setns', x64: 308, arm64: 268 },
    ],
  },
  {
    why: 'Keys of the kernel are no part of any namespace.',
    calls: [
      { name: 'keyctl', x64: 250, arm64: 219 },
      { name: 'add_key', x64: 248, arm64: 217 },
      { name: 'request_key', x64: 249, arm64: 218 },
    ],
  },
  {
    why: 'Programs and queues within the kernel, out of which most escapes of the last years were made.',
    calls: [
      { name: 'bpf', x64: 321, arm64: 280 },
      { name: 'userfaultfd', x64: 323, arm64: 282 },
      { name: 'perf_event_open', x64: 298, arm64: 241 },
      { name: 'io_uring_setup', x64: 425, arm64: 425 },
      { name: 'io_uring_enter', x64: 426, arm64: 426 },
      { name: 'io_uring_register', x64: 427, arm64: 427 },
    ],
  },
  {
    why: 'Opens files by their number, past all directories.',
    calls: [
      { name: 'open_by_handle_at', x64: 304, arm64: 265 },
      { name: 'name_to_handle_at', x64: 303, arm64: 264 },
    ],
  },
  {
    why: 'The machine itself: its kernel, clock, name, swap, quotas, log, ports.',
    calls: [
      { name: 'kexec_load', x64: 246, arm64: 104 },
      { name: 'kexec_file_load', x64: 320, arm64: 294 },
      { name: 'init_module', x64: 175, arm64: 105 },
      { name: 'finit_module', x64: 313, arm64: 273 },
      { name: 'delete_module', x64: 176, arm64: 106 },
      { name: 'acct', x64: 163, arm64: 89 },
      { name: 'swapon', x64: 167, arm64: 224 },
      { name: 'swapoff', x64: 168, arm64: 225 },
      { name: 'reboot', x64: 169, arm64: 142 },
      { name: 'quotactl', x64: 179, arm64: 60 },
      { name: 'quotactl_fd', x64: 443, arm64: 443 },
      { name: 'syslog', x64: 103, arm64: 116 },
      { name: 'settimeofday', x64: 164, arm64: 170 },
      { name: 'clock_settime', x64: 227, arm64: 112 },
      { name: 'clock_adjtime', x64: 305, arm64: 266 },
      { name: 'adjtimex', x64: 159, arm64: 171 },
      { name: 'iopl', x64: 172, arm64: 0 },
      { name: 'ioperm', x64: 173, arm64: 0 },
      { name: 'sethostname', x64: 170, arm64: 161 },
      { name: 'setdomainname', x64: 171, arm64: 162 },
      { name: 'vhangup', x64: 153, arm64: 58 },
      { name: 'fanotify_init', x64: 300, arm64: 262 },
      { name: 'lookup_dcookie', x64: 212, arm64: 18 },
      { name: 'nfsservctl', x64: 180, arm64: 42 },
    ],
  },
  {
    why: 'Where memory lies, and memory that nobody counts.',
    calls: [
      { name: 'move_pages', x64: 279, arm64: 239 },
      { name: 'mbind', x64: 237, arm64: 235 },
      { name: 'set_mempolicy', x64: 238, arm64: 237 },
      { name: 'set_mempolicy_home_node', x64: 450, arm64: 450 },
      { name: 'migrate_pages', x64: 256, arm64: 238 },
      { name: 'memfd_secret', x64: 447, arm64: 447 },
    ],
  },
  {
    why: 'Relics.',
    calls: [
      { name: 'modify_ldt', x64: 154, arm64: 0 },
      { name: 'uselib', x64: 134, arm64: 0 },
      { name: 'ustat', x64: 136, arm64: 0 },
      { name: 'sysfs', x64: 139, arm64: 0 },
      { name: '_sysctl', x64: 156, arm64: 0 },
    ],
  },
]

/** Where no control group counts memory: calls that make memory which belongs to no process, so that whoever adds up processes does not see it. */
export const UNCOUNTED_CALLS: readonly DeniedCalls[] = [
  {
    why: 'Memory that lives on while nothing maps it.',
    calls: [
      { name: 'memfd_create', x64: 319, arm64: 279 },
      { name: 'shmget', x64: 29, arm64: 194 },
      { name: 'shmat', x64: 30, arm64: 196 },
      { name: 'vmsplice', x64: 278, arm64: 75 },
    ],
  },
  {
    why: 'Queues, semaphores and watches that the kernel keeps, by the thousand and without a descriptor for each.',
    calls: [
      { name: 'msgget', x64: 68, arm64: 186 },
      { name: 'semget', x64: 64, arm64: 190 },
      { name: 'inotify_init', x64: 253, arm64: 0 },
      { name: 'inotify_init1', x64: 294, arm64: 26 },
    ],
  },
]

/** Calls of which only some arguments are denied. */
export const JUDGED_CALLS = {
  clone: { name: 'clone', x64: 56, arm64: 220 },
  clone3: { name: 'clone3', x64: 435, arm64: 435 },
  ioctl: { name: 'ioctl', x64: 16, arm64: 29 },
  personality: { name: 'personality', x64: 135, arm64: 92 },
  socket: { name: 'socket', x64: 41, arm64: 198 },
  socketpair: { name: 'socketpair', x64: 53, arm64: 199 },
  setsockopt: { name: 'setsockopt', x64: 54, arm64: 208 },
  mmap: { name: 'mmap', x64: 9, arm64: 222 },
  fcntl: { name: 'fcntl', x64: 72, arm64: 25 },
  open: { name: 'open', x64: 2, arm64: 0 },
  openat: { name: 'openat', x64: 257, arm64: 56 },
  openat2: { name: 'openat2', x64: 437, arm64: 437 },
  creat: { name: 'creat', x64: 85, arm64: 0 },
  mknod: { name: 'mknod', x64: 133, arm64: 0 },
  mknodat: { name: 'mknodat', x64: 259, arm64: 33 },
  chmod: { name: 'chmod', x64: 90, arm64: 0 },
  fchmod: { name: 'fchmod', x64: 91, arm64: 52 },
  fchmodat: { name: 'fchmodat', x64: 268, arm64: 53 },
  fchmodat2: { name: 'fchmodat2', x64: 452, arm64: 452 },
} as const satisfies Record<string, SystemCall>
