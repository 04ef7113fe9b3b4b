import { useEffect, useState } from 'preact/hooks'
import type { Json } from '../connection/json-value.ts'
import { RequestError } from '../connection/node-client.ts'
import { access, changesOf, messageOf } from './node-state.ts'
import { knownView, rememberView } from './view-cache.ts'

/** What is known of a document of the node. */
export type View = {
  /** `undefined` before the first answer. */
  readonly data: Json | undefined
  /** Why the last question had no answer; `data` is then of before. */
  readonly failure: { readonly code: string; readonly message: string } | undefined
}

/** Least time between two questions for the same document. */
const AGAIN_MS = 400

/** A document of the node; it is asked for again when one of the topics has changed, and never twice at a time. */
export function useView(path: string | undefined, topics: readonly string[]): View {
  const [view, setView] = useState<View & { readonly path: string | undefined }>({ ...remembered(path), path })
  const topicText = topics.join(' ')
  useEffect(() => {
    if (path === undefined) return undefined
    const asking = new Asking(path, (next) => setView({ ...next, path }))
    const ends = topicText.split(' ').map((topic) => changesOf(topic).subscribe(() => asking.plan()))
    asking.plan()
    return () => {
      for (const end of ends) end()
      asking.stop()
    }
  }, [path, topicText])
  return view.path === path ? view : remembered(path)
}

function remembered(path: string | undefined): View {
  return { data: knownView(path), failure: undefined }
}

class Asking {
  private readonly path: string
  private readonly onView: (view: View) => void
  private readonly ending = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  private isAsking = false
  private isWanted = false
  private askedMs = Number.NEGATIVE_INFINITY

  constructor(path: string, onView: (view: View) => void) {
    this.path = path
    this.onView = onView
  }

  plan(): void {
    this.isWanted = true
    if (this.timer !== undefined || this.isAsking || this.ending.signal.aborted) return
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.ask().catch(() => undefined)
      },
      Math.max(0, this.askedMs + AGAIN_MS - performance.now()),
    )
  }

  stop(): void {
    clearTimeout(this.timer)
    this.ending.abort()
  }

  private async ask(): Promise<void> {
    const { value } = access
    if (value.kind !== 'in') return
    this.isAsking = true
    this.isWanted = false
    this.askedMs = performance.now()
    try {
      const data = await value.client.ask(this.path, { signal: this.ending.signal })
      rememberView(this.path, data)
      this.onView({ data, failure: undefined })
    } catch (error: unknown) {
      if (this.ending.signal.aborted) return
      const code = error instanceof RequestError ? error.code : 'UNKNOWN'
      this.onView({ data: knownView(this.path), failure: { code, message: messageOf(error) } })
    } finally {
      this.isAsking = false
      if (this.isWanted) this.plan()
    }
  }
}
