import type { FileSystem } from '../ports/file-system.ts'
import { type Segment, segmentPath } from './log-segment.ts'

type Replaced = {
  readonly segments: readonly Segment[]
  readonly onRemoved: () => void
  readonly onFailed: (cause: unknown) => void
}

/** Files of a journal that a snapshot has taken the place of. They go at once, or when the reads that go through them are done. */
export class ReplacedSegments {
  private readonly fileSystem: FileSystem
  private readonly directory: string
  private readers = 0
  private waiting: Replaced[] = []

  constructor(fileSystem: FileSystem, directory: string) {
    this.fileSystem = fileSystem
    this.directory = directory
  }

  beginRead(): void {
    this.readers += 1
  }

  async endRead(): Promise<void> {
    this.readers -= 1
    await this.removeUnread()
  }

  /** Until `onRemoved` is told, what was erased by the snapshot is still on disk. */
  add(segments: readonly Segment[], onRemoved: () => void, onFailed: (cause: unknown) => void): void {
    this.waiting.push({ segments, onRemoved, onFailed })
  }

  async removeUnread(): Promise<void> {
    if (this.readers === 0) await this.removeAll()
  }

  async removeAll(): Promise<void> {
    for (const { segments, onRemoved, onFailed } of this.waiting.splice(0)) {
      try {
        for (const { sequence } of segments) await this.fileSystem.remove(segmentPath(this.directory, sequence))
        await this.fileSystem.syncDirectory(this.directory)
        onRemoved()
      } catch (error: unknown) {
        onFailed(error)
      }
    }
  }
}
