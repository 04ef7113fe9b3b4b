import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * What a program waits at until its limits are laid. It is a pipe with a name that whoever waits holds open for writing too: when this process dies, no end is read from it that would let the
 * program run, without limits and for ever, as an ordinary pipe does. Who waits then waits on, and the next start ends it.
 */
export class Gate {
  readonly descriptor: number

  private constructor(descriptor: number) {
    this.descriptor = descriptor
  }

  static async make(mkfifo: string, directory: string): Promise<Gate> {
    const path = join(directory, 'gate')
    await promisify(execFile)(mkfifo, ['--mode=0600', path], { env: {} })
    const gate = new Gate(openSync(path, constants.O_RDWR))
    rmSync(path)
    return gate
  }

  open(): void {
    writeSync(this.descriptor, Uint8Array.of(1))
  }

  close(): void {
    closeSync(this.descriptor)
  }
}
