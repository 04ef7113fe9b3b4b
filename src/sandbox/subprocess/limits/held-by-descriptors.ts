import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/** What a socket holds at most of what was sent into it and not read: its buffer, and one message more. */
const SOCKET_BYTES = 327_680
const PIPE_BYTES = 65_536
/** What the kernel keeps of any other one, and of a descriptor that is waited for, by each that waits. */
const OTHER_BYTES = 1_024
const WAITED_FOR_BYTES = 192
/** Of all processes of a run together. To look at more takes longer than there is between two looks. */
const DESCRIPTORS_MAX = 4_096

/**
 * What open descriptors of processes may hold in the kernel, bytes, where filter and limits see to it that none holds more: how much they do hold nobody tells. `Infinity` where there are too
 * many to look at, or a process hides them. It is rough, quick and too much first; where that does not fit into `bytesLeft`, each is counted as what it is, and once if several have it.
 */
export function heldByDescriptors(directory: string, pids: readonly string[], bytesLeft: number): number {
  const tables: (readonly string[])[] = []
  let count = 0
  for (const pid of pids) {
    const table = tableOf(`${directory}/${pid}`)
    count += table?.length ?? Infinity
    if (table === undefined || count > DESCRIPTORS_MAX) return Infinity
    tables.push(table)
  }
  const atMost = count * SOCKET_BYTES + tables.reduce((sum, { length }) => sum + length ** 2 * WAITED_FOR_BYTES, 0)
  return atMost <= bytesLeft ? atMost : heldByEach(tables)
}

/** What connections of the sandbox's loopback hold, bytes: their buffers grow as they are used. Small messages take more than what is said of them. */
export function heldByConnections(process_: string): number {
  return ['tcp', 'tcp6'].reduce((sum, table) => sum + queuedIn(`${process_}/net/${table}`), 0)
}

/** Bytes to be sent and to be read, in hexadecimal digits, by connection. */
function queuedIn(path: string): number {
  try {
    const pairs = readFileSync(path, 'latin1').matchAll(/ ([0-9A-F]{8}):([0-9A-F]{8}) [0-9A-F]{2}:/g)
    return [...pairs].reduce((sum, [, sent = '0', read = '0']) => sum + parseInt(sent, 16) + parseInt(read, 16), 0)
  } catch {
    return 0
  }
}

function heldByEach(tables: readonly (readonly string[])[]): number {
  const sockets = new Set<string>()
  const pipes = new Set<string>()
  let bytes = 0
  for (const table of tables) {
    const targets = table.map(targetOf)
    const waiting = targets.filter((target) => target === 'anon_inode:[eventpoll]').length
    bytes += table.length * (OTHER_BYTES + waiting * WAITED_FOR_BYTES)
    for (const target of targets)
      if (target.startsWith('socket:')) sockets.add(target)
      else if (target.startsWith('pipe:')) pipes.add(target)
  }
  return bytes + sockets.size * SOCKET_BYTES + pipes.size * PIPE_BYTES
}

/** What a descriptor is: a pipe that has a name is one like any other. */
function targetOf(path: string): string {
  try {
    const target = readlinkSync(path)
    if (!target.startsWith('/')) return target
    const stat = statSync(path)
    return stat.isFIFO() ? `pipe:${stat.dev}:${stat.ino}` : target
  } catch {
    return ''
  }
}

/** `undefined`: the process is there, and nobody may look. */
function tableOf(process_: string): readonly string[] | undefined {
  try {
    return readdirSync(`${process_}/fd`).map((name) => `${process_}/fd/${name}`)
  } catch {
    return isHidden(process_) ? undefined : []
  }
}

/** One that ends has no memory any more, and is not shown either. */
function isHidden(process_: string): boolean {
  try {
    return /^VmSize:/m.test(readFileSync(`${process_}/status`, 'latin1'))
  } catch {
    return false
  }
}
