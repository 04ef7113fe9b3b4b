/** Families that turn texts into vectors, or rank them, and write none: `nomic-embed-text`, `text-embedding-3-small`, `bge-m3`, `all-minilm`. */
const FAMILIES = /embed|rerank|(?:^|[-_:./])(?:bge|gte|e5|minilm|sentence-transformers)(?=$|[-_:./])/i

/** Whether a model, by its name, answers no chat: servers list such models beside the others, and say no more of them than the name. */
export function embedsOnly(model: string): boolean {
  return FAMILIES.test(model)
}
