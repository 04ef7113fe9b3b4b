import { fenceSections, sha256Hex, type FencedSection, type FencedText } from 'kernell-os/core'

/**
 * Names the fences of a prompt by what stands in them: nobody can write a text that holds its own hash, so none can close its fence or open another. The same texts give the same
 * prompt, so that what was answered before is found again.
 */
export function nonceOf(texts: readonly string[]): string {
  return sha256Hex(JSON.stringify(texts)).slice(0, 16)
}

/** Fences texts under a name that none of them can know. */
export function fenceTexts(sections: readonly FencedSection[]): FencedText {
  return fenceSections(sections, { nonce: nonceOf(sections.map(({ content }) => content)) })
}
