/** Where the data card of a dataset lies: `F.card.json` beside `F.jsonl` or `F.jsonl.gz`. */
export function cardPathOf(file: string): string {
  return `${file.replace(/(?:\.jsonl|\.json|\.ndjson)?(?:\.gz)?$/, '')}.card.json`
}
