/** An item and its neighbours in time. Made by `add`, and of no use once it was removed. */
export type RecencyNode<Item> = {
  readonly item: Item
  older: RecencyNode<Item> | undefined
  newer: RecencyNode<Item> | undefined
}

/**
 * Items in the order of their last use; every step takes the same time however many there are.
 *
 * A `Map` that is deleted from and set again keeps that order too, but its first key lies behind a hole for every key that was deleted: finding the
 * oldest of a hundred thousand then costs more than answering the request.
 *
 *     oldest ⇄ … ⇄ newest
 */
export class RecencyList<Item> {
  #oldest: RecencyNode<Item> | undefined
  #newest: RecencyNode<Item> | undefined

  /** The item that was used least recently. */
  get oldest(): Item | undefined {
    return this.#oldest?.item
  }

  /** Adds an item as used now. */
  add(item: Item): RecencyNode<Item> {
    const node: RecencyNode<Item> = { item, older: undefined, newer: undefined }
    this.#append(node)
    return node
  }

  /** Marks an item as used now. */
  touch(node: RecencyNode<Item>): void {
    if (node === this.#newest) return
    this.#unlink(node)
    this.#append(node)
  }

  /** Takes an item out. `node` must be in this list. */
  remove(node: RecencyNode<Item>): void {
    this.#unlink(node)
  }

  /** From the oldest to the newest. Nothing may be added or removed meanwhile. */
  *[Symbol.iterator](): Generator<Item, void> {
    for (let node = this.#oldest; node !== undefined; node = node.newer) yield node.item
  }

  #append(node: RecencyNode<Item>): void {
    node.older = this.#newest
    node.newer = undefined
    if (this.#newest === undefined) this.#oldest = node
    else this.#newest.newer = node
    this.#newest = node
  }

  #unlink(node: RecencyNode<Item>): void {
    if (node.older === undefined) this.#oldest = node.newer
    else node.older.newer = node.newer
    if (node.newer === undefined) this.#newest = node.older
    else node.newer.older = node.older
  }
}
