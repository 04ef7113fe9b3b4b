import type { MessagePort } from 'node:worker_threads'
import type { BatchReceipt } from './batch-writer.ts'
import type { RecordReader } from './record-channel.ts'
import { RING_BYTES_DEFAULT, UNIT_BYTES } from './ring-layout.ts'

export type BatchReaderInit = {
  readonly port: MessagePort
  /** The writer's. */
  readonly windowBytes?: number
  /** Told when records came. */
  readonly onRecords: () => void
}

/** The other end of `BatchWriter`: batches in order of arrival, one behind the other. */
export class BatchReader implements RecordReader {
  ints: Int32Array = new Int32Array(0)
  floats: Float64Array = new Float64Array(0)
  bytes: Uint8Array = new Uint8Array(0)
  private readonly port: MessagePort
  private readonly windowBytes: number
  private batches: ArrayBuffer[] = []
  /** In the present batch, in units of 8 bytes. */
  private place = 0
  private readBytes = 0
  private kib = 0

  constructor({ port, windowBytes = RING_BYTES_DEFAULT, onRecords }: BatchReaderInit) {
    this.port = port
    this.windowBytes = windowBytes
    port.on('message', (batch: ArrayBuffer) => {
      this.batches.push(batch)
      onRecords()
    })
    port.unref()
  }

  peek(): number {
    if (this.place < this.floats.length) return this.place
    const next = this.batches.shift()
    if (next === undefined) return -1
    this.ints = new Int32Array(next)
    this.floats = new Float64Array(next)
    this.bytes = new Uint8Array(next)
    this.place = 0
    return 0
  }

  advance(): void {
    const units = this.ints[this.place * 2] ?? 0
    this.place += units
    this.readBytes += units * UNIT_BYTES
  }

  get isHalfHeld(): boolean {
    return this.readBytes * 2 >= this.windowBytes
  }

  release(): void {
    if (this.readBytes === 0) return
    const receipt: BatchReceipt = { bytes: this.readBytes, kib: this.kib }
    this.readBytes = 0
    this.kib = 0
    this.port.postMessage(receipt)
  }

  countTaken(kib: number): void {
    this.kib += kib
  }

  isEmpty(): boolean {
    return this.batches.length === 0 && this.place >= this.floats.length
  }
}
