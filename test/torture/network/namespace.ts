import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** A network namespace of Linux with nothing in it but loopback: processes in two of them reach each other by what leads from one into the other alone. */
export class NetworkNamespace {
  private readonly holder: ChildProcess

  private constructor(holder: ChildProcess) {
    this.holder = holder
  }

  /** Rejects where the system makes none: see `whyNoNamespaces`. */
  static async open(): Promise<NetworkNamespace> {
    const script = 'ip link set lo up && echo up && exec cat > /dev/null'
    const holder = spawn('unshare', [...UNSHARE, 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'pipe'] })
    const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')])
    if (String(first[0]).trim() !== 'up') throw new Error('No network namespace could be made')
    return new NetworkNamespace(holder)
  }

  /** What runs `command` in it. */
  words(command: readonly string[]): readonly [string, readonly string[]] {
    return [
      'nsenter',
      ['--target', String(this.holder.pid), '--net', '--user', '--preserve-credentials', '--', ...command],
    ]
  }

  close(): void {
    this.holder.stdin?.end()
  }
}

/** As a user without rights, too. */
const UNSHARE = ['--user', '--map-root-user', '--net']

/** `undefined` where namespaces can be made. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux'
  const made = spawnSync('unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' })
  if (made.error !== undefined) return 'unshare (util-linux) is not installed'
  return made.status === 0 ? undefined : `a network namespace could not be made: ${made.stderr.trim()}`
}
