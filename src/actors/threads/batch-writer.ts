import type { MessagePort } from 'node:worker_threads'
import type { RecordWriter } from './record-channel.ts'
import { RING_BYTES_DEFAULT, UNIT_BYTES } from './ring-layout.ts'

export type BatchWriterInit = {
  readonly port: MessagePort
  /** Bytes that may be on the way, not yet read. A multiple of 8, at least 1,024. */
  readonly windowBytes?: number
  /** Told when the reader gave room back. */
  readonly onRoom: () => void
}

/** What the reader answers. */
export type BatchReceipt = { readonly bytes: number; readonly kib: number }

/**
 * The writing end where there is no shared memory: records gather in memory of this thread and go as one message per
 * `publish`. The reader's receipts say how much may follow.
 */
export class BatchWriter implements RecordWriter {
  ints: Int32Array
  floats: Float64Array
  bytes: Uint8Array
  readonly unitsMax: number
  private readonly port: MessagePort
  private readonly windowBytes: number
  private units = 0
  private sentBytes = 0
  private sent: ArrayBuffer[] = []
  /** Of the first of `sent`: acknowledged. */
  private doneBytes = 0
  private kib = 0

  constructor({ port, windowBytes = RING_BYTES_DEFAULT, onRoom }: BatchWriterInit) {
    this.port = port
    this.windowBytes = windowBytes
    this.unitsMax = windowBytes / UNIT_BYTES / 4
    const memory = new ArrayBuffer(windowBytes)
    this.ints = new Int32Array(memory)
    this.floats = new Float64Array(memory)
    this.bytes = new Uint8Array(memory)
    port.on('message', (receipt: BatchReceipt) => {
      this.sentBytes -= receipt.bytes
      this.forget(receipt.bytes)
      this.kib = (this.kib + receipt.kib) | 0
      onRoom()
    })
    port.unref()
  }

  reserve(units: number): number {
    return this.sentBytes + (this.units + units) * UNIT_BYTES > this.windowBytes ? -1 : this.units
  }

  commit(units: number): void {
    this.units += units
  }

  publish(): void {
    if (this.units === 0) return
    // A copy goes: what was not acknowledged is still there should the reader be lost.
    const { buffer } = this.bytes.slice(0, this.units * UNIT_BYTES)
    this.sentBytes += buffer.byteLength
    this.units = 0
    this.sent.push(buffer)
    this.port.postMessage(buffer)
  }

  /** A receipt comes in any case. */
  wantRoom(): void {}

  takenKib(): number {
    return this.kib
  }

  /** What went and was not acknowledged, oldest first: it may have been handled. */
  unacknowledged(): readonly { readonly memory: ArrayBuffer; readonly from: number }[] {
    return this.sent.map((memory, index) => ({ memory, from: index === 0 ? this.doneBytes : 0 }))
  }

  private forget(bytes: number): void {
    this.doneBytes += bytes
    for (let [first] = this.sent; first !== undefined && this.doneBytes >= first.byteLength; [first] = this.sent) {
      this.doneBytes -= first.byteLength
      this.sent.shift()
    }
  }
}
