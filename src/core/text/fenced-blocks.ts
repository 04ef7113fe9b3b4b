/** A code block of a Markdown text. */
export type FencedBlock = {
  /** First word of the info string in lower case: the language, `''` when none is named. */
  readonly language: string
  readonly content: string
}

export type FencedBlocks = {
  readonly blocks: readonly FencedBlock[]
  /** Whether the last block is never closed; it is then not among `blocks`. */
  readonly isLastOpen: boolean
}

const FENCE_LINE = /^ {0,3}(`{3,}|~{3,})([^`\n]*)$/gm

/**
 * The fenced code blocks of a Markdown text, in one pass: a fence closes with at least as many of the same marks and no
 * info string (CommonMark 0.31, 4.5).
 */
export function readFencedBlocks(text: string): FencedBlocks {
  const blocks: FencedBlock[] = []
  if (!text.includes('```') && !text.includes('~~~')) return { blocks, isLastOpen: false }
  let open: { readonly marks: string; readonly language: string; readonly start: number } | undefined
  for (const { 0: line, 1: marks = '', 2: info = '', index } of text.matchAll(FENCE_LINE)) {
    if (open === undefined) {
      const language = info.trim().split(/\s/)[0]?.toLowerCase() ?? ''
      open = { marks, language, start: index + line.length + 1 }
    } else if (marks[0] === open.marks[0] && marks.length >= open.marks.length && info.trim() === '') {
      blocks.push({ language: open.language, content: text.slice(open.start, index) })
      open = undefined
    }
  }
  return { blocks, isLastOpen: open !== undefined }
}
